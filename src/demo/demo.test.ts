import { expect, test } from "vitest";
import { defineConfig } from "../config/config.ts";
import type { Journal } from "../journal/journal.ts";
import { memoryJournal } from "../journal/memory.ts";
import type { Rung } from "../rung/rung.ts";
import { type DemoReport, runDemo } from "./demo.ts";
import { knownAnswers, knownTeams } from "./known.ts";

const secret = new Uint8Array(32).fill(7);
const never = new AbortController().signal;

/** A local rung that needs no training: sure and right of most tickets, unsure and wrong of those with a "why". */
function knack(onAsked: () => void): Rung {
  const known = knownAnswers();
  return {
    name: "knack",
    local: true,
    mostCost: 0,
    acceptAt: 0.9,
    open: known.open!,
    async decide(question, context) {
      onAsked();
      const reply = await known.decide(question, context);
      const isHard = /why/i.test(question.about);
      if (reply.kind !== "answered") return reply;
      const value = isHard ? "account" : reply.value;
      return { ...reply, value, basis: "raw", confidence: isHard ? 0.4 : 0.97 };
    },
  };
}

/** The demo without its models; drained when so many tickets were asked about. */
async function demoOf(journal: Journal, tickets: number, drainAt = Number.POSITIVE_INFINITY): Promise<DemoReport> {
  const drain = new AbortController();
  let asked = 0;
  const onAsked = (): void => {
    if (++asked === drainAt) drain.abort();
  };
  return await runDemo({
    journal,
    tickets,
    config: defineConfig({ ladder: [knack(onAsked), knownAnswers()] }),
    say: () => {},
    onNews: () => {},
    onStream: () => {},
    onEnd: () => {},
    drain: drain.signal,
    stop: never,
  });
}

test("everything goes up at first, and each answer from above is a label", async () => {
  const report = await demoOf(memoryJournal({ secret }), 300);
  const { complete, calls, saved, rows, promise } = report;
  expect({ complete, calls, saved }).toEqual({ complete: true, calls: 300, saved: 0 });
  expect(rows.map(({ tickets, kept, error }) => [tickets, kept, error])).toEqual([
    [250, 0, null],
    [300, 0, null],
  ]);
  // Texts that occur twice are one label.
  expect(rows[0]!.labels).toBeGreaterThan(240);
  expect(promise).toMatchObject({ state: "cold", why: expect.stringContaining("on trial") });
});

test("a share comes to stay local under a promise, and an interruption changes nothing", async () => {
  const tickets = 700;
  const whole = await demoOf(memoryJournal({ secret }), tickets);
  const { promise, error, saved, rows } = whole;
  expect(promise.test).not.toBeNull();
  expect(rows.at(-1)!.kept).toBeGreaterThan(50);
  expect(error!.low).toBeLessThan(0.05);
  expect(saved).toBeGreaterThan(0);

  const journal = memoryJournal({ secret });
  const broken = await demoOf(journal, tickets, 110);
  expect([broken.complete, broken.tickets < 250]).toEqual([false, true]);
  const { earlier, ...resumed } = await demoOf(journal, tickets);
  expect(earlier).toBeGreaterThanOrEqual(110);
  expect(resumed).toMatchObject({ complete: true, rows, promise, saved });
});

test("the simulated rung knows every ticket, and says so of no other text", async () => {
  const rung = knownAnswers();
  await rung.open?.({} as never);
  expect((await knownTeams()).size).toBeGreaterThan(9_900);
  const ask = (about: string) => rung.decide({ about } as never, {} as never);
  expect(ask("Can I top off with a debit card?")).toMatchObject({ kind: "answered", basis: "certain" });
  expect(ask("Is it going to rain?")).toMatchObject({ kind: "escalated" });
});
