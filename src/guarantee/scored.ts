/** An answer's score beside whether the answer was right: what calibrators are fitted on. */

import { UsageError } from "../core/errors.ts";
import { sigmoid } from "./logistic.ts";

export interface ScoredLabel {
  /** Higher is safer, on the scale of log-odds (nats), such as a margin or the logit of a probability. Finite. */
  readonly score: number;
  /** The probability that the rung itself gave, 0 to 1; the score's own, 1 / (1 + exp(-score)), unless told. */
  readonly p?: number;
  readonly correct: boolean;
  /** 1 over the probability that the item was labelled at all; 1 unless told. */
  readonly weight?: number;
  /** Items of one cluster (a duplicate, the same case) never stand on both sides of a split; each its own unless told. */
  readonly cluster?: string;
}

/** The probability before any calibration. */
export function rawProbability({ score, p }: Pick<ScoredLabel, "score" | "p">): number {
  return p ?? sigmoid(score);
}

/** The weights, or 1 each. */
export function weightsOf(items: readonly Pick<ScoredLabel, "weight">[]): number[] {
  return items.map(({ weight }) => weight ?? 1);
}

/** Refuses what no calibrator can be fitted on. */
export function refuseUnusable(items: readonly ScoredLabel[]): void {
  for (const item of items) {
    const { score, p = 0, weight = 1 } = item;
    if (!Number.isFinite(score) || !(p >= 0 && p <= 1) || !(weight > 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new UsageError("scored_label", "a scored label is not usable: finite score, p of 0 to 1, weight above 0", {
        value: item,
      });
    }
  }
}
