/**
 * A batch that is killed again and again. Usage: JOURNAL EFFECTS ITEMS KEYS. Takes every run that is not settled, 25 at
 * a time, and appends what its tools did to the file of effects: the outside world, which forgets nothing and can be
 * read by another process. A line is `receiver key logical`, in one write with O_APPEND.
 *
 * What the file can and cannot show. No engine runs a step exactly once: a call that was under way when the process died
 * is made again. What Pawl promises is that it is made again under the same key, so that a receiver that honours keys
 * does it once. So the checker plays that receiver: the first line with a key is an effect, later ones are the same
 * effect asked for again. A logical effect (this item's second charge) that was asked for under two different keys is
 * done twice, and so is one that no receiver could tell apart from another. KEYS is `same`, or `random` for a negative
 * control: keys that are not the same after a restart.
 */

import { randomUUID } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { z } from "zod";
import { makeParts } from "../../src/config/parts.ts";
import { openJournal } from "../../src/journal/sqlite.ts";
import { defineLoop } from "../../src/loop/loop.ts";
import { runItem } from "../../src/loop/run.ts";
import { turns } from "../../src/loop/stop.ts";
import { scripted } from "../../src/rung/scripted.ts";
import { defineTool } from "../../src/tool/tool.ts";

const [file = "", effects = "", items = "0", keys = "same"] = process.argv.slice(2);
const world = openSync(effects, "a");
const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const charge = defineTool({
  name: "charge",
  description: "Charges an account",
  effect: "write",
  input: z.object({ item: z.string(), time: z.int() }),
  output: z.object({ receipt: z.string() }),
  async run({ item, time }, { key }) {
    const used = keys === "same" ? key : `${key}-${randomUUID()}`;
    // Killed before the effect, between effect and answer, or after: each is a different crash.
    await wait(Math.random() * 3);
    writeSync(world, `charge ${used} ${item}/${time}\n`);
    await wait(Math.random() * 3);
    return { receipt: used };
  },
});

const loop = defineLoop({
  name: "crash",
  version: "1",
  input: z.object({ item: z.string() }),
  output: z.object({ item: z.string(), charged: z.int(), by: z.string() }),
  async run({ item }, step) {
    const team = await step.choose("team", { about: item, ask: "Which?", options: ["a", "b"] });
    const first = await step.call("first", charge, { item, time: 1 });
    const more = await step.loop("more", { about: item, tools: [charge], until: turns(2) });
    const last = await step.all(
      "last",
      [4, 5].map((time) => (own) => own.call("charge", charge, { item, time })),
    );
    const outcomes = [first, ...more.turns.map(({ outcome }) => outcome), ...last];
    return { item, charged: outcomes.filter(({ kind }) => kind === "ok").length, by: team.value };
  },
});

const model = scripted(async (question, { item }) => {
  await wait(Math.random() * 2);
  if (question.verb === "choose") return "a";
  const time = 1 + Number(question.path.split("/")[1]);
  return { tool: "charge", args: { item: (item as { item: string }).item, time } };
});

const journal = openJournal(file);
const parts = makeParts({ ladder: [model] }, journal);
// The first thing that this start adds to the journal: from here on the batch goes on.
let next = 0;
const append = journal.append.bind(journal);
let appended = false;
journal.append = async (...args) => {
  await append(...args);
  if (!appended) console.log(`appended ${process.uptime().toFixed(3)}`);
  appended = true;
};
const begin = journal.begin.bind(journal);
journal.begin = (run) => {
  if (next === 1) console.log("open");
  return begin(run);
};

const work = async (): Promise<void> => {
  while (next < Number(items)) {
    const item = `item${next++}`;
    const taken = await journal.begin({ loop: "crash", version: "1", item, content: item, input: { item } });
    if (taken.kind !== "taken") continue;
    const end = await runItem(loop, taken, parts);
    if (end.kind !== "ended") console.log(`${item} ${JSON.stringify(end)}`);
  }
};
await Promise.all(Array.from({ length: 25 }, work));
await journal.close();
closeSync(world);
console.log("finished");
