import { expect, test } from "vitest";
import type { StandingRecord } from "../core/answer.ts";
import type { StepAnswered, StepWaiting } from "../core/event.ts";
import type { ContactedHost } from "../net/egress.ts";
import { cellReader, requireColumns } from "./cells.ts";
import { noCounts } from "./counts.ts";
import { duration, paid, percent, spend } from "./figures.ts";
import { Progress, progressLines } from "./progress.ts";
import { SeenIds } from "./seen.ts";
import { type Setting, summaryLines, summaryOf } from "./summary.ts";
import { tally } from "./tally.ts";

const plain = { currency: "USD", seconds: 1, complete: true, dryRun: false, journal: null };
const setting = { ...plain, hosts: [] as readonly ContactedHost[] } as Setting;

test("ten thousand ids are known again with their first line", () => {
  const seen = new SeenIds();
  for (let line = 1; line <= 10_000; line++) expect(seen.add(`id ${line}`, line)).toBeNull();
  for (let line = 1; line <= 10_000; line += 997) expect(seen.add(`id ${line}`, 1)).toBe(line);
});

test("cells become numbers and truth values where the loop takes them, and only if they spell them", () => {
  const read = cellReader({
    type: "object",
    properties: {
      cents: { type: "integer" },
      share: { type: "number" },
      paid: { type: "boolean" },
      note: { type: ["number", "null"] },
      zip: { type: "string" },
    },
    required: ["cents"],
  });
  expect(read({ cents: "12", share: "-0.5", paid: "true", note: "", zip: "01234" })).toEqual({
    cents: 12,
    share: -0.5,
    paid: true,
    note: null,
    zip: "01234",
  });
  // Leading zeros, lost digits and other spellings stay texts, for the schema to refuse.
  expect(read({ cents: "012", share: "", paid: "yes" })).toEqual({ cents: "012", paid: "yes" });
  expect(read({ cents: "12345678901234567890" })).toEqual({ cents: "12345678901234567890" });
  expect(Object.hasOwn(read(JSON.parse('{"__proto__":"x","cents":"1"}')), "__proto__")).toBe(true);
});

test("a table without a needed column is refused with those that it has", () => {
  const input = { type: "object", required: ["id", "text", "date"] };
  expect(() => requireColumns({ id: "1", body: "x" }, input)).toThrow(
    'the loop needs the columns "text", "date", which the data does not have; it has "id", "body"',
  );
});

test("figures keep what matters", () => {
  expect([percent(0.99999), percent(1), percent(0.00001), percent(0.931)]).toEqual([
    "> 99.9 %",
    "100 %",
    "< 0.1 %",
    "93.1 %",
  ]);
  expect([0.004, 0.5, 3.25, 200, 7500].map(duration)).toEqual(["4.0 ms", "500 ms", "3.3 s", "3 min 20 s", "2 h 5 min"]);
  expect(spend({ cost: 0, unpriced: 0 }, "USD")).toBe("0 USD");
  expect(spend({ cost: 0, unpriced: 3 }, "USD")).toBe("3 replies unpriced");
  expect(spend({ cost: 0.5, unpriced: 1 }, "USD")).toBe("0.50 USD and 1 reply unpriced");
});

test("paid calls are told with what is not known of them", () => {
  const none = noCounts().paid;
  expect(paid({ ...none, calls: 2 }, "USD")).toBe("0 USD");
  expect(paid({ ...none, calls: 2, unpriced: 2 }, "USD")).toBe("2 unpriced");
  expect(paid({ ...none, calls: 9, cost: 0.25, unpriced: 1, served: 3, maybePaidTwice: 2, open: 4 }, "EUR")).toBe(
    "0.25 EUR, 1 unpriced, 3 more served from earlier replies, 2 maybe paid twice, 4 never heard of again",
  );
  const counts = { ...noCounts(), paid: { ...none, calls: 1200, cost: 3 } };
  expect(summaryLines(counts, setting)).toContain("paid calls        1,200  3.00 USD");
  expect(summaryLines(noCounts(), setting).join()).not.toContain("paid calls");
  expect(summaryOf(counts, setting).paid).toMatchObject({ calls: 1200, cost: 3, unpriced: 0 });
});

