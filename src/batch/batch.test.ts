import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { makeParts } from "../config/parts.ts";
import { StorageError } from "../core/errors.ts";
import { identifier } from "../data/identity.ts";
import type { Row } from "../data/row.ts";
import type { Journal } from "../journal/journal.ts";
import { memoryJournal } from "../journal/memory.ts";
import { openJournal } from "../journal/sqlite.ts";
import { defineLoop, type Loop } from "../loop/loop.ts";
import { type Script, scripted } from "../rung/scripted.ts";
import { defineTool } from "../tool/tool.ts";
import { type BatchEnd, type BatchOptions, runBatch } from "./batch.ts";
import { outRows, writeOut } from "./out.ts";

const triage = (version: string): Loop =>
  defineLoop({
    name: "triage",
    version,
    input: z.object({ id: z.string(), text: z.string() }),
    output: z.object({ team: z.string(), id: z.string() }),
    async run(mail, step) {
      const team = await step.choose("team", { about: mail, ask: "Which team?", options: ["billing", "shipping"] });
      return { team: team.value, id: mail.id };
    },
  });

const script: Script = (_, { item }) => {
  const { text } = item as { text: string };
  return text.includes("?") ? undefined : text.includes("refund") ? "billing" : "shipping";
};

async function* rowsOf(values: readonly (Record<string, unknown> | string)[]): AsyncGenerator<Row> {
  for (const [index, value] of values.entries()) {
    const place = { position: index + 1, line: index + 2, bytes: 10 };
    yield typeof value === "string" ? { kind: "bad", ...place, reason: value } : { kind: "row", ...place, value };
  }
}

interface Setup extends Partial<BatchOptions> {
  readonly values?: readonly (Record<string, unknown> | string)[];
  readonly script?: Script;
  readonly version?: string;
}

function run(journal: Journal, setup: Setup = {}): Promise<BatchEnd> {
  const parts = makeParts({ ladder: [scripted(setup.script ?? script)] }, journal);
  return runBatch({
    loop: triage(setup.version ?? "1"),
    rows: rowsOf(setup.values ?? mails),
    batch: "test",
    identify: identifier({ id: "" }).identify,
    parts,
    isLocal: (rung) => rung === "scripted",
    concurrency: 3,
    ...setup,
  });
}

const mails: readonly (Record<string, unknown> | string)[] = [
  { id: "a", text: "refund me" },
  { id: "b", text: "where is it?" },
  "1 field, where the header has 2",
  { id: "a", text: "another a" },
  { id: "c", text: 5 },
  { text: "no id" },
  { id: "d", text: "late" },
];

const journals: readonly { name: string; open: () => Journal & AsyncDisposable }[] = [
  { name: "memory", open: () => Object.assign(memoryJournal(), { [Symbol.asyncDispose]: async () => {} }) },
  {
    name: "sqlite",
    open: () => {
      const folder = mkdtempSync(join(tmpdir(), "pawl-batch-"));
      const journal = openJournal(join(folder, "pawl.db"));
      const dispose = async (): Promise<void> => {
        await journal.close();
        rmSync(folder, { recursive: true });
      };
      return Object.assign(journal, { [Symbol.asyncDispose]: dispose });
    },
  },
];

