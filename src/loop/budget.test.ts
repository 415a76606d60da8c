import { expect, test } from "vitest";
import { z } from "zod";
import { defineConfig } from "../config/config.ts";
import { makeParts } from "../config/parts.ts";
import { noUsage } from "../core/usage.ts";
import type { Journal } from "../journal/journal.ts";
import { memoryJournal } from "../journal/memory.ts";
import { openJournal } from "../journal/sqlite.ts";
import { person } from "../rung/person.ts";
import type { Rung } from "../rung/rung.ts";
import { scripted } from "../rung/scripted.ts";
import { DayBudget } from "./budget.ts";
import { defineLoop } from "./loop.ts";
import { runItem } from "./run.ts";

const loop = defineLoop({
  name: "paid",
  input: z.string(),
  output: z.string(),
  run: async (text, step) => (await step.choose("team", { about: text, ask: "Which?", options: ["a", "b"] })).value,
});

async function go(journal: Journal, config: Parameters<typeof makeParts>[0], count: number, now = () => 0) {
  const parts = makeParts(config, journal, { now });
  const kinds: string[] = [];
  const one = async (item: string): Promise<void> => {
    const identity = { loop: loop.name, version: loop.version, item, content: item };
    const taken = await journal.begin({ ...identity, input: item });
    if (taken.kind === "taken") kinds.push((await runItem(loop, taken, parts)).kind);
  };
  await Promise.all(Array.from({ length: count }, (_, index) => one(`${now()}-${index}`)));
  return {
    ended: kinds.filter((kind) => kind === "ended").length,
    waiting: kinds.filter((kind) => kind === "waiting").length,
  };
}

const paid = (cost: number | null) => scripted({ team: "a" }, { cost, local: false, name: "paid" });

test.each([
  ["memory", () => memoryJournal()],
  ["sqlite", () => openJournal(":memory:")],
] as const)(
  "a day's budget is never passed, and what it does not cover waits for a person (%s)",
  async (_name, open) => {
    const journal = open();
    const config = defineConfig({ ladder: [paid(0.3), person()], budget: { perDay: 1 } });
    expect(await go(journal, config, 10)).toEqual({ ended: 3, waiting: 7 });
    expect(Number(journal.notes.get("spend/1970-01-01"))).toBeCloseTo(0.9);
    // The next process, and the next day.
    expect(await go(journal, config, 1, () => 1000)).toEqual({ ended: 0, waiting: 1 });
    expect(await go(journal, config, 5, () => 86_400_000)).toEqual({ ended: 3, waiting: 2 });
    const [first] = journal.waiting();
    expect(first?.waiting.trail[0]).toMatchObject({ reason: "the day's budget does not hold another reply of it" });
    await journal.close();
  },
);

test.each([
  ["memory", () => memoryJournal()],
  ["sqlite", () => openJournal(":memory:")],
] as const)("what was set aside before midnight is settled in the books of its day (%s)", async (_name, open) => {
  const journal = open();
  const lastMinute = 86_400_000 - 60_000;
  let now = lastMinute;
  const budget = new DayBudget(1, journal.notes, () => now);
  const dear = budget.reserve(0.9);
  expect(budget.reserve(0.2)).toBeNull();
  now = lastMinute + 120_000;
  const other = budget.reserve(0.5);
  // It took 0.1: the day that gave 0.9 has 0.8 back, and the new day nothing.
  dear?.settle(0.1);
  expect(budget.spent).toBeCloseTo(0.5);
  expect(budget.holds(0.6)).toBe(false);
  other?.settle(0.4);
  // Commits are in order: the sums are on record by then.
  await journal.notes.add("now", 1);
  expect(Number(journal.notes.get("spend/1970-01-01"))).toBeCloseTo(0.1);
  expect(Number(journal.notes.get("spend/1970-01-02"))).toBeCloseTo(0.4);
  expect(budget.spent).toBeCloseTo(0.4);
  await journal.close();
});

test("a reply that nobody counted takes the most that it can have cost out of the day", async () => {
  const uncounted: Rung = {
    ...paid(0.3),
    decide: () => ({ kind: "escalated", reason: "no", usage: { ...noUsage, cost: null } }),
  };
  const journal = memoryJournal();
  await go(journal, defineConfig({ ladder: [uncounted, person()], budget: { perDay: 1 } }), 10);
  expect(Number(journal.notes.get("spend/1970-01-01"))).toBeCloseTo(0.9);
});

test("what others spend is seen while something of ours is always on its way", async () => {
  const journal = memoryJournal();
  const held: (() => void)[] = [];
  // A disk so slow that one write is on its way whenever anybody looks.
  const slow = {
    ...journal.notes,
    add: async (key: string, amount: number) => {
      const sum = await journal.notes.add(key, amount);
      await new Promise<void>((resolve) => void held.push(resolve));
      return sum;
    },
  };
  const budget = new DayBudget(1, slow, () => 0);
  budget.reserve(0.1);
  await journal.notes.add("spend/1970-01-01", 0.7);
  budget.reserve(0.1);
  await new Promise((resolve) => setImmediate(resolve));
  for (let left = 0; left < 2; left++) {
    budget.reserve(0.001);
    held.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(budget.spent).toBeGreaterThan(0.9);
  expect(budget.reserve(0.2)).toBeNull();
});

test("without the reservation, replies side by side would pass it", async () => {
  const config = defineConfig({ ladder: [paid(0.3), person()] });
  expect(await go(memoryJournal(), config, 10)).toEqual({ ended: 10, waiting: 0 });
});

test("a rung without a price is passed over under a budget, unless the config allows or prices it", async () => {
  const ladder = [paid(null), person()];
  expect(await go(memoryJournal(), defineConfig({ ladder, budget: { perDay: 1 } }), 2)).toEqual({
    ended: 0,
    waiting: 2,
  });
  const allowed = defineConfig({ ladder, budget: { perDay: 1, unpriced: "allow" } });
  expect(await go(memoryJournal(), allowed, 2)).toEqual({ ended: 2, waiting: 0 });
  const priced = defineConfig({
    ladder,
    budget: { perDay: 1 },
    prices: { updated: "2026-11-01", perReply: { paid: 0.6 } },
  });
  expect(await go(memoryJournal(), priced, 2)).toEqual({ ended: 1, waiting: 1 });
});

test("an amount that is none is refused", () => {
  expect(() => defineConfig({ budget: { perDay: Number.NaN } })).toThrow(/budget.perDay/);
  expect(() => defineConfig({ prices: { updated: "2026-11-01", perReply: { paid: -1 } } })).toThrow(/paid/);
  expect(() => defineConfig({ prices: { updated: "yesterday", perReply: {} } })).toThrow(/updated/);
});
