import fc from "fast-check";
import { expect, test } from "vitest";
import { crossFitted, foldsOf } from "./folds.ts";
import { fitLogistic, fitLogisticScaled, logisticOf, logit, sigmoid, softplus } from "./logistic.ts";
import { seededRandom, shuffle } from "./random.ts";

test("random numbers lie in [0, 1), are even, and are the same for the same seed", () => {
  const random = seededRandom(7);
  const drawn = Array.from({ length: 20_000 }, random);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...drawn)).toBeLessThan(1);
  for (let tenth = 0; tenth < 10; tenth++) {
    const share = drawn.filter((value) => Math.floor(value * 10) === tenth).length / drawn.length;
    expect(Math.abs(share - 0.1)).toBeLessThan(0.01);
  }
  const again = seededRandom(7);
  expect(drawn.slice(0, 5)).toEqual(Array.from({ length: 5 }, again));
  expect(seededRandom(8)()).not.toBe(drawn[0]);
});

test("a shuffle keeps every value, leaves the list alone, and takes every order alike", () => {
  const seen = new Map<string, number>();
  const random = seededRandom(3);
  for (let draw = 0; draw < 6000; draw++) {
    const list = ["a", "b", "c"];
    const order = shuffle(list, random).join("");
    expect(list).toEqual(["a", "b", "c"]);
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  expect(seen.size).toBe(6);
  for (const times of seen.values()) expect(Math.abs(times - 1000)).toBeLessThan(120);
});

test("a ridge logistic regression is the one that scikit-learn 1.x fits with C = 1 / ridge", () => {
  const scores = Array.from({ length: 120 }, (_, i) => ((i * 37) % 101) / 10 - 5);
  const labels = scores.map((score, i) => ((i * 53) % 97) / 97 < sigmoid(0.6 * score + 0.4));
  const rows = scores.map((score) => [score, score ** 2 / 10]);
  const fit = fitLogistic(rows, labels, { ridge: 2 });
  expect(fit.intercept).toBeCloseTo(0.10084137, 6);
  expect(fit.weights[0]).toBeCloseTo(0.4783500416, 6);
  expect(fit.weights[1]).toBeCloseTo(0.4947672429, 6);
  expect(fitLogistic(rows, labels, { ridge: 20 }).weights[0]).toBeLessThan(fit.weights[0]!);
});

test("no row can be moved to a better fit: the slope of the penalised loss is 0", () => {
  const row = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }), fc.boolean());
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), (drawn) => {
      const rows = drawn.map(([a, b]) => [a, b]);
      const labels = drawn.map(([, , label]) => label);
      const weights = drawn.map((_, at) => 1 + (at % 3));
      const fit = fitLogistic(rows, labels, { ridge: 0.5, weights });
      for (const at of [0, 1]) {
        const pull = rows.reduce(
          (sum, each, index) => sum + weights[index]! * (logisticOf(fit, each) - Number(labels[index])) * each[at]!,
          0,
        );
        expect(pull + 0.5 * fit.weights[at]!).toBeCloseTo(0, 3);
      }
    }),
    { numRuns: 60 },
  );
});

test("separable labels, one class alone and no rows at all have finite fits", () => {
  const separable = fitLogistic([[-1], [1], [2]], [false, true, true], { ridge: 0 });
  expect(Number.isFinite(separable.weights[0])).toBe(true);
  expect(logisticOf(separable, [1])).toBeGreaterThan(0.999);
  expect(logisticOf(fitLogistic([[1], [2]], [true, true]), [1.5])).toBeGreaterThan(0.99);
  expect(fitLogistic([], [])).toEqual({ intercept: 0, weights: [] });
  const huge = fitLogistic([[1e6], [2e6], [-1e6], [-3e6]], [true, true, false, true], { ridge: 0 });
  expect(Number.isFinite(huge.intercept) && Number.isFinite(huge.weights[0])).toBe(true);
});

test("rows that are not numbers, of unequal length or without labels are refused", () => {
  expect(() => fitLogistic([[Number.NaN]], [true])).toThrow("row 0");
  expect(() => fitLogistic([[1], [1, 2]], [true, false])).toThrow("row 1");
  expect(() => fitLogistic([[1]], [])).toThrow("equally many");
  expect(() => fitLogistic([[1]], [true], { weights: [-1] })).toThrow("weight");
});

test("a scaled fit does not care in which unit a column is, and leaves out one that never varies", () => {
  const scores = Array.from({ length: 60 }, (_, i) => ((i * 7) % 31) - 15);
  const labels = scores.map((score, i) => ((i * 5) % 11) - 5 < score);
  const fit = fitLogisticScaled(
    scores.map((score) => [score, 3]),
    labels,
  );
  const other = fitLogisticScaled(
    scores.map((score) => [score * 1000 + 5, 3]),
    labels,
  );
  expect(fit.weights[1]).toBe(0);
  for (const score of [-15, 0, 8]) {
    expect(logisticOf(other, [score * 1000 + 5, 3])).toBeCloseTo(logisticOf(fit, [score, 3]), 8);
  }
});

test("a probability comes back from its log-odds, and neither overflows", () => {
  for (const p of [1e-5, 0.2, 0.5, 0.999]) expect(sigmoid(logit(p))).toBeCloseTo(p, 12);
  expect([sigmoid(800), sigmoid(-800), softplus(800), softplus(-800)]).toEqual([1, 0, 800, 0]);
  expect(Number.isFinite(logit(1))).toBe(true);
});

test("a cluster is never on both sides of a split, and the folds are of like size", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 }), fc.integer(), (names, seed) => {
      const of = foldsOf(names.length, 5, seed, (index) => String(names[index]));
      const foldOf = new Map<number, number>();
      for (const [index, name] of names.entries()) {
        expect(foldOf.get(name) ?? of[index]).toBe(of[index]);
        foldOf.set(name, of[index]!);
      }
    }),
  );
  const sizes = [0, 1, 2].map((fold) => foldsOf(100, 3, 1).filter((of) => of === fold).length);
  expect(sizes.toSorted()).toEqual([33, 33, 34]);
});

test("what is held out is never learned from, and a single fold has nothing to learn from", () => {
  const folds = foldsOf(20, 4, 1);
  const learnedFrom = crossFitted(
    folds,
    (training) => training,
    (training, index) => ({ training, index }),
  );
  expect(learnedFrom).toHaveLength(20);
  for (const { training, index } of learnedFrom!) {
    expect(training).not.toContain(index);
    expect(training.length).toBe(15);
  }
  expect(
    crossFitted(
      foldsOf(3, 5, 1, () => "one cluster"),
      () => 0,
      () => 0,
    ),
  ).toBeNull();
});
