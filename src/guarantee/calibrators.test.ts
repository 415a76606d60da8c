import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fitBeta } from "./beta-calibration.ts";
import { type Calibrator, calibrated } from "./calibrator.ts";
import { fitIsotonic, isotonicOf, poolAdjacentViolators } from "./isotonic.ts";
import { sigmoid } from "./logistic.ts";
import { fitPlatt } from "./platt.ts";
import { seededRandom } from "./random.ts";
import type { ScoredLabel } from "./scored.ts";
import { adoptTemperature, fitScoreTemperature, fitTemperature, shrunkTemperature, tempered } from "./temperature.ts";

/** 120 labels that need no generator; the golden numbers below are scikit-learn's and scipy's for the same ones. */
const golden: readonly ScoredLabel[] = Array.from({ length: 120 }, (_, i) => {
  const score = ((i * 37) % 101) / 10 - 5;
  return { score, correct: ((i * 53) % 97) / 97 < sigmoid(0.6 * score + 0.4), weight: 1 + (i % 3) };
});

/** The option that a draw from [0, 1) falls on. */
function optionAt(p: readonly number[], draw: number): number {
  let sum = 0;
  return Math.max(
    0,
    p.findIndex((share) => {
      sum += share;
      return draw < sum;
    }),
  );
}

/** Option logits, and a right option drawn from their softmax at a temperature. */
function drawn(count: number, temperature: number, seed: number) {
  const random = seededRandom(seed);
  const logits = Array.from({ length: count }, () => Array.from({ length: 4 }, () => 6 * temperature * random()));
  return { logits, truths: logits.map((row) => optionAt(tempered(row, temperature), random())) };
}

describe("temperature", () => {
  test.each([0.5, 2.5])("is found within a hundredth of itself where it is %s", (temperature) => {
    const { logits, truths } = drawn(40_000, temperature, 1);
    expect(Math.abs(fitTemperature(logits, truths) / temperature - 1)).toBeLessThan(0.01);
  });

  test("is the one that scipy finds, for options and for scores", () => {
    const logits = Array.from({ length: 120 }, (_, k) => [0, 1, 2, 3].map((j) => ((k * 29 + j * 41) % 83) / 8));
    const truths = logits.map((row, k) => {
      const moved = row.map((value, j) => value + ((k * 61 + j * 17) % 71) / 9);
      return moved.indexOf(Math.max(...moved));
    });
    expect(fitTemperature(logits, truths)).toBeCloseTo(0.8300791869, 6);
    expect(fitScoreTemperature(golden)).toBeCloseTo(2.38874653, 6);
  });

  test("is adopted where the logits need one", () => {
    const { logits, truths } = drawn(400, 3, 2);
    const adopted = adoptTemperature(logits, truths);
    expect(adopted).toMatchObject({ adopted: true });
    expect(adopted.temperature).toBeGreaterThan(2);
    expect(adopted.nll).toBeLessThan(adopted.rawNll);
  });

  // As with Qwen-7B and Qwen-1.8B on HaluEval's summaries, where 2,000 items refuse it by 0.0005 nats.
  test("is refused where it only fits the noise, though on its own items it looks better", () => {
    let refused = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { logits, truths } = drawn(60, 1, seed);
      const lossAt = (temperature: number) =>
        logits.reduce((sum, row, at) => sum - Math.log(tempered(row, temperature)[truths[at]!]!), 0);
      expect(lossAt(fitTemperature(logits, truths))).toBeLessThanOrEqual(lossAt(1) + 1e-9);
      const { adopted, temperature } = adoptTemperature(logits, truths);
      if (!adopted) {
        refused++;
        expect(temperature).toBe(1);
      }
    }
    expect(refused).toBeGreaterThan(10);
  });

  test("is refused where a few labels lean on a pooled temperature that is far off", () => {
    const { logits, truths } = drawn(60, 1, 5);
    const { adopted, nll, rawNll } = adoptTemperature(logits, truths, { pooled: 4 });
    expect(adopted).toBe(false);
    expect(nll).toBeGreaterThan(rawNll);
  });

  test("never changes which option is best, and shrinks by the number of labels", () => {
    const row = [0.2, 3, -4, 2.9];
    for (const t of [0.1, 1, 30]) expect(tempered(row, t).indexOf(Math.max(...tempered(row, t)))).toBe(1);
    expect(shrunkTemperature(4, 1, 100)).toBeCloseTo(2, 12);
    expect(shrunkTemperature(4, 1, 0)).toBe(1);
  });

  test("wants a right option for every item, and finite logits", () => {
    expect(() => fitTemperature([[1, 2]], [2])).toThrow("item 0");
    expect(() => fitTemperature([[1, Number.NaN]], [0])).toThrow("item 0");
    expect(() => fitTemperature([[1, 2]], [])).toThrow("right option for each");
  });
});

test("Platt's and the beta curve are those of scikit-learn's ridge on columns of variance 1", () => {
  const { a, b } = fitPlatt(golden);
  expect(a).toBeCloseTo(0.424476541, 6);
  expect(b).toBeCloseTo(0.398510916, 6);
  const beta = fitBeta(golden);
  expect(beta.a).toBeCloseTo(0.209789184, 6);
  expect(beta.b).toBeCloseTo(0.723121334, 6);
  expect(beta.c).toBeCloseTo(-0.231136644, 6);
});

test("a score that points the wrong way leaves only the share that is right", () => {
  const wrongWay = golden.map(({ score, ...label }) => ({ ...label, score: -score }));
  const total = golden.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const right = golden.reduce((sum, { correct, weight = 1 }) => sum + (correct ? weight : 0), 0);
  for (const calibrator of [fitPlatt(wrongWay), fitBeta(wrongWay)]) {
    for (const score of [-4, 0, 4]) expect(calibrated(calibrator, score)).toBeCloseTo(right / total, 6);
  }
});

