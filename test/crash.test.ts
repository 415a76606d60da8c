/**
 * Kills a running batch at random, 100 times and more, and looks at what is left: in the journal, and in the file where
 * its tools leave their marks (test/crash/program.ts says what such a mark can show).
 */

import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { RunRecord } from "../src/journal/journal.ts";
import { openJournal } from "../src/journal/sqlite.ts";
import { startChild } from "./support/child.ts";
import { temporaryFolder } from "./support/folder.ts";

const program = new URL("./crash/program.ts", import.meta.url).pathname;
const charges = 5;
const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

interface Aftermath {
  readonly kills: number;
  readonly runs: readonly RunRecord[];
  readonly integrity: unknown;
  /** Seconds from the start of each process to its first new line in the journal. */
  readonly resumed: readonly number[];
  /** Lines in the outside file: effects asked for. */
  readonly asked: number;
  /** Logical effects that nobody asked for, and those that were asked for under more than one key. */
  readonly missing: readonly string[];
  readonly twice: readonly string[];
  /** Keys that stood for more than one logical effect: a receiver would drop the second. */
  readonly confused: readonly string[];
}

/**
 * Runs the batch to its end through so many kills. Most fall anywhere from the first append on; every fifth while the
 * process still opens the journal, takes a dead one's runs over, or makes its first calls again.
 */
async function crash(items: number, kills: number, keys: "same" | "random"): Promise<Aftermath> {
  using folder = temporaryFolder();
  const [file, effects] = [folder.file("pawl.db"), folder.file("effects")];
  const resumed: number[] = [];
  let killed = 0;
  while (true) {
    await using child = startChild(program, [file, effects, String(items), keys]);
    if (killed < kills && killed % 5 === 4) {
      await child.line("open");
      await wait(Math.random() * 15);
      child.process.kill("SIGKILL");
      await child.end();
      killed++;
      continue;
    }
    const line = await child.line("appended");
    resumed.push(Number(line.split(" ")[1]));
    if (killed === kills) {
      const { code, output } = await child.end();
      expect([code, output]).toEqual([0, expect.stringContaining("finished")]);
      break;
    }
    await wait(Math.random() * 25);
    child.process.kill("SIGKILL");
    await child.end();
    killed++;
  }
  const journal = openJournal(file);
  const runs = [...journal.runs({})];
  await journal.close();
  const db = new DatabaseSync(file);
  const integrity = db.prepare("PRAGMA integrity_check").get();
  db.close();
  return { kills: killed, runs, integrity, resumed, ...readEffects(effects, items) };
}

function readEffects(file: string, items: number) {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  const keysOf = new Map<string, Set<string>>();
  const effectsOf = new Map<string, Set<string>>();
  for (const line of lines) {
    const [, key = "", logical = ""] = line.split(" ");
    keysOf.set(logical, (keysOf.get(logical) ?? new Set()).add(key));
    effectsOf.set(key, (effectsOf.get(key) ?? new Set()).add(logical));
  }
  const expected = Array.from(
    { length: items * charges },
    (_, i) => `item${Math.floor(i / charges)}/${(i % charges) + 1}`,
  );
  const several = (sets: Map<string, Set<string>>) => [...sets].filter(([, set]) => set.size > 1).map(([name]) => name);
  return {
    asked: lines.length,
    missing: expected.filter((logical) => !keysOf.has(logical)),
    twice: several(keysOf),
    confused: several(effectsOf),
  };
}

test("a batch killed 100 times loses no run and does no keyed effect twice", { timeout: 240_000 }, async () => {
  // More than a hundred lives get done, even where a process is quick.
  const items = 4000;
  const after = await crash(items, 100, "same");
  expect(after.runs.map(({ outcome }) => outcome)).toEqual(
    Array.from({ length: items }, (_, i) => ({
      kind: "done",
      output: { item: `item${i}`, charged: charges, by: "a" },
    })),
  );
  expect(after.integrity).toEqual({ integrity_check: "ok" });
  expect([after.missing, after.twice, after.confused]).toEqual([[], [], []]);
  // The kills did hit calls under way: some were asked for again. Never more than were in flight.
  const again = after.asked - items * charges;
  expect(again).toBeGreaterThan(0);
  expect(again).toBeLessThanOrEqual(after.kills * 25 * 2);
  // From the start of the process, Node's own start and the reading of the source included, on a machine that may be
  // busy with other things: the median is what a user feels, and the worst is only bounded.
  const sorted = after.resumed.toSorted((a, b) => a - b);
  expect(sorted[sorted.length >> 1]).toBeLessThan(1);
  expect(sorted.at(-1)).toBeLessThan(5);
  console.log(
    `${after.kills} kills, ${after.asked} effects asked for, ${again} of them again; resumed in ` +
      `${sorted[sorted.length >> 1]} s (median), ${sorted.at(-1)} s (worst)`,
  );
});

test("(control) keys that a restart changes are found out", { timeout: 60_000 }, async () => {
  const after = await crash(200, 6, "random");
  expect(after.twice.length).toBeGreaterThan(0);
});
