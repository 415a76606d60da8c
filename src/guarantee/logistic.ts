/** Ridge logistic regression of a yes or no on a few numbers, by Newton's method. */

import { UsageError } from "../core/errors.ts";

/** Plain data: it may be stored as JSON. */
export interface LogisticFit {
  readonly intercept: number;
  readonly weights: readonly number[];
}

export interface LogisticOptions {
  /**
   * Strength of the penalty: ridge / 2 times the sum of squared weights, beside the summed loss (scikit-learn's 1 / C).
   * The intercept stays free. 1 unless told; the columns should be of like scale.
   */
  readonly ridge?: number;
  /** How much each row counts; 1 each unless told. */
  readonly weights?: readonly number[];
}

/** The least penalty, also on the intercept: separable data and a single class have no finite fit without one. */
const LEAST_RIDGE = 1e-6;
const MOST_STEPS = 200;

/** Fits P(label | row) = 1 / (1 + exp(-(intercept + weights · row))). `rows` is n × d, d small: a step costs n·d². */
export function fitLogistic(
  rows: readonly (readonly number[])[],
  labels: readonly boolean[],
  options: LogisticOptions = {},
): LogisticFit {
  const ridge = Math.max(options.ridge ?? 1, LEAST_RIDGE);
  const counts = options.weights ?? rows.map(() => 1);
  refuseUnusable(rows, labels, counts, ridge);
  const size = (rows[0]?.length ?? 0) + 1;
  const penalty = Array.from({ length: size }, (_, at) => (at === 0 ? LEAST_RIDGE : ridge));
  let fitted = new Array<number>(size).fill(0);
  let loss = lossOf(fitted, rows, labels, counts, penalty);
  for (let step = 0; step < MOST_STEPS; step++) {
    const { gradient, hessian } = slopes(fitted, rows, labels, counts, penalty);
    const direction = solve(hessian, gradient);
    const slope = direction.reduce((sum, value, at) => sum + value * gradient[at]!, 0);
    // Half of it is what the step would gain on a parabola: below rounding there is nothing left to gain.
    if (!(slope > 1e-13 * (1 + loss))) break;
    let [length, next, nextLoss] = [1, fitted, loss];
    // The loss is convex, so halving finds a lower one, unless rounding has the last word.
    for (; length > 1e-9; length /= 2) {
      next = fitted.map((value, at) => value - length * direction[at]!);
      nextLoss = lossOf(next, rows, labels, counts, penalty);
      if (nextLoss <= loss - 1e-4 * length * slope) break;
    }
    if (!(nextLoss < loss)) break;
    [fitted, loss] = [next, nextLoss];
  }
  const [intercept, ...weights] = fitted;
  return { intercept: intercept!, weights };
}

/**
 * Fits the same with each column brought to mean 0 and variance 1 for the fit, so that the penalty does not depend on its
 * unit. The weights that come back are for the columns as they were given; a column that never varies weighs 0.
 */
export function fitLogisticScaled(
  rows: readonly (readonly number[])[],
  labels: readonly boolean[],
  options: LogisticOptions = {},
): LogisticFit {
  const counts = options.weights ?? rows.map(() => 1);
  const total = counts.reduce((sum, count) => sum + count, 0) || 1;
  const columns = (rows[0] ?? []).map((_, at) => {
    const sumOf = (value: (x: number) => number): number =>
      rows.reduce((sum, row, index) => sum + counts[index]! * value(row[at]!), 0) / total;
    const mean = sumOf((x) => x);
    const spread = Math.sqrt(sumOf((x) => (x - mean) ** 2));
    return { mean, spread: spread > 1e-12 * (1 + Math.abs(mean)) ? spread : Number.POSITIVE_INFINITY };
  });
  const scaled = rows.map((row) => row.map((x, at) => (x - columns[at]!.mean) / columns[at]!.spread));
  const fit = fitLogistic(scaled, labels, options);
  const weights = fit.weights.map((weight, at) => weight / columns[at]!.spread);
  const intercept = weights.reduce((sum, weight, at) => sum - weight * columns[at]!.mean, fit.intercept);
  return { intercept, weights };
}

/** The probability that the fit gives to a row, 0 to 1. */
export function logisticOf(fit: LogisticFit, row: readonly number[]): number {
  return sigmoid(fit.weights.reduce((sum, weight, at) => sum + weight * row[at]!, fit.intercept));
}

