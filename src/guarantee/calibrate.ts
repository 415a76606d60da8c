/**
 * Which calibrator a question gets: the more labels, the more its own (escalation.md c.2). For costs and reports; no
 * promise rests on it.
 */

import { fitBeta } from "./beta-calibration.ts";
import { nllOf } from "./calibration-metrics.ts";
import { type Calibrator, calibrated } from "./calibrator.ts";
import { crossFitted, foldsOf } from "./folds.ts";
import { fitIsotonic } from "./isotonic.ts";
import { fitPlatt } from "./platt.ts";
import { rawProbability, refuseUnusable, type ScoredLabel } from "./scored.ts";
import { fitScoreTemperature, shrunkTemperature } from "./temperature.ts";

/** Labels from which a question has a temperature, a curve and steps of its own. */
const TEMPERATURE_FROM = 50;
const CURVE_FROM = 200;
const STEPS_ABOVE = 1000;

/** A weight above this many times the mean is cut, so that a single rare audit does not bend a whole curve. */
const MOST_WEIGHT = 20;

export interface CalibrateOptions {
  /** Labels of other questions that the same rung answers: what this one leans on while it has few of its own. */
  readonly pooled?: readonly ScoredLabel[];
  /** 10 unless told. */
  readonly folds?: number;
  readonly seed?: number;
}

/** What was chosen and why: plain data for a report. */
export interface Calibration {
  readonly calibrator: Calibrator;
  readonly labels: number;
  readonly pooledLabels: number;
  /** There are too few labels for any figure: everything goes up, whatever the calibrator says. */
  readonly escalates: boolean;
  /** Mean negative log-likelihood before any calibration, nats, clipped at 1e-6; `null` without a label. */
  readonly rawNll: number | null;
  /** What was tried, best first within its row of the table, with its held-out negative log-likelihood. */
  readonly tried: readonly {
    readonly kind: Calibrator["kind"];
    readonly nll: number | null;
    readonly adopted: boolean;
  }[];
  readonly why: string;
}

/**
 * Chooses by the number of labels: below 50 the pooled share of right answers; up to 200 a temperature shrunk to the
 * pooled one; up to 1,000 Platt's or the beta curve; above that isotonic steps. Adopted is only what lowers the
 * cross-validated negative log-likelihood; what does not gives way to the simpler kinds before it, and at last to the
 * raw probability.
 */
export function calibrate(own: readonly ScoredLabel[], options: CalibrateOptions = {}): Calibration {
  const { folds = 10, seed = 1 } = options;
  refuseUnusable(own);
  refuseUnusable(options.pooled ?? []);
  const items = withCutWeights(own);
  const pooled = withCutWeights(options.pooled ?? []);
  const rawNll = items.length === 0 ? null : nllOf(items.map((item) => predicted(item, rawProbability(item))));
  const facts = { labels: items.length, pooledLabels: pooled.length, rawNll };
  if (items.length < TEMPERATURE_FROM || rawNll === null) {
    const calibrator = pooledShare([...items, ...pooled]);
    const why = `${items.length} labels are fewer than ${TEMPERATURE_FROM}: the pooled share of right answers, and everything goes up`;
    return { calibrator, ...facts, escalates: true, tried: [{ kind: "constant", nll: null, adopted: true }], why };
  }
  const pooledTemperature = pooled.length === 0 ? 1 : fitScoreTemperature(pooled);
  const of = foldsOf(items.length, folds, seed, (index) => items[index]!.cluster);
  const tried: Calibration["tried"][number][] = [];
  for (const row of rowsFor(items.length, pooledTemperature)) {
    const results = row
      .map(({ kind, learn }) => ({ kind, learn, nll: heldOutNll(items, of, learn) }))
      .sort((a, b) => a.nll - b.nll);
    const [best] = results;
    const adopts = best !== undefined && best.nll < rawNll;
    for (const result of results) {
      tried.push({ kind: result.kind, nll: finite(result.nll), adopted: adopts && result === best });
    }
    if (adopts) {
      const why = `${items.length} labels: ${best.kind}, whose held-out loss is ${figure(best.nll)} against ${figure(rawNll)} raw`;
      return { calibrator: best.learn(items), ...facts, escalates: false, tried, why };
    }
  }
  const why = `${items.length} labels: nothing tried has a held-out loss below the raw ${figure(rawNll)}`;
  return { calibrator: { kind: "raw" }, ...facts, escalates: false, tried, why };
}

interface Candidate {
  readonly kind: Calibrator["kind"];
  readonly learn: (items: readonly ScoredLabel[]) => Calibrator;
}

/** The rows of the table from the one that the number of labels allows down to the simplest. */
function rowsFor(labels: number, pooledTemperature: number): readonly (readonly Candidate[])[] {
  const temperature: Candidate = {
    kind: "temperature",
    learn: (items) => {
      const fitted = shrunkTemperature(fitScoreTemperature(items), pooledTemperature, items.length);
      return { kind: "temperature", temperature: fitted };
    },
  };
  const curves: readonly Candidate[] = [
    { kind: "platt", learn: fitPlatt },
    { kind: "beta", learn: fitBeta },
  ];
  const steps: Candidate = { kind: "isotonic", learn: fitIsotonic };
  if (labels > STEPS_ABOVE) return [[steps], curves, [temperature]];
  return labels >= CURVE_FROM ? [curves, [temperature]] : [[temperature]];
}

function heldOutNll(items: readonly ScoredLabel[], folds: readonly number[], learn: Candidate["learn"]): number {
  const held = crossFitted(
    folds,
    (training) => learn(training.map((index) => items[index]!)),
    (calibrator, index) => {
      const item = items[index]!;
      return predicted(item, calibrated(calibrator, item.score, rawProbability(item)));
    },
  );
  return held ? nllOf(held) : Number.POSITIVE_INFINITY;
}

function predicted({ correct, weight = 1 }: ScoredLabel, confidence: number) {
  return { confidence, correct, weight };
}

/** The share of right answers, with one right and one wrong added: 1/2 of nothing. */
function pooledShare(items: readonly ScoredLabel[]): Calibrator {
  const total = items.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const right = items.reduce((sum, { correct, weight = 1 }) => sum + (correct ? weight : 0), 0);
  return { kind: "constant", p: (right + 1) / (total + 2) };
}

/** Weights with mean 1, cut at 20 times the mean. Only for fitting: an estimate of risk never cuts them. */
function withCutWeights(items: readonly ScoredLabel[]): readonly ScoredLabel[] {
  if (items.every(({ weight = 1 }) => weight === 1)) return items;
  const mean = items.reduce((sum, { weight = 1 }) => sum + weight, 0) / items.length;
  const cut = items.map(({ weight = 1 }) => Math.min(MOST_WEIGHT, weight / mean));
  const left = cut.reduce((sum, weight) => sum + weight, 0) / items.length;
  return items.map((item, index) => ({ ...item, weight: cut[index]! / left }));
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function figure(value: number): string {
  return Number.isFinite(value) ? value.toFixed(4) : "none";
}