test("beta leaves calibrated scores nearly alone", () => {
  const random = seededRandom(4);
  const items = Array.from({ length: 20_000 }, () => {
    const score = 8 * random() - 3;
    return { score, correct: random() < sigmoid(score) };
  });
  const beta = fitBeta(items);
  for (const score of [-2, 0, 2, 4]) expect(Math.abs(calibrated(beta, score) - sigmoid(score))).toBeLessThan(0.015);
});

describe("isotonic", () => {
  /** The greatest over all beginnings of the least mean over all ends: what defines the fit, in cubic time. */
  function plainIsotonic(values: readonly number[], weights: readonly number[]): number[] {
    const meanOf = (from: number, to: number): number => {
      let [sum, weight] = [0, 0];
      for (let at = from; at <= to; at++) [sum, weight] = [sum + values[at]! * weights[at]!, weight + weights[at]!];
      return sum / weight;
    };
    return values.map((_, at) => {
      const starts = Array.from({ length: at + 1 }, (__, from) => from);
      const ends = Array.from({ length: values.length - at }, (__, past) => at + past);
      return Math.max(...starts.map((from) => Math.min(...ends.map((to) => meanOf(from, to)))));
    });
  }

  const weighted = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 4 })), {
    minLength: 1,
    maxLength: 25,
  });

  test("is what its definition gives, and keeps the weighted mean of every block", () => {
    fc.assert(
      fc.property(weighted, (pairs) => {
        const values = pairs.map(([value]) => value);
        const weights = pairs.map(([, weight]) => weight);
        const fitted = poolAdjacentViolators(values, weights);
        for (const [at, value] of plainIsotonic(values, weights).entries()) expect(fitted[at]).toBeCloseTo(value, 9);
        for (const level of new Set(fitted)) {
          const block = [...fitted.keys()].filter((at) => fitted[at] === level);
          const sum = block.reduce((total, at) => total + weights[at]! * values[at]!, 0);
          expect(sum / block.reduce((total, at) => total + weights[at]!, 0)).toBeCloseTo(level, 9);
        }
        expect(fitted).toEqual(fitted.toSorted((a, b) => a - b));
      }),
    );
  });

  test("is scikit-learn's, ties and weights and the lines between steps included, but for floor and ceiling", () => {
    const fit = fitIsotonic(golden);
    const at = (score: number): number => isotonicOf(fit, score);
    expect([-4.85, -2.05, 0.03, 1.234].map(at)).toEqual([
      expect.closeTo(0.1, 12),
      expect.closeTo(0.32432432432432434, 12),
      expect.closeTo(0.5833333333333334, 12),
      expect.closeTo(0.7391304347826086, 12),
    ]);
    expect(at(3.3)).toBe(1 - 1 / 122);
    expect(at(-99)).toBeGreaterThanOrEqual(1 / 122);
  });

  test("gives equal scores one value, whatever their order, and does with a single label", () => {
    const tied = [true, false, true, true].map((correct) => ({ score: 2, correct }));
    expect(isotonicOf(fitIsotonic(tied), 2)).toBeCloseTo(0.75, 12);
    expect(fitIsotonic(tied.toReversed())).toEqual(fitIsotonic(tied));
    const one = fitIsotonic([{ score: 1, correct: true }]);
    for (const score of [-5, 1, 5]) expect(isotonicOf(one, score)).toBeCloseTo(2 / 3, 12);
    expect(() => fitIsotonic([])).toThrow("at least one label");
  });
});

describe("any calibrator", () => {
  const label = fc.record({ score: fc.integer({ min: -60, max: 60 }).map((x) => x / 4), correct: fc.boolean() });
  const labels = fc.array(label, { minLength: 1, maxLength: 40 });
  const fits: readonly ((items: readonly ScoredLabel[]) => Calibrator)[] = [
    () => ({ kind: "raw" }),
    () => ({ kind: "constant", p: 0.7 }),
    (items) => ({ kind: "temperature", temperature: fitScoreTemperature(items) }),
    fitPlatt,
    fitBeta,
    fitIsotonic,
  ];

  test("gives a probability that never falls when the score rises, and is the same after JSON", () => {
    fc.assert(
      fc.property(labels, fc.constantFrom(...fits), (items, learn) => {
        const calibrator = learn(items);
        const again = JSON.parse(JSON.stringify(calibrator)) as Calibrator;
        let before = 0;
        for (let score = -30; score <= 30; score += 0.37) {
          const p = calibrated(calibrator, score);
          expect(p).toBeGreaterThanOrEqual(before - 1e-12);
          expect(p).toBeLessThanOrEqual(1);
          expect(calibrated(again, score)).toBe(p);
          before = p;
        }
      }),
      { numRuns: 60 },
    );
  });

  test("gives 0 to what is not a number, so that it goes up", () => {
    for (const learn of fits) {
      const calibrator = learn(golden);
      for (const score of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        expect(calibrated(calibrator, score)).toBe(0);
      }
      expect(calibrated(calibrator, 1)).toBeGreaterThan(0);
    }
    expect(calibrated({ kind: "raw" }, 1, Number.NaN)).toBe(0);
  });

  test("refuses labels that cannot be learned from", () => {
    expect(() => fitPlatt([{ score: Number.NaN, correct: true }])).toThrow("not usable");
    expect(() => fitBeta([{ score: 1, p: 2, correct: true }])).toThrow("not usable");
    expect(() => fitIsotonic([{ score: 1, correct: true, weight: 0 }])).toThrow("not usable");
  });
});
