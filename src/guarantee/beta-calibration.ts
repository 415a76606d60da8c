/**
 * Beta calibration (Kull, Silva Filho and Flach 2017): p = 1 / (1 + exp(-(a · log u - b · log(1 - u) + c))) with
 * u = 1 / (1 + exp(-score)) and a, b ≥ 0. Unlike Platt's it can bend the two ends differently, and it can leave u alone.
 */

import { fitLogisticScaled, sigmoid, softplus } from "./logistic.ts";
import { refuseUnusable, type ScoredLabel, weightsOf } from "./scored.ts";

export interface BetaCalibration {
  readonly kind: "beta";
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** `ridge` weighs on `a` and `b` for columns of variance 1; the intercept is free. */
export function fitBeta(items: readonly ScoredLabel[], ridge = 1): BetaCalibration {
  refuseUnusable(items);
  const labels = items.map(({ correct }) => correct);
  const options = { ridge, weights: weightsOf(items) };
  /** A fit with the columns named; the others weigh 0. */
  const fitWith = (names: readonly ("a" | "b")[]): BetaCalibration => {
    const rows = items.map(({ score }) => names.map((name) => columnsOf(score)[name]));
    const { intercept, weights } = fitLogisticScaled(rows, labels, options);
    const weightOf = (name: "a" | "b"): number => weights[names.indexOf(name)] ?? 0;
    return { kind: "beta", a: weightOf("a"), b: weightOf("b"), c: intercept };
  };
  let fit = fitWith(["a", "b"]);
  // As in the paper: a parameter that came out below 0 is left out, and the rest is fitted again.
  if (fit.a < 0 && fit.b < 0) return fitWith([]);
  if (fit.a < 0) fit = fitWith(["b"]);
  else if (fit.b < 0) fit = fitWith(["a"]);
  return fit.a < 0 || fit.b < 0 ? fitWith([]) : fit;
}

export function betaOf({ a, b, c }: BetaCalibration, score: number): number {
  const columns = columnsOf(score);
  return sigmoid(a * columns.a + b * columns.b + c);
}

/** log u and -log(1 - u), from the score itself: exact where u is 1 to the last digit. */
function columnsOf(score: number): { a: number; b: number } {
  return { a: -softplus(-score), b: softplus(score) };
}
