/** How far a figure may be off by chance, and whether one version is better than another. */

import { UsageError } from "../core/errors.ts";
import { binomialAtMost } from "./binomial.ts";
import { seededRandom } from "./random.ts";

export interface BootstrapOptions<T> {
  /** Items of one cluster are drawn together; each is its own unless told. */
  readonly clusterOf?: (item: T) => string | undefined;
  /** 2,000 unless told. */
  readonly draws?: number;
  readonly seed?: number;
  /** 0.95 unless told. */
  readonly level?: number;
}

export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly level: number;
  readonly clusters: number;
}

/**
 * The percentile interval of any statistic (Efron 1979): clusters are drawn anew with replacement. An item that carries
 * what two versions did is drawn with both, so that a difference of them is paired. Draws where the statistic is not a
 * number are left out.
 */
export function bootstrap<T>(
  items: readonly T[],
  statistic: (sample: readonly T[]) => number,
  options: BootstrapOptions<T> = {},
): Interval {
  const { clusterOf = () => undefined, draws = 2000, seed = 1, level = 0.95 } = options;
  if (items.length === 0) throw new UsageError("bootstrap_empty", "there is nothing to draw from");
  const byName = new Map<string | number, T[]>();
  for (const [index, item] of items.entries()) {
    const name = clusterOf(item) ?? index;
    const cluster = byName.get(name);
    if (cluster) cluster.push(item);
    else byName.set(name, [item]);
  }
  const clusters = [...byName.values()];
  const random = seededRandom(seed);
  const values: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const sample: T[] = [];
    for (let at = 0; at < clusters.length; at++) sample.push(...clusters[Math.floor(random() * clusters.length)]!);
    const value = statistic(sample);
    if (!Number.isNaN(value)) values.push(value);
  }
  values.sort((a, b) => a - b);
  const tail = (1 - level) / 2;
  const [low, high] = [quantile(values, tail), quantile(values, 1 - tail)];
  return { estimate: statistic(items), low, high, level, clusters: clusters.length };
}

/** One item under two versions. */
export interface PairedOutcome {
  readonly id: string;
  readonly cluster?: string;
  /** Whether the version that there was, and the new one, got it right. */
  readonly before: boolean;
  readonly after: boolean;
}

export interface Comparison {
  readonly items: number;
  readonly accuracyBefore: number;
  readonly accuracyAfter: number;
  /** Accuracy after minus before, with its paired bootstrap interval. */
  readonly difference: Interval;
  /**
   * McNemar's exact two-sided p-value: how often items that changed would fall so unevenly if neither version were
   * better. It takes items as independent: with clusters, go by the interval.
   */
  readonly p: number;
  readonly fixed: readonly string[];
  readonly broken: readonly string[];
}

/** Compares two versions on the same items. */
export function compareVersions(
  outcomes: readonly PairedOutcome[],
  options: Omit<BootstrapOptions<PairedOutcome>, "clusterOf"> = {},
): Comparison {
  const share = (which: "before" | "after", of: readonly PairedOutcome[]): number =>
    of.filter((outcome) => outcome[which]).length / of.length;
  const differenceOf = (of: readonly PairedOutcome[]): number =>
    of.reduce((sum, { before, after }) => sum + Number(after) - Number(before), 0) / of.length;
  const difference = bootstrap(outcomes, differenceOf, { ...options, clusterOf: ({ cluster }) => cluster });
  const fixed = outcomes.filter(({ before, after }) => after && !before).map(({ id }) => id);
  const broken = outcomes.filter(({ before, after }) => before && !after).map(({ id }) => id);
  return {
    items: outcomes.length,
    accuracyBefore: share("before", outcomes),
    accuracyAfter: share("after", outcomes),
    difference,
    p: exactMcNemar(fixed.length, broken.length),
    fixed,
    broken,
  };
}

/** Twice the lesser tail of Bin(changed, 1/2), at most 1 (McNemar 1947). */
export function exactMcNemar(fixed: number, broken: number): number {
  return Math.min(1, 2 * binomialAtMost(Math.min(fixed, broken), fixed + broken, 0.5));
}

/** Linear between the order statistics, as numpy's default. */
function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}
