/** Isotonic calibration (Zadrozny and Elkan 2002): the rising steps that are nearest to the labels. */

import { UsageError } from "../core/errors.ts";
import { refuseUnusable, type ScoredLabel } from "./scored.ts";

/** Plain data: it may be stored as JSON. */
export interface Isotonic {
  readonly kind: "isotonic";
  /** Lowest and highest score of each step and its probability, all rising. Between two steps it is a straight line. */
  readonly steps: readonly IsotonicStep[];
  /** No probability is below this or above 1 minus this: 1 / (n + 2) for n labels. */
  readonly least: number;
}

export interface IsotonicStep {
  readonly from: number;
  readonly to: number;
  readonly p: number;
}

/** Fits by pooling adjacent violators, n log n. Equal scores are one point; at least one label. */
export function fitIsotonic(items: readonly ScoredLabel[]): Isotonic {
  refuseUnusable(items);
  if (items.length === 0) throw new UsageError("isotonic_empty", "isotonic calibration needs at least one label");
  const points = pointsOf(items);
  const means = poolAdjacentViolators(
    points.map(({ right, weight }) => right / weight),
    points.map(({ weight }) => weight),
  );
  const steps: { from: number; to: number; p: number }[] = [];
  for (const [index, { score }] of points.entries()) {
    const last = steps.at(-1);
    if (last && last.p === means[index]) last.to = score;
    else steps.push({ from: score, to: score, p: means[index]! });
  }
  return { kind: "isotonic", steps, least: 1 / (items.length + 2) };
}

/**
 * The non-decreasing sequence with the least weighted squared distance to `values` (Ayer and others 1955): neighbours
 * that fall are pooled into their mean. Weights above 0.
 */
export function poolAdjacentViolators(values: readonly number[], weights: readonly number[]): number[] {
  const blocks: { mean: number; weight: number; length: number }[] = [];
  for (const [index, value] of values.entries()) {
    let block = { mean: value, weight: weights[index]!, length: 1 };
    for (let last = blocks.at(-1); last && last.mean >= block.mean; last = blocks.at(-1)) {
      blocks.pop();
      const weight = last.weight + block.weight;
      const mean = (last.mean * last.weight + block.mean * block.weight) / weight;
      block = { mean, weight, length: last.length + block.length };
    }
    blocks.push(block);
  }
  return blocks.flatMap(({ mean, length }) => new Array<number>(length).fill(mean));
}

export function isotonicOf({ steps, least }: Isotonic, score: number): number {
  const after = firstFrom(steps, score);
  const step = steps[after - 1] ?? steps[0]!;
  const next = steps[after];
  let { p } = step;
  if (next && score > step.to) p += ((next.p - step.p) * (score - step.to)) / (next.from - step.to);
  return Math.min(1 - least, Math.max(least, p));
}

/** The first step that begins above `score`, by halving. */
function firstFrom(steps: readonly IsotonicStep[], score: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (steps[middle]!.from <= score) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** One point a score, rising: how much weight it has, and how much of that is right. */
function pointsOf(items: readonly ScoredLabel[]): { score: number; right: number; weight: number }[] {
  const points: { score: number; right: number; weight: number }[] = [];
  for (const { score, correct, weight = 1 } of items.toSorted((a, b) => a.score - b.score)) {
    if (points.at(-1)?.score !== score) points.push({ score, right: 0, weight: 0 });
    const point = points.at(-1)!;
    point.weight += weight;
    if (correct) point.right += weight;
  }
  return points;
}
