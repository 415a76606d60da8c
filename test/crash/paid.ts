/**
 * A batch of paid calls that is killed again and again. Usage: JOURNAL WORLD ITEMS ORDER. Every request leaves a line in
 * the file WORLD (`key run`), which is the provider's own list: what was asked for there was paid. ORDER is `before`, or
 * `after` for a negative control: calls that are put on record only once they were made.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import { z } from "zod";
import { makeParts } from "../../src/config/parts.ts";
import { openJournal } from "../../src/journal/sqlite.ts";
import type { PaidCalls } from "../../src/ledger/ledger.ts";
import { defineLoop } from "../../src/loop/loop.ts";
import { runItem } from "../../src/loop/run.ts";
import type { Rung } from "../../src/rung/rung.ts";

const [file = "", world = "", items = "0", order = "before"] = process.argv.slice(2);
const provider = openSync(world, "a");
const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const usage = { inputTokens: 100, outputTokens: 5, milliseconds: 1, cost: 0.25 };
let calls: PaidCalls;
/** This process sent a request. */
let asked = false;
const remote: Rung = {
  name: "remote",
  local: false,
  mostCost: 0.25,
  acceptAt: null,
  async open(needs) {
    ({ calls } = needs);
  },
  async decide(question, { run }) {
    const of = { run, path: question.path, rung: "remote", attempt: 0, host: "api.example", model: "big" };
    const call = { ...of, content: question.about, most: 0.25 };
    const answered = { kind: "answered", value: "a", confidence: null, basis: "none", evidence: {} } as const;
    const known = calls.recall(call.content);
    if (known) {
      await calls.served(call, known.number);
      return { ...answered, usage: { ...usage, cost: 0 } };
    }
    const intent = order === "before" ? await calls.intend(call) : null;
    writeSync(provider, `${intent?.idempotencyKey ?? run} ${run}\n`);
    if (!asked) console.log("asked");
    asked = true;
    await wait(Math.random() * 20);
    const { number } = intent ?? (await calls.intend(call));
    await calls.settle(number, { reply: "a", usage, maybePaid: false });
    return { ...answered, usage };
  },
};

const loop = defineLoop({
  name: "paid",
  version: "1",
  input: z.object({ item: z.string() }),
  output: z.string(),
  async run({ item }, step) {
    return (await step.choose("team", { about: item, ask: "Which?", options: ["a", "b"] })).value;
  },
});

const journal = openJournal(file);
const parts = makeParts({ ladder: [remote] }, journal);
await parts.open();
let next = 0;
const work = async (): Promise<void> => {
  while (next < Number(items)) {
    const item = `item${next++}`;
    const taken = await journal.begin({ loop: "paid", version: "1", item, content: item, input: { item } });
    if (taken.kind === "taken") await runItem(loop, taken, parts);
  }
};
await Promise.all(Array.from({ length: 25 }, work));
await parts.close();
await journal.close();
closeSync(provider);
console.log("finished");
