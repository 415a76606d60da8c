/**
 * Takes a model's liking for some options off its probabilities: q_k ∝ p_k · factor_k, with factors learned over many
 * items. Two published forms assume that all options are true equally often, which costs points where some never are;
 * the labelled form does not assume it, and is kept only where it pays.
 */

import { UsageError } from "../core/errors.ts";
import { nllOfOptions } from "./calibration-metrics.ts";
import { crossFitted, foldsOf } from "./folds.ts";

/** Plain data: one factor an option. */
export interface PriorCorrection {
  readonly kind: "contextual" | "batch" | "labelled";
  readonly factors: readonly number[];
}

/** A mean probability below this counts as this: an option that never had any would get all of it. */
const LEAST_MEAN = 1e-9;

/** Most accuracy, as a share, that a correction may cost on held-out items and still be kept (escalation.md f.11). */
const MOST_LOST = 0.005;

/** Contextual calibration (Zhao and others 2021): divides by what the model says of items without content. */
export function contextualPrior(contentFree: readonly (readonly number[])[]): PriorCorrection {
  return { kind: "contextual", factors: meanOf(contentFree).map((p) => 1 / p) };
}

/** Batch calibration (Zhou and others 2023): divides by the mean over unlabelled items. */
export function batchPrior(rows: readonly (readonly number[])[]): PriorCorrection {
  return { kind: "batch", factors: meanOf(rows).map((p) => 1 / p) };
}

/**
 * The labelled form: how often each option is true (one added to each) over its mean probability. `truths` holds the
 * index of each item's right option; the mean is over `unlabelled` as well, where there are such items.
 */
export function labelledPrior(
  rows: readonly (readonly number[])[],
  truths: readonly number[],
  unlabelled: readonly (readonly number[])[] = [],
): PriorCorrection {
  const means = meanOf([...rows, ...unlabelled]);
  const counts = means.map((_, option) => truths.filter((truth) => truth === option).length + 1);
  const total = truths.length + means.length;
  return { kind: "labelled", factors: means.map((p, option) => counts[option]! / total / p) };
}

/** The corrected probabilities, summing to 1. Without a correction they are as they were. */
export function corrected(correction: PriorCorrection | null, row: readonly number[]): readonly number[] {
  if (correction === null) return row;
  const weights = row.map((p, option) => p * correction.factors[option]!);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

export interface AdoptedPrior {
  /** `null` where it was not kept. */
  readonly correction: PriorCorrection | null;
  /** Negative log-likelihood of the right option (nats, clipped at 1e-6) and accuracy: as they were, and held out. */
  readonly rawNll: number;
  readonly nll: number;
  readonly rawAccuracy: number;
  readonly accuracy: number;
  readonly why: string;
}

export interface AdoptPriorOptions {
  readonly unlabelled?: readonly (readonly number[])[];
  readonly folds?: number;
  readonly seed?: number;
  /** Cluster of each item. */
  readonly clusters?: readonly string[];
}

/** The labelled form where it lowers the cross-validated loss without costing accuracy; none where it does not. */
export function adoptPrior(
  rows: readonly (readonly number[])[],
  truths: readonly number[],
  options: AdoptPriorOptions = {},
): AdoptedPrior {
  refuseUnusable(rows, truths);
  const { unlabelled = [], folds = 10, seed = 1, clusters } = options;
  const learn = (indexes: readonly number[]): PriorCorrection =>
    labelledPrior(
      indexes.map((index) => rows[index]!),
      indexes.map((index) => truths[index]!),
      unlabelled,
    );
  const of = foldsOf(rows.length, folds, seed, (index) => clusters?.[index]);
  const held = crossFitted(of, learn, (correction, index) => corrected(correction, rows[index]!));
  const rawNll = nllOfOptions(rows, truths);
  const rawAccuracy = accuracyOf(rows, truths);
  if (held === null) {
    const why = "there is nothing to hold out";
    return { correction: null, rawNll, nll: Number.POSITIVE_INFINITY, rawAccuracy, accuracy: rawAccuracy, why };
  }
  const nll = nllOfOptions(held, truths);
  const accuracy = accuracyOf(held, truths);
  const figures = { rawNll, nll, rawAccuracy, accuracy };
  const losses = `held-out loss ${nll.toFixed(4)} against ${rawNll.toFixed(4)}`;
  if (!(nll < rawNll)) return { correction: null, ...figures, why: `not kept: ${losses}` };
  if (accuracy < rawAccuracy - MOST_LOST) {
    const points = ((rawAccuracy - accuracy) * 100).toFixed(1);
    return { correction: null, ...figures, why: `not kept: it costs ${points} points of accuracy` };
  }
  return { correction: learn([...rows.keys()]), ...figures, why: `kept: ${losses}` };
}

/** Share of items whose most probable option is the right one. */
export function accuracyOf(rows: readonly (readonly number[])[], truths: readonly number[]): number {
  const right = rows.filter((row, index) => row.indexOf(Math.max(...row)) === truths[index]);
  return right.length / rows.length;
}

function meanOf(rows: readonly (readonly number[])[]): number[] {
  if (rows.length === 0) throw new UsageError("prior_empty", "a prior needs at least one item");
  return rows[0]!.map((_, option) => {
    const mean = rows.reduce((sum, row) => sum + row[option]!, 0) / rows.length;
    return Math.max(LEAST_MEAN, mean);
  });
}

function refuseUnusable(rows: readonly (readonly number[])[], truths: readonly number[]): void {
  if (rows.length !== truths.length) {
    const value = { rows: rows.length, truths: truths.length };
    throw new UsageError("prior_lengths", "there must be a right option for each item", { value });
  }
  for (const [index, row] of rows.entries()) {
    const truth = truths[index]!;
    if (row.length !== rows[0]!.length || !row.every((p) => p >= 0 && p <= 1) || !(truth in row)) {
      throw new UsageError("prior_row", `item ${index} has no probabilities with a right option among them`, {
        value: { row, truth },
      });
    }
  }
}
