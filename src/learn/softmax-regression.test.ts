import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom, shuffle } from "../guarantee/random.ts";
import { temperatureOf } from "../guarantee/temperature.ts";
import { type Examples, INTERCEPT_RIDGE, layoutOf, SoftmaxLoss } from "./softmax-loss.ts";
import { fitCrossValidated, fitSoftmax } from "./softmax-regression.ts";

/** Random rows with some words and some dense numbers, labels that depend on both. */
function example(seed: number, rows: number, options: number, columns: number, width: number, offsets = false) {
  const random = seededRandom(seed);
  const number = (): number => 2 * random() - 1;
  const starts = new Int32Array(rows + 1);
  const places: number[] = [];
  const values: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (random() >= 0.4) continue;
      places.push(column);
      values.push(number());
    }
    starts[row + 1] = places.length;
  }
  const dense = Float64Array.from({ length: rows * width }, number);
  const labels = Int32Array.from({ length: rows }, (_, row) => {
    const lean = (width > 0 ? dense[row * width]! : (values[starts[row]!] ?? 0)) + 0.5 * number();
    return Math.min(options - 1, Math.max(0, Math.floor((lean + 1) * (options / 2))));
  });
  const weights = Float64Array.from({ length: rows }, () => 0.5 + random());
  const sparse = { columns, starts, places: Int32Array.from(places), values: Float64Array.from(values) };
  const start = offsets ? { offsets: Float64Array.from({ length: rows * options }, number) } : {};
  return { options, labels, weights, sparse, width, dense, ...start } satisfies Examples;
}

/** The loss as its definition says it, a number at a time. */
function plainLoss(examples: Examples, coefficients: Float64Array, use: readonly number[], ridge: number): number {
  const { options, sparse, width, dense, labels, weights, offsets } = examples;
  const layout = layoutOf(examples);
  let loss = 0;
  for (const row of use) {
    const scores = Array.from({ length: options }, (_, option) => {
      let score = coefficients[layout.intercepts + option]! + (offsets?.[row * options + option] ?? 0);
      for (let entry = sparse.starts[row]!; entry < sparse.starts[row + 1]!; entry++) {
        score += sparse.values[entry]! * coefficients[sparse.places[entry]! * options + option]!;
      }
      for (let at = 0; at < width; at++)
        score += dense[row * width + at]! * coefficients[layout.dense + option * width + at]!;
      return score;
    });
    const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
    loss += weights[row]! * (Math.log(total) - scores[labels[row]!]!);
  }
  for (const [index, value] of coefficients.entries()) {
    loss += (ridge / 2) * value * value * (index < layout.intercepts ? 1 : INTERCEPT_RIDGE);
  }
  return loss;
}

const all = (examples: Examples): Int32Array => Int32Array.from(examples.labels, (_, row) => row);

