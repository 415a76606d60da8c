/** Kills a batch of paid calls at random, and compares what the journal says was paid with the provider's own list. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { RunStatus } from "../src/journal/journal.ts";
import { openJournal } from "../src/journal/sqlite.ts";
import type { PaidTotals } from "../src/ledger/ledger.ts";
import { startChild } from "./support/child.ts";
import { temporaryFolder } from "./support/folder.ts";

const program = new URL("./crash/paid.ts", import.meta.url).pathname;

interface Aftermath {
  readonly statuses: { readonly [status in RunStatus]: number };
  readonly totals: PaidTotals;
  /** Requests that the provider got, runs that they were for, and the keys that they came under. */
  readonly asked: number;
  readonly runs: number;
  readonly keys: number;
}

async function crash(items: number, kills: number, order: "before" | "after"): Promise<Aftermath> {
  using folder = temporaryFolder();
  const [file, world] = [folder.file("pawl.db"), folder.file("world")];
  for (let life = 0; life <= kills; life++) {
    await using child = startChild(program, [file, world, String(items), order]);
    if (life < kills) {
      await child.line("asked");
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
      child.process.kill("SIGKILL");
    }
    const { output } = await child.end();
    if (life === kills) expect(output).toContain("finished");
  }
  const lines = readFileSync(world, "utf8").trimEnd().split("\n");
  const journal = openJournal(file);
  const [statuses, totals] = [journal.counts(), journal.calls.totals()];
  await journal.close();
  const keys = new Set(lines.map((line) => line.split(" ")[0]));
  const runs = new Set(lines.map((line) => line.split(" ")[1]));
  return { statuses, totals, asked: lines.length, runs: runs.size, keys: keys.size };
}

test("a batch killed five times knows of every call that may have been paid twice", { timeout: 60_000 }, async () => {
  const items = 1000;
  const { statuses, totals, asked, runs, keys } = await crash(items, 5, "before");
  expect(statuses).toMatchObject({ done: items, ready: 0, running: 0 });
  // Each run's call came under one key, however often it was made: the provider may know it again.
  expect([runs, keys]).toEqual([items, items]);
  // The kills did fall between intents and results. What the provider got twice is counted, and at most a few more
  // that were on record and never sent.
  const again = asked - items;
  expect(again).toBeGreaterThan(0);
  expect(totals.maybePaidTwice).toBeGreaterThanOrEqual(again);
  expect(totals.maybePaidTwice).toBeLessThanOrEqual(5 * 25);
  expect(totals.calls).toBeGreaterThanOrEqual(asked);
  expect(totals.calls - totals.open).toBe(items);
  expect(totals).toMatchObject({ cost: items * 0.25, unpriced: 0, inputTokens: items * 100 });
});

test("(control) calls put on record after they were made are paid twice in silence", { timeout: 60_000 }, async () => {
  const { totals, asked, runs } = await crash(200, 2, "after");
  expect(asked - runs).toBeGreaterThan(totals.maybePaidTwice);
});