describe.each(journals)("a batch on the $name journal", ({ open }) => {
  test("counts what became of every row, and sets aside with line and reason what it cannot run", async () => {
    await using journal = open();
    const { counts, complete } = await run(journal);
    expect(complete).toBe(true);
    expect(counts).toMatchObject({ rows: 7, bytes: 70, done: 2, waiting: 1, quarantined: 4, failed: 0 });
    expect(counts.questions).toEqual({
      local: 2,
      promised: 0,
      audited: 0,
      remote: 0,
      person: 0,
      waiting: 1,
      later: 0,
      overflow: 0,
    });
    expect(counts.examples.quarantined).toEqual([
      { line: 4, reason: "1 field, where the header has 2" },
      { line: 5, reason: 'the item "a" stands on line 2 already; the first counts' },
      { line: 6, reason: expect.stringContaining('does not fit the loop\'s input at "text": ') },
      { line: 7, reason: 'column "id" is missing' },
    ]);
  });

  test("the output has every row in the order of the data", async () => {
    await using journal = open();
    await run(journal);
    const rows = [...outRows(journal, "test")].map(({ id, status, reason }) => [id, status, reason?.slice(0, 24)]);
    expect(rows).toEqual([
      ["a", "done", undefined],
      ["b", "waiting", "a person is asked: team"],
      [null, "quarantined", "line 4: 1 field, where t"],
      ["a", "quarantined", 'line 5: the item "a" sta'],
      ["c", "quarantined", "line 6: does not fit the"],
      [null, "quarantined", 'line 7: column "id" is m'],
      ["d", "done", undefined],
    ]);
  });

  test("stopped half-way and resumed, it writes the same bytes as in one go", async () => {
    await using straight = open();
    await using stopped = open();
    const values = Array.from({ length: 40 }, (_, index) => ({ id: `i${index}`, text: index % 3 ? "late" : "why?" }));
    await run(straight, { values });
    const drain = new AbortController();
    const first = await run(stopped, {
      values,
      drain: drain.signal,
      onProgress: ({ done }) => done > 9 && drain.abort(),
    });
    expect(first.complete).toBe(false);
    expect(first.counts.rows).toBeLessThan(40);
    const second = await run(stopped, { values });
    expect(second.complete).toBe(true);
    expect(second.counts.earlier).toBe(first.counts.done + first.counts.waiting);
    const files = await Promise.all([straight, stopped].map((journal) => written(journal, "out.csv")));
    expect(files[0]).toBe(files[1]);
    expect(files[0]?.split("\n")[2]).toBe("i1,done,shipping,i1,,2");
    expect(files[0]?.split("\n")[0]).toBe("id,status,team,output.id,reason,run");
  });

  test("an abort gives the runs in flight back, and the next command goes on with them", async () => {
    await using journal = open();
    const stop = new AbortController();
    const parts = makeParts({ ladder: [scripted(() => new Promise(() => {}))] }, journal, { stop: stop.signal });
    setTimeout(() => stop.abort(), 30);
    const { counts, complete } = await run(journal, { parts });
    expect([complete, counts.stopped, counts.done]).toEqual([false, 3, 0]);
    expect((await run(journal)).counts).toMatchObject({ done: 2, waiting: 1, stopped: 0 });
  });

  test("the same id with other content is a new run, and said once", async () => {
    await using journal = open();
    await run(journal, { values: [{ id: "a", text: "late" }] });
    const second = await run(journal, { values: [{ id: "a", text: "refund" }] });
    expect(second.counts).toMatchObject({ done: 1, changedContent: 1, earlier: 0 });
    const third = await run(journal, { values: [{ id: "a", text: "refund" }] });
    expect(third.counts).toMatchObject({ done: 1, changedContent: 0, earlier: 1 });
    expect([...outRows(journal, "test")]).toMatchObject([{ output: { team: "billing" }, run: 2 }]);
  });

  test("a shorter file forgets the rows behind its end", async () => {
    await using journal = open();
    await run(journal);
    await run(journal, { values: mails.slice(0, 2) });
    expect([...outRows(journal, "test")].map((row) => row.id)).toEqual(["a", "b"]);
  });

  test("an answer by a person counts as one, and the run goes on", async () => {
    await using journal = open();
    await run(journal);
    const waiting = [...journal.waiting()][0]!;
    await journal.answer(waiting.run.number, { type: "person_answered", path: "team", value: "billing", by: "ana" });
    const { counts } = await run(journal);
    expect(counts).toMatchObject({ done: 3, waiting: 0, resumed: 1 });
    expect(counts.questions).toEqual({
      local: 2,
      promised: 0,
      audited: 0,
      remote: 0,
      person: 1,
      waiting: 0,
      later: 0,
      overflow: 0,
    });
  });

  describe("when the loop has changed", () => {
    /** `a` is done in version 1, `b` waits in it. */
    const values = [
      { id: "a", text: "late" },
      { id: "b", text: "why?" },
    ];
    const answers: Script = () => "billing";

    test("hold leaves unfinished runs alone and keeps finished ones", async () => {
      await using journal = open();
      await run(journal, { values });
      const { counts } = await run(journal, { values, version: "2", script: answers });
      expect(counts).toMatchObject({ done: 1, kept: 1, held: 1, waiting: 0 });
      expect([...outRows(journal, "test")]).toMatchObject([
        { status: "done", output: { team: "shipping" } },
        { status: "held", reason: "held: waiting in version 1 of the loop" },
      ]);
    });

    test("continue goes on with a run that may go on, its steps matched by name", async () => {
      await using journal = open();
      await run(journal, { values });
      await journal.answer(2, { type: "person_answered", path: "team", value: "billing", by: "ana" });
      const nobody: Script = () => undefined;
      const { counts } = await run(journal, { values, version: "2", changed: "continue", script: nobody });
      expect(counts).toMatchObject({ done: 2, kept: 1, continued: 1, held: 0 });
      expect(journal.run(2)).toMatchObject({ version: "1", outcome: { output: { team: "billing" } } });
    });

    test("restart begins unfinished items anew and keeps finished ones", async () => {
      await using journal = open();
      await run(journal, { values });
      const { counts } = await run(journal, { values, version: "2", changed: "restart", script: answers });
      expect(counts).toMatchObject({ done: 2, kept: 1, restarted: 1 });
      const again = await run(journal, { values, version: "2", script: answers });
      expect(again.counts).toMatchObject({ done: 2, kept: 1, restarted: 0, held: 0, earlier: 2 });
    });

    test("redo begins every item anew", async () => {
      await using journal = open();
      await run(journal, { values });
      const { counts } = await run(journal, { values, version: "2", changed: "redo", script: answers });
      expect(counts).toMatchObject({ done: 2, kept: 0, restarted: 2 });
      expect([...outRows(journal, "test")].map((row) => row.run)).toEqual([3, 4]);
    });
  });
});