test("other machines are named, and their absence too", () => {
  const hosts = [
    { host: "a.example:443", connections: 2, refused: 0 },
    { host: "b.example:80", connections: 0, refused: 3 },
  ];
  expect(summaryLines(noCounts(), setting)).toContain("contacted          none");
  expect(summaryLines(noCounts(), { ...setting, hosts }).slice(-2)).toEqual([
    "contacted             1  a.example:443 (2 connections)",
    "  refused             3  b.example:80: not in egress.allow of the config",
  ]);
  expect(summaryOf(noCounts(), { ...setting, hosts }).hosts).toEqual(hosts);
});

test("a rung that was passed over for money was not asked", () => {
  const counts = noCounts();
  const waiting = (path: string, skipped: "unpriced" | "day spent"): StepWaiting => ({
    type: "step_waiting",
    path,
    question: {} as StepWaiting["question"],
    risk: null,
    trail: [{ rung: "far", kind: "escalated", reason: "money", skipped }],
  });
  const events = [waiting("a", "unpriced"), waiting("b", "day spent"), waiting("c", "day spent")];
  tally(events, counts, () => true, 1);
  expect(counts.rungs).toMatchObject({ far: { asked: 0, broken: 0, skipped: { unpriced: 1, "day spent": 2 } } });
  expect(counts.rungsNow).toMatchObject({ far: { asked: 0, skipped: { "day spent": 2 } } });
  expect(summaryLines(counts, setting)).toContain(
    "      far: asked 0, decided 0, skipped 1 without a price, skipped 2 with the day's budget spent",
  );
});

test("what stays local is told apart: under a promise, audited, or without one", () => {
  const counts = noCounts();
  const answered = (path: string, standing?: Pick<StandingRecord, "audited">): StepAnswered => ({
    type: "step_answered",
    path,
    verb: "choose",
    question: "v",
    value: "a",
    confidence: 1,
    basis: "calibrated",
    rung: "words",
    risk: 0.05,
    trail: [],
    milliseconds: 0,
    ...(standing && { standing: standing as StandingRecord }),
  });
  const kept = (): string => summaryLines(counts, setting).find((line) => line.includes("kept local"))!;
  tally([answered("a")], counts, () => true);
  expect(kept()).toContain("1 decided on this machine (no promise yet)");
  tally([answered("b", { audited: true }), answered("c", { audited: false })], counts, () => true);
  expect(counts.questions).toMatchObject({ local: 3, promised: 2, audited: 1 });
  expect(kept()).toContain("3 decided on this machine (2 under a promise, 1 of these audited)");
});

test("the summary says how much the safe answer was given for want of a better one", () => {
  const counts = noCounts();
  const answered = (path: string, rung: string, trail: StepAnswered["trail"] = []) =>
    ({ type: "step_answered", path, rung, trail }) as unknown as StepAnswered;
  const far = { rung: "far", kind: "escalated", skipped: "not worth it" } as const;
  tally([answered("a", "words"), answered("b", "overflow", [far])], counts, (rung) => rung === "words");
  expect(counts.questions).toMatchObject({ local: 1, remote: 0, overflow: 1 });
  const lines = summaryLines(counts, setting).join("\n");
  expect(lines).toMatch(/kept local +50.0 %/);
  expect(lines).toMatch(/by overflow +50.0 % +1 given the safe answer instead/);
  expect(lines).toContain("far: asked 0, decided 0, skipped 1 not worth its price");
});

test("progress says how far it is and what came of it", () => {
  const counts = { ...noCounts(), rows: 52, bytes: 5200, done: 40, waiting: 8, failed: 2 };
  counts.questions = { ...counts.questions, local: 45, waiting: 5 };
  const moment = {
    total: 100,
    totalBytes: null,
    currency: "USD",
    durable: true,
    perSecond: 5,
    draining: false,
    bar: 20,
  };
  expect(progressLines(counts, moment)).toEqual([
    "██████████░░░░░░░░░░ 50/100 (50 %) · 5.0/s · 10 s left · safe to close",
    "kept local 90.0 % · escalated 5 of 50 · waiting 8 · failed 2 · spend 0 USD",
  ]);
  const [guessed] = progressLines(counts, { ...moment, total: null, totalBytes: 52_000 });
  expect(guessed).toContain("50/about 520 (9 %)");
});

test("elsewhere than on a terminal nothing is drawn over, and quiet is quiet", () => {
  const written: string[] = [];
  const options = { total: 1, totalBytes: null, currency: "USD", durable: true, quiet: true };
  const progress = new Progress({ ...options, stream: { isTTY: true, write: (text) => written.push(text) } });
  progress.start(noCounts());
  progress.say("hello");
  progress.stop();
  expect(written).toEqual(["hello\n"]);
});
