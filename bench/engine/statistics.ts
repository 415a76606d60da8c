// Intervals of what was measured, by resampling; the same on every machine and in every run.
import { median } from "../bench.ts";

/** A figure with its 95 % interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * A statistic of `size` rounds and its 95 % bootstrap interval. It is given the indexes of the rounds drawn, so that
 * what was measured in one round (two modes, say) is drawn together. `null` without a round.
 */
export function bootstrap(
  size: number,
  statistic: (rounds: readonly number[]) => number,
  resamples = 2000,
): Interval | null {
  if (size === 0) return null;
  const random = seededRandom(7);
  const all = Array.from({ length: size }, (_, index) => index);
  const drawn = Array.from({ length: resamples }, () => statistic(all.map(() => Math.floor(random() * size))));
  drawn.sort((a, b) => a - b);
  return {
    value: statistic(all),
    low: drawn[Math.floor(0.025 * resamples)]!,
    high: drawn[Math.ceil(0.975 * resamples) - 1]!,
  };
}

/** The median and its interval. */
export function medianInterval(values: readonly number[]): Interval | null {
  return bootstrap(values.length, (rounds) => median(rounds.map((round) => values[round]!)));
}

/** How many times `over` is `under`: a ratio of medians over the same rounds. */
export function ratioInterval(over: readonly number[], under: readonly number[]): Interval | null {
  const rounds = Math.min(over.length, under.length);
  const middle = (values: readonly number[], drawn: readonly number[]): number =>
    median(drawn.map((round) => values[round]!));
  return bootstrap(rounds, (drawn) => middle(over, drawn) / middle(under, drawn));
}

/** A gain in share right with its paired interval: right where the base was wrong, less wrong where it was right. */
export function pairedGain(right: readonly boolean[], base: readonly boolean[]): Interval | null {
  return bootstrap(
    right.length,
    (drawn) => drawn.reduce((sum, item) => sum + Number(right[item]) - Number(base[item]), 0) / drawn.length,
  );
}

/** Such as `11.2 (10.4 to 12.1)`; a dash where nothing was measured. */
export function formatInterval(interval: Interval | null, digits = 2): string {
  if (interval === null) return "–";
  const text = (value: number): string => value.toLocaleString("en", { maximumFractionDigits: digits });
  return `${text(interval.value)} (${text(interval.low)} to ${text(interval.high)})`;
}

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** McNemar's exact test, two-sided: how likely so uneven a count of items that only one of the two had right is by chance. */
export function mcnemar(right: readonly boolean[], base: readonly boolean[]): number {
  const gained = right.filter((is, item) => is && !base[item]).length;
  const lost = right.filter((is, item) => !is && base[item]).length;
  const differ = gained + lost;
  let term = -differ * Math.LN2;
  let tail = 0;
  for (let count = 0; count <= Math.min(gained, lost); count++) {
    tail += Math.exp(term);
    term += Math.log(differ - count) - Math.log(count + 1);
  }
  return Math.min(1, 2 * tail);
}
