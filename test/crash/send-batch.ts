/** Queues three questions and sends them as a batch. Usage: JOURNAL URL. The test kills it while it sends. */

import { z } from "zod";
import { sendDeferred } from "../../src/batch/deferred.ts";
import { makeParts } from "../../src/config/parts.ts";
import { openJournal } from "../../src/journal/sqlite.ts";
import { defineLoop } from "../../src/loop/loop.ts";
import { runItem } from "../../src/loop/run.ts";
import type { Batches } from "../../src/rung/batch-api.ts";
import { batched } from "../../src/rung/batched.ts";
import type { Rung } from "../../src/rung/rung.ts";

const [file = "", url = ""] = process.argv.slice(2);
const price = { input: 1000, output: 2000, updated: "2026-11-01" };
const rung = batched(url, "gpt-6-luna", { vendor: "openai", key: "k", price }) as Rung & { readonly batches: Batches };
const loop = defineLoop({
  name: "triage",
  version: "1",
  input: z.object({ id: z.string() }),
  output: z.string(),
  run: async ({ id }, step) => (await step.choose("team", { about: id, ask: "Which?", options: ["a", "b"] })).value,
});

const journal = openJournal(file);
const parts = makeParts({ ladder: [rung] }, journal);
await parts.open();
for (const id of ["1", "2", "3"]) {
  const taken = await journal.begin({ loop: "triage", version: "1", item: id, content: id, input: { id } });
  if (taken.kind === "taken") await runItem(loop, taken, parts);
}
const { signal } = new AbortController();
await sendDeferred({ journal, rung, api: rung.batches.open(), signal, now: Date.now, budget: null, currency: "USD" });
console.log("sent");
