import { describe, expect, test } from "vitest";
import { z } from "zod";
import { makeParts } from "../config/parts.ts";
import type { QuestionRecord } from "../core/question.ts";
import type { Journal } from "../journal/journal.ts";
import { memoryJournal } from "../journal/memory.ts";
import { defineLoop, type Loop } from "../loop/loop.ts";
import { runItem } from "../loop/run.ts";
import { type Script, scripted } from "../rung/scripted.ts";
import { defineTool, notFound } from "../tool/tool.ts";
import { checkAnswer, continueRun, giveAnswer, readAnswer, skeleton } from "./answer.ts";
import { misfit } from "./fit.ts";
import { type Receipt, receiptOf } from "./receipt.ts";
import { saidBefore, waitingQuestions } from "./waiting.ts";

const find = defineTool({
  name: "find",
  description: "Finds an order.",
  effect: "read",
  input: z.object({ order: z.string() }),
  output: z.object({ cents: z.int() }),
  run: ({ order }) => (order === "none" ? notFound("no such order") : { cents: 5 }),
});
const pay = defineTool({
  name: "pay",
  description: "Pays it back.",
  effect: "irreversible",
  input: z.object({ order: z.string() }),
  output: z.object({}),
  run: () => ({}),
});

const support = (version = "1"): Loop =>
  defineLoop({
    name: "support",
    version,
    input: z.object({ text: z.string() }),
    output: z.object({ ended: z.string() }),
    async run(mail, step) {
      await step.choose("team", { about: mail, ask: "Which team?", options: ["billing", "shipping"], risk: 0.1 });
      const settled = await step.loop("settle", { about: mail, tools: [find, pay], limits: { steps: 4 } });
      return { ended: settled.ended };
    },
  });

const script: Script = {
  team: {
    kind: "answered",
    value: "billing",
    confidence: 0.4,
    basis: "raw",
    evidence: {},
    usage: { inputTokens: 1, outputTokens: 0, milliseconds: 1, cost: 0 },
  },
  "settle/1": { tool: "find", args: { order: "none" } },
  "settle/2": { tool: "pay", args: { order: "A1" } },
  "settle/3": { tool: "finish", args: {} },
};

async function started(journal: Journal, content = "1"): Promise<number> {
  const taken = await journal.begin({ loop: "support", version: "1", item: "m1", content, input: { text: "hello" } });
  if (taken.kind !== "taken") throw new Error("not taken");
  await runItem(support(), taken, partsOf(journal));
  return taken.run.number;
}

const partsOf = (journal: Journal) => makeParts({ ladder: [scripted(script)] }, journal);

function receipt(journal: Journal, number: number): Receipt {
  return receiptOf(journal.run(number)!, journal.events(number));
}

