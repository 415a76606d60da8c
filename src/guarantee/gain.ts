/**
 * What the large model would add: the probability that it is right minus the probability that the small one is. Doubt
 * alone is the right reason to escalate only where the large model errs equally often everywhere (Jitkrittum and others
 * 2023); where both are wrong, its price buys nothing.
 */

import { UsageError } from "../core/errors.ts";
import { fitLogistic, type LogisticFit, logisticOf } from "./logistic.ts";

/** An item of which both answers were judged: escalated, or accepted and audited. No other item knows both. */
export interface BothKnown {
  /** What is known before the large model is asked, such as `gainSignals`; as many numbers for each item. */
  readonly signals: readonly number[];
  readonly smallRight: boolean;
  readonly largeRight: boolean;
  /** 1 over the probability that both became known: 1 for an escalated item, 1 / propensity for an audited one. */
  readonly weight?: number;
}

/** Plain data: it may be stored as JSON. */
export interface GainModel {
  /** Mean and spread of each signal where it was fitted; the fits read (signal - mean) / spread. */
  readonly means: readonly number[];
  readonly spreads: readonly number[];
  readonly small: LogisticFit;
  readonly large: LogisticFit;
  readonly items: number;
}

export interface GainOptions {
  /** Penalties of the two fits. The large one's mistakes are few and hard to foresee: it is held closer to its mean. */
  readonly smallRidge?: number;
  readonly largeRidge?: number;
}

export interface ExpectedGain {
  /** Probability that each answer is right, 0 to 1. */
  readonly small: number;
  readonly large: number;
  /** large - small; below 0 the large model does harm. */
  readonly gain: number;
}

const SMALL_RIDGE = 10;
const LARGE_RIDGE = 50;
/** A probability below this says nothing more. */
const LEAST_P = 1e-9;

/** Fits both probabilities on the same items. Weighted like this, they hold for all traffic and not for hard items only. */
export function fitGain(items: readonly BothKnown[], options: GainOptions = {}): GainModel {
  refuseUnusable(items);
  const width = items[0]!.signals.length;
  const column = (at: number): number[] => items.map(({ signals }) => signals[at]!);
  const means = Array.from({ length: width }, (_, at) => meanOf(column(at)));
  const spreads = means.map((mean, at) => Math.sqrt(meanOf(column(at).map((value) => (value - mean) ** 2))) || 1);
  const rows = items.map(({ signals }) => standardised(signals, means, spreads));
  const weights = items.map(({ weight }) => weight ?? 1);
  const fitted = (labels: readonly boolean[], ridge: number): LogisticFit =>
    fitLogistic(rows, labels, { ridge, weights });
  return {
    means,
    spreads,
    small: fitted(
      items.map(({ smallRight }) => smallRight),
      options.smallRidge ?? SMALL_RIDGE,
    ),
    large: fitted(
      items.map(({ largeRight }) => largeRight),
      options.largeRidge ?? LARGE_RIDGE,
    ),
    items: items.length,
  };
}

/** What escalating an item with these signals is expected to add. */
export function expectedGain(model: GainModel, signals: readonly number[]): ExpectedGain {
  if (signals.length !== model.means.length || !signals.every(Number.isFinite)) {
    throw new UsageError("E_SIGNALS", `the gain model reads ${model.means.length} finite signals`, { value: signals });
  }
  const row = standardised(signals, model.means, model.spreads);
  const small = logisticOf(model.small, row);
  const large = logisticOf(model.large, row);
  return { small, large, gain: large - small };
}

/**
 * The signals of a closed question, from the probabilities of its options: margin in nats (also cut at 1, since the
 * first nat tells most), p1, p1 - p2, entropy of 0 to 1, which option is answered, and the margin for each option.
 */
export function gainSignals(probabilities: readonly number[]): readonly number[] {
  if (probabilities.length < 2 || !probabilities.every((p) => p >= 0 && p <= 1)) {
    throw new UsageError("E_PROBABILITIES", "signals need the probabilities of two options or more", {
      value: probabilities,
    });
  }
  const [first, second] = probabilities.toSorted((a, b) => b - a) as [number, number];
  const answered = probabilities.indexOf(first);
  const margin = Math.log(Math.max(first, LEAST_P)) - Math.log(Math.max(second, LEAST_P));
  const entropy = probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
  const is = probabilities.map((_, option) => (option === answered ? 1 : 0));
  return [
    margin,
    Math.min(margin, 1),
    first,
    first - second,
    entropy / Math.log(probabilities.length),
    ...is,
    ...is.map((value) => value * margin),
  ];
}

function standardised(signals: readonly number[], means: readonly number[], spreads: readonly number[]): number[] {
  return signals.map((value, at) => (value - means[at]!) / spreads[at]!);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function refuseUnusable(items: readonly BothKnown[]): void {
  if (items.length === 0) throw new UsageError("E_GAIN_EMPTY", "a gain model needs items with both answers known");
  const width = items[0]!.signals.length;
  for (const [index, { signals, weight = 1 }] of items.entries()) {
    if (signals.length !== width || !signals.every(Number.isFinite) || !(weight > 0 && Number.isFinite(weight))) {
      throw new UsageError("E_SIGNALS", `item ${index} needs ${width} finite signals and a weight above 0`, {
        value: { signals, weight },
      });
    }
  }
}