test("runs whose sleep is soon over are waited for", async () => {
  let time = 1_000_000;
  // Every look at the clock takes four seconds.
  const now = (): number => (time += 4_000);
  const loop = defineLoop({
    name: "sleeper",
    input: z.object({ id: z.string() }),
    output: z.object({}),
    async run(mail, step) {
      await step.sleep("nap", mail.id === "long" ? 100_000 : 10);
      return {};
    },
  });
  const journal = memoryJournal({ now });
  const values = [{ id: "a" }, { id: "long" }, { id: "b" }];
  const { counts } = await run(journal, { loop, parts: makeParts({}, journal, { now }), values });
  expect(counts).toMatchObject({ done: 2, sleeping: 1, earlier: 0 });
});

test("never has more runs in flight than it may", async () => {
  let [now, most] = [0, 0];
  const slow: Script = async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 2));
    now--;
    return "billing";
  };
  const values = Array.from({ length: 30 }, (_, index) => ({ id: `i${index}`, text: "x" }));
  await run(memoryJournal(), { values, script: slow, concurrency: 4 });
  expect(most).toBe(4);
});

test("the limit is one of records", async () => {
  const { counts, complete } = await run(memoryJournal(), { limit: 3 });
  expect([counts.rows, complete]).toEqual([3, true]);
});

test("a journal that cannot be written stops the batch at once", async () => {
  const journal = memoryJournal();
  const full = new StorageError("E_DISK_FULL", "no room");
  let appended = 0;
  const append = journal.append.bind(journal);
  journal.append = async (number, event) => {
    if (++appended > 4) throw full;
    await append(number, event);
  };
  const values = Array.from({ length: 500 }, (_, index) => ({ id: `i${index}`, text: "x" }));
  await expect(run(journal, { values })).rejects.toBe(full);
  expect(appended).toBeLessThan(20);
});

