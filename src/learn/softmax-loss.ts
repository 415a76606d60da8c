/**
 * The loss of multinomial logistic regression over word columns and dense numbers together, and its gradient:
 *
 *   sum over rows of weight * -log p(label) + ridge / 2 * |coefficients|²,   p = softmax(offset + W x + b)
 *
 * (Böhning 1992 has the gradient and the bound of its curvature.) The intercepts carry a hundredth of the ridge, which
 * moves nothing but keeps them finite where an option has no example. This is where all the time of training goes, so
 * its loops are written out: two rows and four options at a time stay in registers.
 */

import type { SparseRows } from "./word-table.ts";

/** What is learned from. Which of its rows count is said apart, so that folds need no copies. */
export interface Examples {
  readonly options: number;
  /** The label of each row, 0 to `options - 1`. */
  readonly labels: Int32Array;
  /** How much each row counts. */
  readonly weights: Float64Array;
  readonly sparse: SparseRows;
  /** Dense numbers of each row, `width` of them. */
  readonly width: number;
  readonly dense: Float64Array;
  /** What each option's score starts from, `options` a row; none: 0. */
  readonly offsets?: Float64Array;
}

/** Where the parts of a coefficient vector lie: word columns by option, options by dense number, intercepts. */
export interface Layout {
  readonly size: number;
  /** `columns * options` numbers from 0 on: `column * options + option`. */
  readonly dense: number;
  /** `options * width` numbers from `dense` on: `option * width + number`. Then an intercept for each option. */
  readonly intercepts: number;
}

export function layoutOf({ options, sparse, width }: Examples): Layout {
  const dense = sparse.columns * options;
  const intercepts = dense + options * width;
  return { size: intercepts + options, dense, intercepts };
}

/** The intercepts' share of the ridge. */
export const INTERCEPT_RIDGE = 0.01;
/** Rows looked at together. */
const BLOCK = 32;

/** Evaluates the loss at some coefficients; keeps its buffers. */
export class SoftmaxLoss {
  readonly examples: Examples;
  readonly layout: Layout;
  readonly #scores: Float64Array;

  constructor(examples: Examples) {
    this.examples = examples;
    this.layout = layoutOf(examples);
    this.#scores = new Float64Array(BLOCK * examples.options);
  }

  /** The loss over the rows of `use`; writes the gradient. */
  at(coefficients: Float64Array, use: Int32Array, ridge: number, gradient: Float64Array): number {
    const { options, labels, weights } = this.examples;
    const { intercepts, size } = this.layout;
    const scores = this.#scores;
    let loss = 0;
    for (let index = 0; index < intercepts; index++) {
      const value = coefficients[index]!;
      loss += value * value;
      gradient[index] = ridge * value;
    }
    for (let index = intercepts; index < size; index++) {
      const value = coefficients[index]!;
      loss += INTERCEPT_RIDGE * value * value;
      gradient[index] = INTERCEPT_RIDGE * ridge * value;
    }
    loss *= ridge / 2;
    for (let from = 0; from < use.length; from += BLOCK) {
      const count = Math.min(BLOCK, use.length - from);
      this.#score(coefficients, use, from, count);
      for (let row = 0; row < count; row++) {
        const example = use[from + row]!;
        const weight = weights[example]!;
        const own = row * options;
        const lost = softmaxInPlace(scores, own, options, own + labels[example]!);
        loss += weight * lost;
        // From here on the scores are what the loss changes by with each score.
        scores[own + labels[example]!]! -= 1;
        for (let option = own; option < own + options; option++) scores[option]! *= weight;
      }
      this.#addGradient(gradient, use, from, count);
    }
    return loss;
  }

  /** Each option's score of the rows of `use`, before the softmax, row by row. */
  scores(coefficients: Float64Array, use: Int32Array): Float64Array {
    const { options } = this.examples;
    const all = new Float64Array(use.length * options);
    for (let from = 0; from < use.length; from += BLOCK) {
      const count = Math.min(BLOCK, use.length - from);
      this.#score(coefficients, use, from, count);
      all.set(this.#scores.subarray(0, count * options), from * options);
    }
    return all;
  }

  #score(coefficients: Float64Array, use: Int32Array, from: number, count: number): void {
    const { options, sparse, width, dense, offsets } = this.examples;
    const { starts, places, values } = sparse;
    const { dense: firstDense, intercepts } = this.layout;
    const scores = this.#scores;
    for (let row = 0; row < count; row++) {
      const example = use[from + row]!;
      const own = row * options;
      for (let option = 0; option < options; option++) {
        const start = offsets ? offsets[example * options + option]! : 0;
        scores[own + option] = start + coefficients[intercepts + option]!;
      }
      for (let entry = starts[example]!; entry < starts[example + 1]!; entry++) {
        const value = values[entry]!;
        const column = places[entry]! * options;
        for (let option = 0; option < options; option++)
          scores[own + option]! += value * coefficients[column + option]!;
      }
    }
    if (width === 0) return;
    let option = 0;
    for (; option + 3 < options; option += 4) {
      const w0 = firstDense + option * width;
      let row = 0;
      for (; row + 1 < count; row += 2) {
        scoreTwoByFour(
          dense,
          use[from + row]! * width,
          use[from + row + 1]! * width,
          coefficients,
          w0,
          width,
          scores,
          row * options + option,
          options,
        );
      }
      for (; row < count; row++) {
        for (let one = 0; one < 4; one++) {
          const sum = product(dense, use[from + row]! * width, coefficients, w0 + one * width, width);
          scores[row * options + option + one]! += sum;
        }
      }
    }
    for (; option < options; option++) {
      for (let row = 0; row < count; row++) {
        const sum = product(dense, use[from + row]! * width, coefficients, firstDense + option * width, width);
        scores[row * options + option]! += sum;
      }
    }
  }