describe("a run that goes through a person's hands", () => {
  test("asks, is answered, goes on, and its receipt tells it all", async () => {
    const journal = memoryJournal();
    const number = await started(journal);
    const [asked] = [...waitingQuestions(journal)];
    expect(asked).toMatchObject({
      path: "team",
      isBlind: true,
      trail: [],
      suggestion: null,
      reason: "asked blind: your answer tests the model",
      superseded: false,
    });
    expect(saidBefore(journal, number, "team")).toBeNull();
    expect(await giveAnswer(journal, number, "team", "shipping", "ana")).toBe(true);
    expect(await giveAnswer(journal, number, "team", "billing", "bob")).toBe(false);
    expect(saidBefore(journal, number, "team")).toEqual({ rung: "scripted", value: "billing", confidence: 0.4 });
    const went = await continueRun(journal.run(number)!, support(), partsOf(journal));
    expect(went).toMatchObject({ kind: "went on", end: { kind: "waiting", paths: ["settle/2"] } });
    // No risk, no label: what the rungs thought helps.
    const suggestion = { rung: "scripted", value: { tool: "pay", args: { order: "A1" } }, confidence: 1 };
    expect([...waitingQuestions(journal)]).toMatchObject([{ path: "settle/2", isBlind: false, suggestion }]);

    await giveAnswer(journal, number, "settle/2", { tool: "pay", args: { order: "A1" } }, "ana");
    const end = await continueRun(journal.run(number)!, support(), partsOf(journal));
    expect(end).toMatchObject({ end: { kind: "ended", outcome: { kind: "done", output: { ended: "finished" } } } });

    const { steps, status } = receipt(journal, number);
    expect(status).toBe("done");
    expect(steps.map((step) => [step.name, step.steps.map((below) => below.path)])).toEqual([
      ["team", []],
      ["settle", ["settle/1", "settle/2", "settle/3"]],
    ]);
    const [team, settle] = steps;
    expect(team?.asked).toMatchObject({
      value: "shipping",
      by: "ana",
      risk: { asked: 0.1, promised: { kind: "no promise yet" } },
      standing: null,
      reason:
        "scripted said billing, but nothing local may stand yet: 0 labels so far, too few to learn from; ana answered shipping.",
    });
    const [first, second] = settle!.steps;
    expect(first?.asked?.reason).toBe(
      'scripted answered find({"order":"none"}), which stands: confidence 1 is at least the threshold 0.5.',
    );
    expect(first?.called?.reason).toMatch(/^find was called and not found: no such order after [\d.]+ ms\.$/);
    expect(first?.called?.key).toBeNull();
    expect(second?.called).toMatchObject({ key: "memory00-1/settle/2", outcome: { kind: "ok" } });
  });

  test("is taken up again when a second branch is answered while it goes on", async () => {
    const loop = defineLoop({
      name: "both",
      version: "1",
      input: z.object({}),
      output: z.array(z.string()),
      async run(about, step) {
        const ask = async (name: string): Promise<string> =>
          (await step.choose(name, { about, ask: "?", options: ["yes", "no"] })).value;
        return Promise.all([ask("left").then(() => ask("after")), ask("right")]);
      },
    });
    const journal = memoryJournal();
    let number = 0;
    const parts = makeParts(
      {
        ladder: [
          scripted(async ({ name }) => {
            if (name !== "after") return undefined;
            // The first answer has set the run going; the second comes while a rung is at work.
            expect(await giveAnswer(journal, number, "right", "no", "bob")).toBe(true);
            return "yes";
          }),
        ],
      },
      journal,
    );
    const taken = await journal.begin({ loop: "both", version: "1", item: "i", content: "c", input: {} });
    if (taken.kind !== "taken") throw new Error("not taken");
    number = taken.run.number;
    await runItem(loop, taken, parts);
    await giveAnswer(journal, number, "left", "yes", "ana");
    const went = await continueRun(journal.run(number)!, loop, parts);
    expect(went).toMatchObject({ end: { kind: "ended", outcome: { kind: "done", output: ["yes", "no"] } } });
    expect(journal.run(number)?.status).toBe("done");
  });

  test("of another version of the loop is held", async () => {
    const journal = memoryJournal();
    const number = await started(journal);
    await giveAnswer(journal, number, "team", "shipping", "ana");
    const went = await continueRun(journal.run(number)!, support("2"), partsOf(journal));
    expect(went).toEqual({ kind: "held", version: "2" });
    expect(journal.run(number)?.status).toBe("ready");
  });

  test("is overtaken by a newer run of its item", async () => {
    const journal = memoryJournal();
    await started(journal, "old");
    await started(journal, "new");
    expect([...waitingQuestions(journal)].map((waiting) => waiting.superseded)).toEqual([true, false]);
    expect([...waitingQuestions(journal, "another")]).toEqual([]);
  });
});

const run = {
  number: 1,
  id: "j-1",
  loop: "l",
  version: "1",
  item: "i",
  content: "c",
  input: {},
  status: "ready",
  started: 0,
  outcome: null,
  wakes: null,
} as const;