export function sigmoid(x: number): number {
  // Each side by the exponential that cannot overflow.
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const grown = Math.exp(x);
  return grown / (1 + grown);
}

/** log(p / (1 - p)), with `p` kept `least` away from 0 and 1. */
export function logit(p: number, least = 1e-6): number {
  const kept = Math.min(1 - least, Math.max(least, p));
  return Math.log(kept) - Math.log1p(-kept);
}

/** log(1 + exp(x)) without overflow. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

function scoreOf(fitted: readonly number[], row: readonly number[]): number {
  let score = fitted[0]!;
  for (let at = 0; at < row.length; at++) score += fitted[at + 1]! * row[at]!;
  return score;
}

function lossOf(
  fitted: readonly number[],
  rows: readonly (readonly number[])[],
  labels: readonly boolean[],
  counts: readonly number[],
  penalty: readonly number[],
): number {
  let loss = 0;
  for (const [index, row] of rows.entries()) {
    const score = scoreOf(fitted, row);
    loss += counts[index]! * softplus(labels[index] ? -score : score);
  }
  return fitted.reduce((sum, value, at) => sum + (penalty[at]! / 2) * value * value, loss);
}

function slopes(
  fitted: readonly number[],
  rows: readonly (readonly number[])[],
  labels: readonly boolean[],
  counts: readonly number[],
  penalty: readonly number[],
): { gradient: number[]; hessian: number[][] } {
  const gradient = fitted.map((value, at) => penalty[at]! * value);
  const hessian = penalty.map((value, at) => penalty.map((_, other) => (at === other ? value : 0)));
  for (const [index, row] of rows.entries()) {
    const p = sigmoid(scoreOf(fitted, row));
    const residual = counts[index]! * (p - (labels[index] ? 1 : 0));
    const bend = counts[index]! * p * (1 - p);
    for (let at = 0; at < fitted.length; at++) {
      const value = at === 0 ? 1 : row[at - 1]!;
      gradient[at]! += residual * value;
      for (let other = 0; other <= at; other++) {
        hessian[at]![other]! += bend * value * (other === 0 ? 1 : row[other - 1]!);
      }
    }
  }
  return { gradient, hessian };
}

/** Solves A x = b by Cholesky's factors; A symmetric and positive definite, its lower triangle given. */
function solve(a: readonly (readonly number[])[], b: readonly number[]): number[] {
  const size = b.length;
  const lower = a.map((row) => [...row]);
  for (let column = 0; column < size; column++) {
    for (let row = column; row < size; row++) {
      let value = lower[row]![column]!;
      for (let at = 0; at < column; at++) value -= lower[row]![at]! * lower[column]![at]!;
      // The penalty keeps the diagonal positive; rounding beside huge columns may not.
      if (row === column) lower[row]![column] = Math.sqrt(Math.max(value, LEAST_RIDGE * 1e-6));
      else lower[row]![column] = value / lower[column]![column]!;
    }
  }
  const x = [...b];
  for (let row = 0; row < size; row++) {
    for (let at = 0; at < row; at++) x[row]! -= lower[row]![at]! * x[at]!;
    x[row]! /= lower[row]![row]!;
  }
  for (let row = size - 1; row >= 0; row--) {
    for (let at = row + 1; at < size; at++) x[row]! -= lower[at]![row]! * x[at]!;
    x[row]! /= lower[row]![row]!;
  }
  return x;
}

function refuseUnusable(
  rows: readonly (readonly number[])[],
  labels: readonly boolean[],
  counts: readonly number[],
  ridge: number,
): void {
  if (rows.length !== labels.length || rows.length !== counts.length) {
    const value = { rows: rows.length, labels: labels.length, weights: counts.length };
    throw new UsageError("logistic_lengths", "rows, labels and weights must be equally many", { value });
  }
  const width = rows[0]?.length ?? 0;
  for (const [index, row] of rows.entries()) {
    if (row.length !== width || !row.every(Number.isFinite)) {
      throw new UsageError("logistic_row", `row ${index} is not ${width} finite numbers`, { value: row });
    }
  }
  const badWeight = counts.find((count) => !(count >= 0 && count < Number.POSITIVE_INFINITY));
  if (badWeight !== undefined)
    throw new UsageError("logistic_weight", "a weight is not 0 or more", { value: badWeight });
  if (!Number.isFinite(ridge)) throw new UsageError("logistic_ridge", "the ridge is not a number", { value: ridge });
}
