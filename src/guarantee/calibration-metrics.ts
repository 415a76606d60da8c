/** How far probabilities are from what happened: calibration error, Brier score, likelihood, reliability. */

import { type Share, wilson } from "../core/wilson.ts";

/** A probability that an answer is right, and whether it was. */
export interface Predicted {
  /** 0 to 1. */
  readonly confidence: number;
  readonly correct: boolean;
  readonly weight?: number;
}

/** Least probability whose logarithm is taken: one certain mistake costs 13.8 nats and not all there is. */
export const NLL_CLIP = 1e-6;

/** Bins of the adaptive calibration error. */
export const ECE_BINS = 15;

/** Fewer items than this say too little: the error of a perfect calibrator is of the order of √(bins / n). */
export const ECE_FROM = 1000;

/** Mean negative log-likelihood of right or wrong, nats, probabilities clipped at `NLL_CLIP`. Weighted; NaN of nothing. */
export function nllOf(items: readonly Predicted[]): number {
  return weightedMean(items, ({ confidence, correct }) => logLoss(correct ? confidence : 1 - confidence));
}

/** Mean of (confidence - [right])²: 0 is perfect, 0.25 is what always saying one half gets. */
export function brierOf(items: readonly Predicted[]): number {
  return weightedMean(items, ({ confidence, correct }) => (confidence - (correct ? 1 : 0)) ** 2);
}

/** The same of all options: `rows` is n × options, `truths` the index of the right one. Mean over items, 0 to 2. */
export function brierOfOptions(rows: readonly (readonly number[])[], truths: readonly number[]): number {
  const each = rows.map((row, index) =>
    row.reduce((sum, p, option) => sum + (p - (option === truths[index] ? 1 : 0)) ** 2, 0),
  );
  return mean(each);
}

/** Mean negative log-likelihood of the right option, nats, clipped at `NLL_CLIP`. */
export function nllOfOptions(rows: readonly (readonly number[])[], truths: readonly number[]): number {
  return mean(rows.map((row, index) => logLoss(row[truths[index]!]!)));
}

/** One line of a reliability table. */
export interface ReliabilityRow {
  readonly bin: number;
  readonly items: number;
  readonly meanConfidence: number;
  readonly accuracy: Share;
}

/** Bins of equally many items by confidence, lowest first. Equal confidences are never divided, so bins may be fewer. */
export function reliabilityTable(items: readonly Predicted[], bins: number = ECE_BINS): readonly ReliabilityRow[] {
  const sorted = items.toSorted((a, b) => a.confidence - b.confidence);
  const rows: ReliabilityRow[] = [];
  let start = 0;
  for (let bin = 1; bin <= bins; bin++) {
    let end = Math.max(start, Math.round((bin * sorted.length) / bins));
    while (end > 0 && end < sorted.length && sorted[end]!.confidence === sorted[end - 1]!.confidence) end++;
    if (end > start) rows.push(rowOf(rows.length + 1, sorted.slice(start, end)));
    start = end;
  }
  return rows;
}

/** Reliability of the surest items: a share of them, 0.2 for the top fifth. `null` of nothing. */
export function topReliability(items: readonly Predicted[], share = 0.2): ReliabilityRow | null {
  const count = Math.round(items.length * share);
  if (count === 0) return null;
  const sorted = items.toSorted((a, b) => b.confidence - a.confidence);
  const least = sorted[count - 1]!.confidence;
  return rowOf(
    1,
    sorted.filter(({ confidence }) => confidence >= least),
  );
}

export interface CalibrationError {
  readonly ece: number;
  readonly items: number;
  /** Whether there are enough items for the figure to decide anything. */
  readonly decides: boolean;
  readonly note: string | null;
}

/** Adaptive expected calibration error: mean distance between confidence and accuracy over bins of equally many items. */
export function adaptiveEce(items: readonly Predicted[], bins: number = ECE_BINS): CalibrationError {
  return withNote(binnedDistance(items, bins), items.length);
}

/** The mean over options of the adaptive error of that option's probability. `rows` is n × options. */
export function classwiseEce(
  rows: readonly (readonly number[])[],
  truths: readonly number[],
  bins: number = ECE_BINS,
): CalibrationError {
  const each = (rows[0] ?? []).map((_, option) =>
    binnedDistance(
      rows.map((row, index) => ({ confidence: row[option]!, correct: truths[index] === option })),
      bins,
    ),
  );
  return withNote(mean(each), rows.length);
}

/** Whether the error is at most `limit`; `null`, with a note, where there are too few items to say. */
export function meetsEce(error: CalibrationError, limit: number): boolean | null {
  return error.decides ? error.ece <= limit : null;
}

function binnedDistance(items: readonly Predicted[], bins: number): number {
  const distance = reliabilityTable(items, bins).reduce(
    (sum, { items: count, meanConfidence, accuracy }) => sum + count * Math.abs(meanConfidence - accuracy.share),
    0,
  );
  return distance / items.length;
}

function withNote(ece: number, items: number): CalibrationError {
  if (items >= ECE_FROM) return { ece, items, decides: true, note: null };
  const note = `${items} items are fewer than ${ECE_FROM}: this error decides nothing, it is mostly noise`;
  return { ece, items, decides: false, note };
}

function rowOf(bin: number, items: readonly Predicted[]): ReliabilityRow {
  const right = items.filter(({ correct }) => correct).length;
  const accuracy = wilson(right, items.length)!;
  return { bin, items: items.length, meanConfidence: mean(items.map(({ confidence }) => confidence)), accuracy };
}

function logLoss(p: number): number {
  return -Math.log(Math.min(1, Math.max(NLL_CLIP, p)));
}

function weightedMean(items: readonly Predicted[], figureOf: (item: Predicted) => number): number {
  const total = items.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return items.reduce((sum, item) => sum + (item.weight ?? 1) * figureOf(item), 0) / total;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
