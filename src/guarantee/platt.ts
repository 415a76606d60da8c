/** Platt's calibration (1999): p = 1 / (1 + exp(-(a · score + b))), with a ≥ 0 so that a higher score is never less safe. */

import { fitLogisticScaled, sigmoid } from "./logistic.ts";
import { refuseUnusable, type ScoredLabel, weightsOf } from "./scored.ts";

export interface Platt {
  readonly kind: "platt";
  readonly a: number;
  readonly b: number;
}

/** `ridge` weighs on `a` for a score of variance 1; the intercept is free. */
export function fitPlatt(items: readonly ScoredLabel[], ridge = 1): Platt {
  refuseUnusable(items);
  const labels = items.map(({ correct }) => correct);
  const options = { ridge, weights: weightsOf(items) };
  const fitOn = (row: (item: ScoredLabel) => number[]) => fitLogisticScaled(items.map(row), labels, options);
  const { intercept, weights } = fitOn(({ score }) => [score]);
  if ((weights[0] ?? 0) >= 0) return { kind: "platt", a: weights[0] ?? 0, b: intercept };
  // The score points the wrong way: it says nothing, and what is left is the share that is right.
  return { kind: "platt", a: 0, b: fitOn(() => []).intercept };
}

export function plattOf({ a, b }: Platt, score: number): number {
  return sigmoid(a * score + b);
}
