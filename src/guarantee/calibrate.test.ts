import { expect, test } from "vitest";
import { calibrate } from "./calibrate.ts";
import { adaptiveEce } from "./calibration-metrics.ts";
import { calibrated } from "./calibrator.ts";
import { sigmoid } from "./logistic.ts";
import { seededRandom } from "./random.ts";
import { fitScoreTemperature, shrunkTemperature } from "./temperature.ts";

/** Scores whose true log-odds are `truly` of them. */
function labels(count: number, truly: (score: number) => number, seed = 1) {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const score = 8 * random() - 2;
    return { score, correct: random() < sigmoid(truly(score)) };
  });
}
const tooBold = (score: number): number => score / 3;
/** Bent: what looks very sure is no surer than what looks fairly sure. */
const bent = (score: number): number => Math.min(score, 1.5) - 0.5;

test("below 50 labels it is the pooled share of right answers, and everything goes up", () => {
  const few = labels(49, tooBold);
  const pooled = labels(300, tooBold, 2);
  const right = [...few, ...pooled].filter(({ correct }) => correct).length;
  const { calibrator, escalates, why } = calibrate(few, { pooled });
  expect(calibrator).toEqual({ kind: "constant", p: (right + 1) / 351 });
  expect(escalates).toBe(true);
  expect(why).toContain("49 labels are fewer than 50");
  expect(calibrate([])).toMatchObject({ calibrator: { kind: "constant", p: 0.5 }, escalates: true, rawNll: null });
});

test("from 50 labels it is a temperature, shrunk to that of the other questions", () => {
  const own = labels(60, tooBold);
  const pooled = labels(900, tooBold, 2);
  const { calibrator, escalates } = calibrate(own, { pooled });
  const temperature = shrunkTemperature(fitScoreTemperature(own), fitScoreTemperature(pooled), 60);
  expect(calibrator).toEqual({ kind: "temperature", temperature: expect.closeTo(temperature, 9) });
  expect(escalates).toBe(false);
});

test("from 200 labels it is one of the curves, and above 1,000 it is steps", () => {
  for (const count of [200, 1000]) expect(["platt", "beta"]).toContain(calibrate(labels(count, bent)).calibrator.kind);
  expect(calibrate(labels(199, tooBold)).calibrator.kind).toBe("temperature");
  const chosen = calibrate(labels(1001, bent));
  expect(chosen.calibrator.kind).toBe("isotonic");
  expect(chosen.tried).toEqual([{ kind: "isotonic", nll: expect.any(Number), adopted: true }]);
  expect(chosen.tried[0]!.nll).toBeLessThan(chosen.rawNll!);
});

test.each([60, 300, 1500])("nothing is adopted over a raw probability that is right already: %d labels", (count) => {
  let raw = 0;
  for (let seed = 1; seed <= 10; seed++) {
    const { calibrator, tried, rawNll, why } = calibrate(labels(count, (score) => score, seed));
    if (calibrator.kind !== "raw") continue;
    raw++;
    expect(tried.some(({ adopted }) => adopted)).toBe(false);
    for (const { nll } of tried) expect(nll).toBeGreaterThanOrEqual(rawNll!);
    expect(why).toContain("nothing tried");
  }
  // By chance alone one of several candidates sometimes looks a little better.
  expect(raw).toBeGreaterThanOrEqual(4);
});

test("a pooled temperature that is far off is not adopted", () => {
  const pooled = labels(900, (score) => score / 8, 2);
  const own = labels(60, (score) => score, 3);
  expect(calibrate(own, { pooled }).calibrator).toEqual({ kind: "raw" });
  expect(
    calibrate(
      labels(60, (score) => score / 8, 3),
      { pooled },
    ).calibrator.kind,
  ).toBe("temperature");
});

test("the raw probability is the rung's own where it is told, not that of the score", () => {
  const own = labels(300, (score) => score).map((item) => ({ ...item, p: 0.01 }));
  const { calibrator, rawNll } = calibrate(own);
  expect(rawNll).toBeGreaterThan(1);
  expect(calibrator.kind).not.toBe("raw");
});

test("the calibrated probability of new items is nearer to what happens than the raw one", () => {
  const { calibrator } = calibrate(labels(2000, bent));
  const fresh = labels(4000, bent, 9);
  const errorOf = (confidenceOf: (score: number) => number): number =>
    adaptiveEce(fresh.map(({ score, correct }) => ({ confidence: confidenceOf(score), correct }))).ece;
  expect(errorOf((score) => calibrated(calibrator, score))).toBeLessThan(0.04);
  expect(errorOf(sigmoid)).toBeGreaterThan(0.1);
});

test("copies of an item do not pass for evidence when they are named as one cluster", () => {
  const few = labels(24, (score) => score, 3);
  const copies = few.flatMap((item, index) => Array.from({ length: 50 }, () => ({ ...item, cluster: String(index) })));
  expect(calibrate(copies).calibrator.kind).not.toBe("isotonic");
  const unnamed = copies.map(({ score, correct }) => ({ score, correct }));
  expect(calibrate(unnamed).calibrator.kind).toBe("isotonic");
});

test("rare audits count for what they stand for: weights undo a biased sample", () => {
  const random = seededRandom(5);
  const everything = labels(40_000, bent, 4);
  // Wrong answers were looked at always, right ones seldom.
  const seen = everything
    .filter(({ correct }) => !correct || random() < 0.1)
    .map((item) => ({ ...item, weight: item.correct ? 10 : 1 }))
    .slice(0, 1500);
  const at4 = calibrated(calibrate(seen).calibrator, 4);
  expect(Math.abs(at4 - sigmoid(bent(4)))).toBeLessThan(0.06);
  const unweighted = seen.map(({ score, correct }) => ({ score, correct }));
  expect(calibrated(calibrate(unweighted).calibrator, 4)).toBeLessThan(0.5);
});
