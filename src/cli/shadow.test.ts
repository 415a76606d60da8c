/** Shadow runs: everything is decided, nothing is done, and what people did is what it is compared with. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { runBatch } from "../batch/batch.ts";
import { planItem } from "../batch/plan.ts";
import { makeParts } from "../config/parts.ts";
import type { Json } from "../core/json.ts";
import { isShadow, shadowOf, shadowVersion } from "../core/shadow.ts";
import type { Row } from "../data/row.ts";
import type { Journal } from "../journal/journal.ts";
import { memoryJournal } from "../journal/memory.ts";
import { defineLoop, type Loop } from "../loop/loop.ts";
import { waitingQuestions } from "../review/waiting.ts";
import { person } from "../rung/person.ts";
import type { Rung } from "../rung/rung.ts";
import { scripted } from "../rung/scripted.ts";
import { defineTool } from "../tool/tool.ts";
import { type ShadowQuestion, shadowReport } from "./shadow.ts";
import { shadowParts, type Truths } from "./shadow-parts.ts";

const paid: string[] = [];
const payments: string[] = [];

const pay = defineTool({
  name: "pay",
  description: "Pays back.",
  effect: "irreversible",
  input: z.object({}),
  output: z.object({}),
  run: (_, { key }) => {
    payments.push(key);
    return {};
  },
});

const options = { billing: "Money", shipping: "Parcels" };
const input = z.object({ id: z.string(), says: z.string(), sure: z.number() });

function loopWith(risk?: number): Loop {
  return defineLoop({
    name: "mails",
    version: "1",
    input,
    output: z.object({ team: z.string(), paid: z.string() }),
    async run(mail, step) {
      const asked = { about: `mail ${mail.id}`, ask: "Which team?", options, ...(risk !== undefined && { risk }) };
      const team = (await step.choose("team", asked)).value;
      if (team !== "billing") return { team, paid: "no" };
      const outcome = await step.call("do", pay, {});
      return { team, paid: outcome.kind === "refused" ? outcome.by : outcome.kind };
    },
  });
}

/** Says what the item tells it to, as sure as that says. */
const local = (acceptAt = 0.8): Rung =>
  scripted(
    (_, { item }) => {
      const { says, sure } = item as z.infer<typeof input>;
      const usage = { inputTokens: 0, outputTokens: 0, milliseconds: 0, cost: 0 };
      return says === ""
        ? undefined
        : { kind: "answered", value: says, confidence: sure, basis: "raw", evidence: {}, usage };
    },
    { acceptAt, name: "local" },
  );
const dear = scripted(
  ({ path }) => {
    paid.push(path);
    return "billing";
  },
  { name: "dear", local: false, cost: 1 },
);

interface Mail {
  readonly says: string;
  readonly sure: number;
  readonly team?: string;
}

interface Ran {
  readonly journal: Journal;
  readonly question: ShadowQuestion;
  readonly outputs: readonly Json[];
}

const truth: Truths = new Map([[null, "team"]]);

async function inShadow(
  mails: readonly Mail[],
  truths: Truths | null = truth,
  risk?: number,
  journal: Journal = memoryJournal(),
): Promise<Ran> {
  paid.length = 0;
  payments.length = 0;
  const parts = makeParts({ ladder: [local(), dear, person()], promises: { learn: false } }, journal);
  const loop = loopWith(risk);
  async function* rows(): AsyncGenerator<Row> {
    for (const [index, mail] of mails.entries()) {
      yield { kind: "row", position: index + 1, line: index + 2, bytes: 1, value: { id: String(index), ...mail } };
    }
  }
  const shadow = truths && shadowParts(parts, truths, () => {});
  await runBatch({
    loop: shadow ? { ...loop, version: shadowVersion("1", "") } : loop,
    rows: rows(),
    batch: shadow ? "shadow" : "real",
    identify: (row) => ({ kind: "known", item: String(row.id), content: String(row.id) }),
    parts: shadow ?? parts,
    isLocal: () => true,
    concurrency: 1,
  });
  const outputs = [...journal.runs({})].map(({ outcome }) => (outcome?.kind === "done" ? outcome.output : null));
  return { journal, question: shadowReport(journal, "shadow").questions[0]!, outputs };
}