test("what the data throws comes through, after the runs in flight were given back", async () => {
  const journal = memoryJournal();
  async function* damaged(): AsyncGenerator<Row> {
    yield* rowsOf([{ id: "a", text: "late" }]);
    throw new Error("damaged");
  }
  await expect(run(journal, { rows: damaged() })).rejects.toThrow("damaged");
  expect(journal.counts().running).toBe(0);
});

test("runs that another process has are counted and named", async () => {
  const journal = memoryJournal();
  const loop = triage("1");
  const { item, content } = identifier({ id: "" }).identify({ id: "a", text: "late" }) as {
    item: string;
    content: string;
  };
  await journal.begin({ loop: "triage", version: "1", item, content, input: { id: "a", text: "late" } });
  const { counts } = await run(journal, { loop, values: [{ id: "a", text: "late" }] });
  expect(counts).toMatchObject({ busy: 1, done: 0, examples: { busy: ["a: this process"] } });
});

test("interrupted calls, and calls that a restart may make twice, are counted", async () => {
  const pay = defineTool({
    name: "pay",
    description: "Pays.",
    effect: "write",
    input: z.object({}),
    output: z.object({}),
    run: () => ({}),
  });
  const payer = (version: string): Loop =>
    defineLoop({
      name: "payer",
      version,
      input: z.object({ id: z.string() }),
      output: z.object({}),
      async run(_, step) {
        await step.call("pay", pay, {});
        return {};
      },
    });
  const journal = memoryJournal();
  const { item, content } = identifier({ id: "" }).identify({ id: "a" }) as { item: string; content: string };
  const taken = await journal.begin({ loop: "payer", version: "1", item, content, input: { id: "a" } });
  await journal.append(taken.run.number, { type: "tool_started", path: "pay", tool: "pay", args: {}, key: "k" });
  await journal.release(taken.run.number);
  const resumed = await run(journal, { loop: payer("1"), values: [{ id: "a" }] });
  expect(resumed.counts).toMatchObject({ done: 1, resumed: 1, effectsRepeated: 1, effectsRisked: 0, calls: { ok: 1 } });
  const redone = await run(journal, { loop: payer("2"), values: [{ id: "a" }], changed: "redo" });
  expect(redone.counts).toMatchObject({ done: 1, restarted: 1, effectsRisked: 1 });
});

test("usage adds up, and an unknown price stays unknown", async () => {
  const values = [
    { id: "a", text: "x" },
    { id: "b", text: "y" },
  ];
  const journal = memoryJournal();
  const parts = makeParts(
    {
      ladder: [
        scripted((_, { item }) => ({
          kind: "answered",
          value: "billing",
          confidence: 1,
          basis: "raw",
          evidence: {},
          usage: {
            inputTokens: 10,
            outputTokens: 2,
            milliseconds: 5,
            cost: (item as { id: string }).id === "a" ? 0.5 : null,
          },
        })),
      ],
    },
    journal,
  );
  const { counts } = await run(journal, { values, parts });
  expect(counts.usage).toEqual({ inputTokens: 20, outputTokens: 4, cost: 0.5, unpriced: 1 });
  expect(counts.rungs).toMatchObject({ scripted: { asked: 2, decided: 2, milliseconds: 10 } });
});

test("a rung that throws is counted as broken, with what it said", async () => {
  const { counts } = await run(memoryJournal(), {
    values: [{ id: "a", text: "x" }],
    script: () => {
      throw new Error("no such model");
    },
  });
  expect(counts.faults).toEqual({ rung_failed: 1 });
  expect(counts.rungs).toMatchObject({ scripted: { asked: 1, broken: 1, trouble: "no such model" } });
});

