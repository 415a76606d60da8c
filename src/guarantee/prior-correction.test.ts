import { expect, test } from "vitest";
import {
  accuracyOf,
  adoptPrior,
  batchPrior,
  contextualPrior,
  corrected,
  labelledPrior,
  type PriorCorrection,
} from "./prior-correction.ts";
import { seededRandom } from "./random.ts";
import { tempered } from "./temperature.ts";

/**
 * Softmax rows over options whose logits carry a liking, noise, and a lead of the right one. Modelled on six-option
 * logits of 1.8B to 13B models, whose last two options ("don't know", "none of these") are hardly ever right.
 */
function drawn(count: number, truthOf: (draw: number) => number, liking: readonly number[], seed = 1) {
  const random = seededRandom(seed);
  const noise = (): number => 1.6 * (random() + random() + random() - 1.5);
  const truths = Array.from({ length: count }, () => truthOf(random()));
  const rows = truths.map((truth) =>
    tempered(
      liking.map((like, at) => like + noise() + (at === truth ? 1.8 : 0)),
      1,
    ),
  );
  return { rows, truths };
}
const oneOfFour = (draw: number): number => Math.floor(draw * 4);
const without = [0, 0, 0, 0, -2.5, -3];
const apply = (correction: PriorCorrection | null, rows: readonly (readonly number[])[]) =>
  rows.map((row) => corrected(correction, row));

test("with two options that are never right the kept correction costs no accuracy, while the batch form loses several points", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { rows, truths } = drawn(1500, oneOfFour, without, seed);
    const raw = accuracyOf(rows, truths);
    const { correction, accuracy } = adoptPrior(rows, truths);
    expect(accuracyOf(apply(correction, rows), truths)).toBeGreaterThan(raw - 0.005);
    if (correction) expect(accuracy).toBeGreaterThanOrEqual(raw - 0.005);
    expect(accuracyOf(apply(batchPrior(rows), rows), truths)).toBeLessThan(raw - 0.03);
  }
});

test("a liking for one option is taken off: likelier and more often right, on other items too", () => {
  const liking = [2.5, 0, 0, 0, -2.5, -3];
  const { rows, truths } = drawn(600, oneOfFour, liking);
  const { correction, nll, rawNll, why } = adoptPrior(rows, truths);
  expect(correction?.kind).toBe("labelled");
  expect(nll).toBeLessThan(rawNll);
  expect(why).toContain("kept");
  const fresh = drawn(3000, oneOfFour, liking, 8);
  expect(accuracyOf(apply(correction, fresh.rows), fresh.truths)).toBeGreaterThan(
    accuracyOf(fresh.rows, fresh.truths) + 0.05,
  );
});

test("it is refused where the held-out loss does not fall, and where nothing can be held out", () => {
  let refused = 0;
  for (let seed = 1; seed <= 10; seed++) {
    // Few items, and truths drawn from the very probabilities: there is nothing to correct.
    const { rows } = drawn(40, oneOfFour, [0, 0, 0, 0], seed);
    const random = seededRandom(seed + 100);
    const truths = rows.map((row) => {
      const draw = random();
      return Math.max(
        0,
        row.findIndex((_, at) => draw < row.slice(0, at + 1).reduce((sum, p) => sum + p, 0)),
      );
    });
    const { correction, nll, rawNll, why } = adoptPrior(rows, truths);
    expect(correction === null).toBe(!(nll < rawNll) || why.includes("accuracy"));
    if (correction === null) refused++;
  }
  expect(refused).toBeGreaterThanOrEqual(5);
  expect(adoptPrior([[0.5, 0.5]], [0])).toMatchObject({ correction: null, why: "there is nothing to hold out" });
});

test("a correction that lowers the loss and costs accuracy is refused", () => {
  // Option 1 is half as likely as said wherever it is said to be unlikely, and right wherever it just leads.
  const close = Array.from({ length: 30 }, () => [0.49, 0.51]);
  const far = Array.from({ length: 70 }, () => [0.6, 0.4]);
  const rows = [...close, ...far];
  const truths = [...close.map((_, at) => Number(at < 17)), ...far.map((_, at) => Number(at < 2))];
  const { correction, nll, rawNll, accuracy, rawAccuracy, why } = adoptPrior(rows, truths);
  expect(nll).toBeLessThan(rawNll);
  expect(accuracy).toBeLessThan(rawAccuracy - 0.005);
  expect(correction).toBeNull();
  expect(why).toContain("points of accuracy");
});

test("the forms are what their formulas say", () => {
  const rows = [
    [0.8, 0.2],
    [0.6, 0.4],
  ];
  expect(corrected(batchPrior(rows), [0.7, 0.3])).toEqual([expect.closeTo(0.5, 12), expect.closeTo(0.5, 12)]);
  expect(contextualPrior([[0.5, 0.25]]).factors).toEqual([2, 4]);
  // One of three after adding one to each: π = (3/4, 1/4), mean (0.7, 0.3).
  expect(labelledPrior(rows, [0, 0]).factors).toEqual([expect.closeTo(0.75 / 0.7, 12), expect.closeTo(0.25 / 0.3, 12)]);
  expect(labelledPrior(rows, [0, 0], [[0.1, 0.9]]).factors[0]).toBeCloseTo(0.75 / 0.5, 12);
  expect(corrected(null, [0.7, 0.3])).toEqual([0.7, 0.3]);
});

test("rows that are no probabilities, and truths that are no options, are refused", () => {
  expect(() => adoptPrior([[0.5, Number.NaN]], [0])).toThrow("item 0");
  expect(() => adoptPrior([[0.5, 0.5]], [2])).toThrow("item 0");
  expect(() => adoptPrior([[0.5, 0.5]], [])).toThrow("right option");
  expect(() => batchPrior([])).toThrow("at least one item");
});
