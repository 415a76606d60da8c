import fc from "fast-check";
import { expect, test } from "vitest";
import type { DemoMoment } from "../demo/demo.ts";
import { DemoScreen, liveLines } from "./demo-screen.ts";

const cold: DemoMoment = {
  total: 8000,
  done: 0,
  earlier: 0,
  figures: { tickets: 0, kept: 0, wrong: 0, last: { tickets: 0, kept: 0 }, labels: 0, audits: 0 },
  promise: {
    state: "cold",
    why: "learns when there are 250 labels; there are 0",
    risk: 0.05,
    delta: 0.05,
    test: null,
    threshold: null,
    trainedOn: null,
  },
};
const serving: DemoMoment = {
  ...cold,
  done: 4832,
  figures: { tickets: 4800, kept: 2512, wrong: 65, last: { tickets: 500, kept: 357 }, labels: 2466, audits: 161 },
  promise: { ...cold.promise, state: "certified", why: null },
};
const pace = { perSecond: 92, isDraining: false };

test("the live lines say how far, how much stays, under which promise, and what came of it", () => {
  expect(liveLines(serving, pace)).toEqual([
    "█████████░░░░░░░ 4,832 / 8,000 · 92/s · 34 s left · safe to close",
    "kept     71.4 % of the last 500 · 52.3 % so far",
    "promise  CERTIFIED: at most 5 % wrong of what stays local, 95 % confidence",
    "in fact  2.6 % wrong (2.0 to 3.3) of 2,512 · labels 2,466, audits 161",
  ]);
  expect(liveLines(cold, { ...pace, perSecond: null })).toEqual([
    "░░░░░░░░░░░░░░░░ 0 / 8,000 · safe to close",
    "kept     0 % of the last 0 · 0 % so far",
    "promise  COLD: learns when there are 250 labels; there are 0",
    "in fact  nothing kept yet · labels 0, audits 0",
  ]);
});

test("no line is wider than a terminal of 80 columns", () => {
  const moment = fc.record({
    total: fc.constant(10_003),
    kept: fc.nat(10_003),
    wrong: fc.nat(10_003),
    labels: fc.nat(10_003),
    audits: fc.nat(10_003),
    state: fc.constantFrom("probation", "certified", "watch"),
    perSecond: fc.double({ min: 0.01, max: 5000, noNaN: true }),
  });
  fc.assert(
    fc.property(moment, ({ total, kept, wrong, labels, audits, state, perSecond }) => {
      const tickets = Math.max(kept, 1);
      const figures = {
        tickets,
        kept,
        wrong: Math.min(wrong, kept),
        last: { tickets: 500, kept: 499 },
        labels,
        audits,
      };
      const promise = { ...serving.promise, state: state as "watch" };
      const lines = liveLines({ total, done: kept, earlier: 0, figures, promise }, { perSecond, isDraining: false });
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(79);
    }),
  );
});

test("a frame stands over the one before it, and news above both", () => {
  const written: string[] = [];
  const stream = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
  const screen = new DemoScreen({ stream: stream as unknown as NodeJS.WriteStream, quiet: false });
  screen.start(() => serving);
  screen.news({ kind: "other", headline: "calm again", detail: null }, 4800);
  screen.stop();
  expect(written).toHaveLength(3);
  const [first, news, end] = written as [string, string, string];
  expect(first.split("\n")).toHaveLength(5);
  expect(news).toContain("\x1b[4A\r 4,800  calm again\x1b[K\n");
  expect(news.split("\n")).toHaveLength(6);
  expect(end).toBe("\x1b[4A\r\x1b[J");
});

test("nothing at all where it is quiet", () => {
  const written: string[] = [];
  const stream = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
  const screen = new DemoScreen({ stream: stream as unknown as NodeJS.WriteStream, quiet: true });
  screen.start(() => serving);
  screen.say("learning");
  screen.stop();
  expect(written.join("")).toBe("");
});