test("what an earlier command met is no matter of this one", async () => {
  const journal = memoryJournal();
  const values = [{ id: "a", text: "x" }];
  const dead: Script = () => {
    throw new Error("no such model");
  };
  const first = await run(journal, { values, script: dead });
  expect(first.counts.rungsNow).toMatchObject({ scripted: { asked: 1, broken: 1 } });
  const second = await run(journal, { values });
  expect(second.counts).toMatchObject({ waiting: 1, earlier: 1, rungs: { scripted: { asked: 1, broken: 1 } } });
  expect(second.counts.rungsNow).toEqual({});
  // An answered run that goes on asks anew; only that is of this command.
  await journal.answer(1, { type: "person_answered", path: "team", value: "billing", by: "ana" });
  const third = await run(journal, { values });
  expect(third.counts).toMatchObject({ done: 1, rungs: { person: { decided: 1 }, scripted: { broken: 1 } } });
  expect(third.counts.rungsNow).toEqual({});
});

async function written(journal: Journal, name: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "pawl-out-"));
  try {
    await writeOut(join(folder, name), journal, "test", triage("1"));
    return await readFile(join(folder, name), "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a rung that only throws stops the batch before it has sent the whole file to people", async () => {
  const journal = memoryJournal();
  const dead = { ...scripted({}), decide: () => Promise.reject(new Error("connection refused")) };
  const parts = makeParts({ ladder: [dead] }, journal);
  const loop = defineLoop({
    name: "dead",
    input: z.object({ id: z.string() }),
    output: z.string(),
    run: async ({ id }, step) => (await step.choose("team", { about: id, ask: "?", options: ["a", "b"] })).value,
  });
  async function* many(): AsyncGenerator<Row> {
    for (let position = 1; position <= 500; position++) {
      yield { kind: "row", position, line: position, bytes: 1, value: { id: String(position) } };
    }
  }
  const { identify } = identifier({ id: "" });
  const work = runBatch({ loop, rows: many(), batch: "b", identify, parts, isLocal: () => true, concurrency: 4 });
  await expect(work).rejects.toMatchObject({
    code: "E_RUNG_BROKEN",
    message: expect.stringContaining("connection refused"),
  });
  expect(journal.counts().waiting).toBeLessThan(40);
});

test("a batch counts the calls that its own runs paid for, also those of an earlier command", async () => {
  const journal = memoryJournal();
  const { calls } = journal;
  const usage = { inputTokens: 10, outputTokens: 1, milliseconds: 1, cost: 0.5 };
  const remote = scripted(async (question, { run }) => {
    const of = { run, path: question.path, rung: "remote", attempt: 0, host: "api.example", model: "big" };
    const { number } = await calls.intend({ ...of, content: run, most: 1 });
    await calls.settle(number, { reply: null, usage, maybePaid: false });
    return "a";
  });
  const parts = makeParts({ ladder: [remote] }, journal);
  const loop = defineLoop({
    name: "paid",
    input: z.object({ id: z.string() }),
    output: z.string(),
    run: async ({ id }, step) => (await step.choose("team", { about: id, ask: "?", options: ["a", "b"] })).value,
  });
  const count = async (ids: readonly string[]) => {
    async function* rows(): AsyncGenerator<Row> {
      for (const [index, id] of ids.entries()) {
        yield { kind: "row", position: index + 1, line: index + 1, bytes: 1, value: { id } };
      }
    }
    const { identify } = identifier({ id: "" });
    const options = { loop, rows: rows(), batch: ids.join(), identify, parts, isLocal: () => false, concurrency: 2 };
    return (await runBatch(options)).counts.paid;
  };
  expect(await count(["1", "2"])).toMatchObject({ calls: 2, cost: 1 });
  expect(await count(["2", "3"])).toMatchObject({ calls: 2, cost: 1, inputTokens: 20 });
  expect(calls.totals()).toMatchObject({ calls: 3, cost: 1.5 });
});