const unsure: Mail = { says: "shipping", sure: 0.3 };

describe("a shadow run", () => {
  test("asks nobody above the local rungs and calls no tool that changes the world", async () => {
    const { journal, outputs } = await inShadow([{ ...unsure, team: "billing" }, unsure]);
    expect(outputs).toEqual([
      { team: "billing", paid: "dry run" },
      { team: "shipping", paid: "no" },
    ]);
    expect([paid, payments, [...waitingQuestions(journal)]]).toEqual([[], [], []]);
  });

  test("(control) the same as a real run pays, and waits for a person before the call", async () => {
    const { journal } = await inShadow([unsure], null);
    expect(paid).toEqual(["team"]);
    expect([...waitingQuestions(journal)].map(({ path }) => path)).toEqual(["do/approve"]);
  });

  test("goes on as people did, whatever a local rung was sure of", async () => {
    const { outputs, question } = await inShadow([{ says: "shipping", sure: 0.9, team: "billing" }]);
    expect(outputs).toEqual([{ team: "billing", paid: "dry run" }]);
    expect(question.inForce).toMatchObject({ stayed: { count: 1, of: 1 }, wrong: { count: 1, of: 1 } });
  });

  test("without a known answer goes on with what would have stood, else the best suggestion, else the way out", async () => {
    const { outputs, question } = await inShadow([
      { says: "shipping", sure: 0.9 },
      { says: "shipping", sure: 0.1 },
      { says: "", sure: 0 },
    ]);
    expect(outputs.map((output) => (output as { team: string }).team)).toEqual([
      "shipping",
      "shipping",
      "none of these",
    ]);
    expect(question).toMatchObject({ decisions: 3, known: 0, hindsight: [], inForce: { stayed: { count: 1 } } });
  });

  test("names a known answer that the question does not have, and does without it", async () => {
    const { question } = await inShadow([{ ...unsure, team: "kitchen" }]);
    expect(question.known).toBe(0);
    expect(question.unfit.count).toBe(1);
    expect(question.unfit.example).toContain("kitchen");
  });

  test("of a question with a promise makes every known answer a label, drawn with certainty", async () => {
    const { journal, question } = await inShadow([{ ...unsure, team: "billing" }, unsure], truth, 0.05);
    const labels = [...journal.labels.answered("team", question.version)];
    expect(labels).toMatchObject([
      {
        sample: "random",
        propensity: 1,
        stood: null,
        answer: { value: "billing", source: "known" },
      },
    ]);
    expect([...journal.labels.open()]).toEqual([]);
  });

  test("(control) of one without a promise it makes none", async () => {
    const { journal } = await inShadow([{ ...unsure, team: "billing" }]);
    expect(journal.labels.last()).toBe(0);
  });

  test("leaves nothing for the cache of real runs", async () => {
    const { journal } = await inShadow([{ ...unsure, team: "billing" }]);
    const [event] = journal.events(1);
    expect(event).toMatchObject({ type: "step_answered" });
    expect(event).not.toHaveProperty("cacheKey");
  });
});

test("the report counts what would have stayed, hindsight by threshold, and the confusions", async () => {
  const mails: Mail[] = [
    { says: "billing", sure: 0.95, team: "billing" },
    { says: "billing", sure: 0.9, team: "billing" },
    { says: "billing", sure: 0.85, team: "shipping" },
    { says: "shipping", sure: 0.5, team: "shipping" },
    { says: "shipping", sure: 0.4, team: "billing" },
    { says: "", sure: 0, team: "billing" },
  ];
  const { question } = await inShadow(mails);
  expect(question).toMatchObject({
    step: "team",
    decisions: 6,
    known: 6,
    inForce: { stayed: { count: 3, of: 6 }, wrong: { count: 1, of: 3 } },
    certified: { stayed: { of: 0 } },
    agreement: { count: 3, of: 5 },
    confusions: [
      { known: "shipping", local: "billing", count: 1 },
      { known: "billing", local: "shipping", count: 1 },
    ],
  });
  // The two surest are right; the third is wrong, which is more than one in ten.
  expect(question.hindsight).toHaveLength(4);
  expect(question.hindsight.at(-1)).toMatchObject({
    rung: "local",
    risk: 0.1,
    confidence: 0.9,
    stayed: { count: 2, of: 6 },
    wrong: { count: 0, of: 2 },
  });
});