describe("the loss", () => {
  test("and its gradient are those of the definition, whatever the sizes", () => {
    const sizes = fc.record({
      seed: fc.nat(),
      rows: fc.integer({ min: 1, max: 70 }),
      options: fc.integer({ min: 2, max: 11 }),
      columns: fc.integer({ min: 0, max: 6 }),
      width: fc.integer({ min: 0, max: 7 }),
      offsets: fc.boolean(),
    });
    fc.assert(
      fc.property(sizes, ({ seed, rows, options, columns, width, offsets }) => {
        const examples = example(seed, rows, options, columns, width, offsets);
        const random = seededRandom(seed + 1);
        const use = all(examples).filter((row) => row % 3 !== 1);
        const point = Float64Array.from({ length: layoutOf(examples).size }, () => 2 * random() - 1);
        const gradient = new Float64Array(point.length).fill(Number.NaN);
        const loss = new SoftmaxLoss(examples).at(point, use, 0.7, gradient);
        expect(loss).toBeCloseTo(plainLoss(examples, point, [...use], 0.7), 8);
        for (let probe = 0; probe < 6; probe++) {
          const index = Math.floor(random() * point.length);
          const shifted = (by: number): number => {
            const other = Float64Array.from(point);
            other[index]! += by;
            return plainLoss(examples, other, [...use], 0.7);
          };
          expect(gradient[index]).toBeCloseTo((shifted(1e-5) - shifted(-1e-5)) / 2e-5, 5);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("a fit", () => {
  test("ends where plain gradient descent ends", () => {
    const examples = example(3, 40, 3, 4, 3);
    const { coefficients, loss, converged } = fitSoftmax(examples, 0.5, { tolerance: 1e-13 });
    const slow = new Float64Array(coefficients.length);
    const gradient = new Float64Array(coefficients.length);
    const plain = new SoftmaxLoss(examples);
    for (let step = 0; step < 30_000; step++) {
      plain.at(slow, all(examples), 0.5, gradient);
      for (let index = 0; index < slow.length; index++) slow[index]! -= 0.05 * gradient[index]!;
    }
    expect(converged).toBe(true);
    expect(loss).toBeCloseTo(plainLoss(examples, slow, [...all(examples)], 0.5), 9);
    for (const [index, value] of coefficients.entries()) expect(value).toBeCloseTo(slow[index]!, 4);
  });

  test("does not depend on the order of the rows", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const examples = example(seed, 50, 4, 5, 4);
        const order = Int32Array.from(shuffle([...all(examples)], seededRandom(seed)));
        const one = fitSoftmax(examples, 0.3, { tolerance: 1e-12 });
        const other = fitSoftmax(examples, 0.3, { tolerance: 1e-12, use: order });
        for (const [index, value] of one.coefficients.entries())
          expect(other.coefficients[index]).toBeCloseTo(value, 4);
      }),
      { numRuns: 10 },
    );
  });

  test("a row that weighs two is a row that is there twice", () => {
    const examples = example(5, 30, 3, 3, 2);
    const doubled = { ...examples, weights: examples.weights.map((weight, row) => (row < 10 ? 2 * weight : weight)) };
    const twice = Int32Array.from([...all(examples), ...Array.from({ length: 10 }, (_, row) => row)]);
    const one = fitSoftmax(doubled, 0.3, { tolerance: 1e-12 });
    const other = fitSoftmax(examples, 0.3, { tolerance: 1e-12, use: twice });
    const without = fitSoftmax(examples, 0.3, { tolerance: 1e-12 });
    expect(one.loss).toBeCloseTo(other.loss, 8);
    expect(Math.abs(one.loss - without.loss)).toBeGreaterThan(0.1);
  });

  test("stays finite on rows that can be told apart without an error", () => {
    const examples = example(1, 30, 2, 0, 1);
    const labels = examples.labels.map((_, row) => (examples.dense[row]! > 0 ? 1 : 0));
    const { coefficients } = fitSoftmax({ ...examples, labels }, 0.01);
    expect(coefficients.every(Number.isFinite)).toBe(true);
  });
});

describe("cross-validation", () => {
  const folds = (examples: Examples): Uint8Array => Uint8Array.from(examples.labels, (_, row) => row % 5);

  test("scores each row by a fit that did not see it", () => {
    const examples = example(8, 60, 3, 6, 4);
    const { outOfFold, ridge } = fitCrossValidated(examples, folds(examples), 5);
    // Turning a row's label over moves the other folds' fits, and its own fold's fit not at all.
    const labels = examples.labels.map((label, row) => (row === 10 ? (label + 1) % 3 : label));
    const other = fitCrossValidated({ ...examples, labels }, folds(examples), 5);
    const own = (list: Float64Array, row: number): number[] => [...list.subarray(row * 3, row * 3 + 3)];
    if (other.ridge === ridge) expect(own(other.outOfFold, 10)).toEqual(own(outOfFold, 10));
    expect(own(other.outOfFold, 11)).not.toEqual(own(outOfFold, 11));
    expect(other.ridge).toBe(ridge);
  });

  test("chooses a stronger ridge where little can be learned than where much can, by the held-out loss", () => {
    const random = seededRandom(4);
    const rows = example(9, 100, 2, 0, 30);
    const lean = (row: number): number => rows.dense[row * 30]! + rows.dense[row * 30 + 1]!;
    const faint = { ...rows, labels: rows.labels.map((_, row) => (lean(row) + 3 * random() - 1.5 > 0 ? 1 : 0)) };
    const clear = { ...rows, labels: rows.labels.map((_, row) => (lean(row) > 0 ? 1 : 0)) };
    const [strong, weak] = [faint, clear].map((examples) => fitCrossValidated(examples, folds(examples), 5));
    expect(strong!.ridge).toBeGreaterThan(weak!.ridge);
    for (const { ridge, tried } of [strong!, weak!]) {
      expect(tried.find((one) => one.ridge === ridge)!.loss).toBe(Math.min(...tried.map(({ loss }) => loss)));
    }
  });

  test("goes on from an earlier training to the same place in fewer evaluations", () => {
    const examples = example(11, 200, 4, 30, 8);
    const cold = fitCrossValidated(examples, folds(examples), 5);
    const warm = fitCrossValidated(examples, folds(examples), 5, cold.start);
    expect(warm.loss).toBeCloseTo(cold.loss, 2);
    expect(warm.evaluations).toBeLessThan(cold.evaluations);
  });
});

test("the temperature of scores that were sharpened threefold is three times as high", () => {
  const random = seededRandom(2);
  const rows = 3000;
  const values = Float64Array.from({ length: rows * 3 }, () => 4 * random());
  const labels = Int32Array.from({ length: rows }, (_, row) => {
    const exponentials = [...values.subarray(row * 3, row * 3 + 3)].map(Math.exp);
    let left = random() * exponentials.reduce((sum, value) => sum + value, 0);
    return exponentials.findIndex((value) => {
      left -= value;
      return left < 0;
    });
  });
  const scores = { options: 3, labels, weights: new Float64Array(rows).fill(1) };
  const plain = temperatureOf({ ...scores, values }).temperature;
  const sharp = temperatureOf({ ...scores, values: values.map((value) => 3 * value) }).temperature;
  expect(plain).toBeGreaterThan(0.9);
  expect(plain).toBeLessThan(1.1);
  expect(sharp / plain).toBeCloseTo(3, 1);
});