  #addGradient(gradient: Float64Array, use: Int32Array, from: number, count: number): void {
    const { options, sparse, width, dense } = this.examples;
    const { starts, places, values } = sparse;
    const { dense: firstDense, intercepts } = this.layout;
    const slopes = this.#scores;
    for (let row = 0; row < count; row++) {
      const example = use[from + row]!;
      const own = row * options;
      for (let option = 0; option < options; option++) gradient[intercepts + option]! += slopes[own + option]!;
      for (let entry = starts[example]!; entry < starts[example + 1]!; entry++) {
        const value = values[entry]!;
        const column = places[entry]! * options;
        for (let option = 0; option < options; option++) gradient[column + option]! += value * slopes[own + option]!;
      }
    }
    if (width === 0) return;
    let option = 0;
    for (; option + 1 < options; option += 2) {
      const g0 = firstDense + option * width;
      let row = 0;
      for (; row + 3 < count; row += 4) {
        addFourByTwo(dense, use, from + row, gradient, g0, width, slopes, row * options + option, options);
      }
      for (; row < count; row++) {
        const at = use[from + row]! * width;
        addScaled(gradient, g0, slopes[row * options + option]!, dense, at, width);
        addScaled(gradient, g0 + width, slopes[row * options + option + 1]!, dense, at, width);
      }
    }
    for (; option < options; option++) {
      for (let row = 0; row < count; row++) {
        const at = use[from + row]! * width;
        addScaled(gradient, firstDense + option * width, slopes[row * options + option]!, dense, at, width);
      }
    }
  }
}

/** Turns `options` scores from `from` on into probabilities; returns -log of the one at `label`. */
export function softmaxInPlace(scores: Float64Array, from: number, options: number, label: number): number {
  let top = scores[from]!;
  for (let index = from + 1; index < from + options; index++) if (scores[index]! > top) top = scores[index]!;
  const of = scores[label]! - top;
  let total = 0;
  for (let index = from; index < from + options; index++) {
    const value = Math.exp(scores[index]! - top);
    scores[index] = value;
    total += value;
  }
  for (let index = from; index < from + options; index++) scores[index]! /= total;
  return Math.log(total) - of;
}

function product(x: Float64Array, atX: number, w: Float64Array, atW: number, width: number): number {
  let s0 = 0;
  let s1 = 0;
  let index = 0;
  for (; index + 1 < width; index += 2) {
    s0 += x[atX + index]! * w[atW + index]!;
    s1 += x[atX + index + 1]! * w[atW + index + 1]!;
  }
  return index < width ? s0 + s1 + x[atX + index]! * w[atW + index]! : s0 + s1;
}

function addScaled(to: Float64Array, at: number, scale: number, x: Float64Array, atX: number, width: number): void {
  for (let index = 0; index < width; index++) to[at + index]! += scale * x[atX + index]!;
}

/** Adds to the scores of two rows and four options; `x0` and `x1` are where the rows' numbers begin. */
function scoreTwoByFour(
  x: Float64Array,
  x0: number,
  x1: number,
  w: Float64Array,
  w0: number,
  width: number,
  scores: Float64Array,
  first: number,
  options: number,
): void {
  const w1 = w0 + width;
  const w2 = w1 + width;
  const w3 = w2 + width;
  let a0 = 0;
  let a1 = 0;
  let a2 = 0;
  let a3 = 0;
  let b0 = 0;
  let b1 = 0;
  let b2 = 0;
  let b3 = 0;
  for (let index = 0; index < width; index++) {
    const a = x[x0 + index]!;
    const b = x[x1 + index]!;
    const u0 = w[w0 + index]!;
    const u1 = w[w1 + index]!;
    const u2 = w[w2 + index]!;
    const u3 = w[w3 + index]!;
    a0 += a * u0;
    a1 += a * u1;
    a2 += a * u2;
    a3 += a * u3;
    b0 += b * u0;
    b1 += b * u1;
    b2 += b * u2;
    b3 += b * u3;
  }
  scores[first]! += a0;
  scores[first + 1]! += a1;
  scores[first + 2]! += a2;
  scores[first + 3]! += a3;
  scores[first + options]! += b0;
  scores[first + options + 1]! += b1;
  scores[first + options + 2]! += b2;
  scores[first + options + 3]! += b3;
}

/** Adds what four rows say to the gradients of two options. */
function addFourByTwo(
  x: Float64Array,
  use: Int32Array,
  from: number,
  gradient: Float64Array,
  g0: number,
  width: number,
  slopes: Float64Array,
  first: number,
  options: number,
): void {
  const x0 = use[from]! * width;
  const x1 = use[from + 1]! * width;
  const x2 = use[from + 2]! * width;
  const x3 = use[from + 3]! * width;
  const p0 = slopes[first]!;
  const q0 = slopes[first + 1]!;
  const p1 = slopes[first + options]!;
  const q1 = slopes[first + options + 1]!;
  const p2 = slopes[first + 2 * options]!;
  const q2 = slopes[first + 2 * options + 1]!;
  const p3 = slopes[first + 3 * options]!;
  const q3 = slopes[first + 3 * options + 1]!;
  const g1 = g0 + width;
  for (let index = 0; index < width; index++) {
    const a = x[x0 + index]!;
    const b = x[x1 + index]!;
    const c = x[x2 + index]!;
    const d = x[x3 + index]!;
    gradient[g0 + index]! += p0 * a + p1 * b + (p2 * c + p3 * d);
    gradient[g1 + index]! += q0 * a + q1 * b + (q2 * c + q3 * d);
  }
}