describe("shadow and real runs of an item", () => {
  const identity = { loop: "mails", item: "0", content: "0" };

  test("do not stand for each other", async () => {
    const { journal } = await inShadow([{ ...unsure, team: "shipping" }]);
    expect(planItem(journal, { ...identity, version: "1" }, "hold")).toEqual({
      kind: "begin",
      instead: null,
      otherContent: false,
    });
    const real = await inShadow([{ says: "shipping", sure: 0.9 }], null);
    expect(planItem(real.journal, { ...identity, version: shadowVersion("1", "") }, "hold").kind).toBe("begin");
  });

  test("(control) a real one of another version does", async () => {
    const { journal } = await inShadow([{ says: "shipping", sure: 0.9 }], null);
    expect(planItem(journal, { ...identity, version: "2" }, "hold").kind).toBe("keep");
    const shadow = await inShadow([{ ...unsure, team: "shipping" }]);
    expect(planItem(shadow.journal, { ...identity, version: shadowVersion("2", "") }, "hold").kind).toBe("keep");
  });

  test("are told apart by the version", () => {
    expect([isShadow("1"), isShadow(shadowVersion("1", "")), shadowOf(shadowVersion("1", "ab"))]).toEqual([
      false,
      true,
      "+shadow.ab",
    ]);
  });
});

describe("pawl run --shadow", () => {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const source = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const zod = JSON.stringify(pathToFileURL(fileURLToPath(import.meta.resolve("zod"))).href);
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pawl-shadow-"));
    const loop = `import { defineLoop } from ${source("../index.ts")};
import { z } from ${zod};
export default defineLoop({
  name: "mails", version: "1", input: z.object({ id: z.string(), text: z.string() }), output: z.string(),
  run: async (mail, step) =>
    (await step.choose("team", { about: mail.text, ask: "Which?", options: ["billing", "shipping"], risk: 0.05 })).value,
});`;
    const config = `import { defineConfig } from ${source("../index.ts")};
import { words } from ${source("../rung/words.ts")};
export default defineConfig({ ladder: [words()] });`;
    const mails = Array.from(
      { length: 20 },
      (_, i) => `m${i},${"word ".repeat(i + 1)},${i % 2 ? "billing" : "shipping"}\n`,
    );
    writeFileSync(join(folder, "mails.ts"), loop);
    writeFileSync(join(folder, "pawl.config.ts"), config);
    writeFileSync(join(folder, "mails.csv"), `id,text,team\n${mails.join("")}`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function pawl(...args: string[]) {
    return new Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>((resolve) => {
      const child = spawn(
        process.execPath,
        ["--conditions=pawl-source", main, "run", "mails.ts", "mails.csv", ...args],
        {
          cwd: folder,
          env: { ...process.env, NO_COLOR: "1" },
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      let [out, err] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        out += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        err += text;
      });
      child.on("close", (code) => resolve({ code, out, err }));
    });
  }

  test("is kept, resumes, and leaves the items to the real run", async () => {
    const first = await pawl("--shadow", "--truth", "team", "--quiet");
    expect(first.out).toContain("team: 20 decisions, 20 with a known answer");
    const again = await pawl("--shadow", "--truth", "team", "--json", "--quiet");
    expect(JSON.parse(again.out)).toMatchObject({ earlier: 20, shadow: { questions: [{ known: 20 }] } });
    const real = await pawl("--json", "--quiet");
    expect(JSON.parse(real.out)).toMatchObject({ earlier: 0, kept: 0, waiting: 20 });
  });

  test.each([
    [["--truth", "team"], "--truth means something only with --shadow"],
    [["--shadow", "--truth", "tribe"], 'there is no column "tribe"'],
  ])("%j ends with 2 and says why", async (args, message) => {
    const { code, err } = await pawl(...(args as string[]));
    expect(err).toContain(message);
    expect(code).toBe(2);
  });
});