test("an answer under a certificate shows its promise and its coin, one beside it shows none", () => {
  const answer = {
    type: "step_answered",
    verb: "choose",
    question: "v",
    value: "billing",
    confidence: 0.97,
    basis: "calibrated",
    rung: "words",
    risk: 0.05,
    trail: [],
    milliseconds: 1,
  } as const;
  const standing = {
    key: "62ac7eef193b8a6f",
    state: "probation",
    risk: 0.05,
    delta: 0.05,
    threshold: 0.91,
    propensity: 0.1,
    audited: true,
    cluster: "c",
    seal: "s",
  } as const;
  const { steps } = receiptOf(run, [
    { ...answer, path: "team", standing },
    { ...answer, path: "other" },
  ]);
  const [under, beside] = steps.map(({ asked }) => asked);
  expect(under).toMatchObject({
    risk: { asked: 0.05, promised: { kind: "promised", risk: 0.05, delta: 0.05, state: "probation" } },
    standing,
  });
  expect(beside).toMatchObject({ risk: { promised: { kind: "no promise yet" } }, standing: null });
});

test("an interrupted call is told as one", () => {
  const { steps } = receiptOf(run, [{ type: "tool_started", path: "do", tool: "pay", args: {}, key: "j-1/do" }]);
  expect(steps[0]?.called).toMatchObject({ outcome: null, reason: expect.stringContaining("not known to have ended") });
});

const base: QuestionRecord = {
  verb: "choose",
  name: "q",
  ask: "?",
  about: "",
  options: [
    { name: "yes", description: "" },
    { name: "no", description: "" },
  ],
  otherwise: "cannot tell",
  fields: null,
  tools: [],
  version: "v",
};

describe("an answer as text", () => {
  test("is an option's name or the way out", () => {
    expect(readAnswer(base, " yes ")).toBe("yes");
    expect(readAnswer(base, "cannot tell")).toBe("cannot tell");
    expect(() => readAnswer(base, "maybe")).toThrow('"maybe" is none of: yes, no, cannot tell');
  });

  test("is JSON for fields, checked as far as it goes", () => {
    const fields = { type: "object", properties: { cents: { type: "integer" } }, required: ["cents"] };
    const question: QuestionRecord = { ...base, verb: "extract", options: [], fields };
    expect(readAnswer(question, '{"cents": 5}')).toEqual({ cents: 5 });
    expect(() => readAnswer(question, "{")).toThrow("this is not JSON");
    expect(() => readAnswer(question, "{}")).toThrow("cents is missing");
    expect(() => readAnswer(question, '{"cents": "5"}')).toThrow("cents must be of type integer");
    expect(skeleton(fields)).toEqual({ cents: 0 });
  });

  test("is a call out of the tools on offer", () => {
    const tools = [{ name: "pay", description: "", effect: "write", input: find.inputJson }] as const;
    const question: QuestionRecord = {
      ...base,
      verb: "pick",
      options: [...tools, { name: "finish", description: "" }],
      tools,
    };
    expect(checkAnswer(question, { tool: "pay", args: { order: "A1" } })).toEqual({
      tool: "pay",
      args: { order: "A1" },
    });
    expect(checkAnswer(question, { tool: "finish" })).toEqual({ tool: "finish" });
    expect(() => checkAnswer(question, { tool: "pay", args: {} })).toThrow("order is missing");
    expect(() => checkAnswer(question, { tool: "steal", args: {} })).toThrow(
      "steal is none of: pay, finish, cannot tell",
    );
    expect(() => checkAnswer(question, "pay")).toThrow("a call is written");
  });

  test("is the text itself where one is to be written", () => {
    const question: QuestionRecord = { ...base, verb: "write", options: [], otherwise: null };
    expect(readAnswer(question, "Dear you")).toBe("Dear you");
    expect(() => readAnswer(question, "  ")).toThrow("the text is empty");
  });
});

test("a misfit is named with its place", () => {
  const schema = {
    type: "object",
    properties: { tags: { type: "array", items: { enum: ["a", "b"] } }, order: { type: "string", pattern: "^A" } },
    additionalProperties: false,
  };
  expect(misfit(schema, { tags: ["a"], order: "A1" })).toBeNull();
  expect(misfit(schema, { tags: ["a", "c"] })).toBe('tags[1] must be one of "a", "b"');
  expect(misfit(schema, { order: "B" })).toBe("order must match ^A");
  expect(misfit(schema, { extra: 1 })).toBe("extra is not known here; there are tags, order");
  expect(misfit(schema, [])).toBe("the value must be of type object");
});
