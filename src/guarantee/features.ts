/** A signal as a row of numbers for a regression, and how often the order of the options decides. */

import { type Share, wilson } from "../core/wilson.ts";
import type { Signal } from "./signal.ts";

/** What the columns are, fixed before anything is fitted. */
export interface FeatureSpec {
  /** A column each: 1 for the option answered. */
  readonly options: readonly string[];
  /** A column each: 1 where the flag was raised. */
  readonly flags?: readonly string[];
  /** Rising upper ends of the length's buckets, in the caller's unit; what is longer is in none. */
  readonly lengths?: readonly number[];
}

/** What stands for a number that the reply does not have; margin and top are then taken from the signal itself. */
const ABSENT = { gap: 0, entropy: 0, mass: 1, flipped: 0, leastField: 1, agreement: 1 } as const;

/** Names of the columns, in order. They depend on the spec alone. */
export function featureNames({ options, flags = [], lengths = [] }: FeatureSpec): readonly string[] {
  return [
    ...["margin", "gap", "top", "entropy", "mass", "flipped", "both orders", "least field", "agreement"],
    ...lengths.map((end) => `length up to ${end}`),
    ...flags.map((flag) => `flag ${flag}`),
    ...options.map((option) => `option ${option}`),
  ];
}

/** The row of a signal: as many finite numbers as there are names. */
export function featureVector({ score, p, option, flags, features }: Signal, spec: FeatureSpec): readonly number[] {
  const { lengths = [] } = spec;
  const { length } = features;
  const bucket = length === null ? -1 : lengths.findIndex((end) => length <= end);
  return [
    features.margin ?? score,
    features.gap ?? ABSENT.gap,
    features.top ?? p ?? 0,
    features.entropy ?? ABSENT.entropy,
    features.mass ?? ABSENT.mass,
    features.flipped ?? ABSENT.flipped,
    Number(features.flipped !== null),
    features.leastField ?? ABSENT.leastField,
    features.agreement ?? ABSENT.agreement,
    ...lengths.map((_, index) => Number(index === bucket)),
    ...(spec.flags ?? []).map((flag) => Number(flags.includes(flag))),
    ...spec.options.map((name) => Number(name === option)),
  ];
}

/** Of the items read in both orders, the share where another option was best; `null` where none was. */
export function flipRate(signals: readonly Pick<Signal, "features">[]): Share | null {
  const read = signals.filter(({ features }) => features.flipped !== null);
  return wilson(read.filter(({ features }) => features.flipped === 1).length, read.length);
}
