/**
 * Early warnings that need no labels: the scores, the rates and the mix of what arrives no longer look as they did when
 * the certificate was made. A warning never says that answers are wrong, and its absence never says that they are
 * right: it raises the audit rate and tightens the threshold (see states.ts), nothing else.
 *
 * Every monitor is plain data, is fed one decision at a time, and rings when its evidence reaches `limit`. Each restarts
 * its bets when they have lost everything, so that a change after a long good spell is seen; without a change it takes
 * `limit` decisions or more on average until it rings falsely.
 */

import { UsageError } from "../core/errors.ts";
import { type Share, wilson } from "../core/wilson.ts";
import { type EProcess, fallDetector, logEValue, logMeanExp, observe, riseDetector } from "./e-process.ts";

/** Decisions to a false alarm, on average and at least, unless told otherwise. */
const usualLimit = 10_000;

/** A share that should stay where it was. */
export interface RateMonitor {
  readonly name: string;
  /** The reference share and how far the true one may lie from it. Inside it, nothing is a change. */
  readonly reference: Share;
  readonly limit: number;
  /** `null` where the reference leaves no room for a fall or a rise. */
  readonly rise: EProcess | null;
  readonly fall: EProcess | null;
}

export interface RateReference {
  /** Of `of` decisions in calm times, how many had it. */
  readonly count: number;
  readonly of: number;
  /** Share of the reference by which the rate may also move before it counts; 0.1 is a tenth up or down. */
  readonly tolerance?: number;
  readonly limit?: number;
}

/**
 * Watches a share on both sides: how often a step escalates, how often the upper model disagrees among the escalated,
 * how often a validator refuses, how often one option is chosen. The reference is itself only known to an interval
 * (Wilson, 95 %), and the monitor looks for evidence outside it.
 */
export function rateMonitor(
  name: string,
  { count, of, tolerance = 0, limit = usualLimit }: RateReference,
): RateMonitor {
  const measured = wilson(count, of);
  if (measured === null) throw new UsageError("E_REFERENCE", `the rate "${name}" has no reference: 0 decisions`);
  if (!(tolerance >= 0 && limit > 1)) {
    throw new UsageError("E_REFERENCE", `the rate "${name}" wants a tolerance of 0 or more and a limit above 1`);
  }
  const { share } = measured;
  const low = Math.min(measured.low, share * (1 - tolerance));
  const high = Math.max(measured.high, share * (1 + tolerance));
  return {
    name,
    reference: { share, low, high },
    limit,
    rise: high > 0 && high < 1 ? riseDetector(high) : null,
    fall: low > 0 && low < 1 ? fallDetector(low) : null,
  };
}

/** The monitor after a decision that had it (`hit`) or not. */
export function watchRate(monitor: RateMonitor, hit: boolean): RateMonitor {
  const { rise, fall } = monitor;
  const loss = Number(hit);
  return {
    ...monitor,
    rise: rise === null ? null : observe(rise, loss),
    fall: fall === null ? null : observe(fall, loss),
  };
}

/** Logarithm of the evidence for a change, to either side: the mean of the two detectors. */
function logRateEvidence({ rise, fall }: RateMonitor): number {
  const sides = [rise, fall].filter((side) => side !== null).map(logEValue);
  return sides.length === 0 ? Number.NEGATIVE_INFINITY : logMeanExp(sides);
}

/** Whether the rate has changed. */
export function rateRings(monitor: RateMonitor): boolean {
  return logRateEvidence(monitor) >= Math.log(monitor.limit);
}

/** Shares that should stay as they were: of options, of length classes, of the clusters that items fall into. */
export interface MixMonitor {
  readonly name: string;
  readonly limit: number;
  /** One for each class, in the order of the names. */
  readonly classes: readonly RateMonitor[];
}

export interface MixReference {
  /** Decisions of each class in calm times. */
  readonly counts: { readonly [name: string]: number };
  readonly tolerance?: number;
  readonly limit?: number;
}

/** What belongs to no known class falls into this one. */
const otherClass = "(other)";

/** Watches every class of a mix at once. The limit is that of the whole: it pays for the number of classes itself. */
export function mixMonitor(name: string, { counts, tolerance = 0, limit = usualLimit }: MixReference): MixMonitor {
  const all: { readonly [name: string]: number } = { [otherClass]: 0, ...counts };
  const of = Object.values(all).reduce((sum, count) => sum + count, 0);
  const classes = Object.entries(all).map(([key, count]) => rateMonitor(key, { count, of, tolerance, limit }));
  return { name, limit, classes };
}

/** The monitor after a decision of a class. */
export function watchMix(monitor: MixMonitor, seen: string): MixMonitor {
  const known = monitor.classes.some(({ name }) => name === seen) ? seen : otherClass;
  return { ...monitor, classes: monitor.classes.map((each) => watchRate(each, each.name === known)) };
}

/** The class with most evidence of a change when the mix has changed; otherwise `null`. */
export function mixRings({ classes, limit }: MixMonitor): string | null {
  const evidence = classes.map(logRateEvidence);
  if (logMeanExp(evidence) < Math.log(limit)) return null;
  return classes[evidence.indexOf(Math.max(...evidence))]!.name;
}

/**
 * Scores that should go on coming from where the calibration scores came from: a conformal test martingale (Vovk 2021).
 * Each score gets the share of scores so far that lie below it, ties broken by a jitter: while all come in random
 * order, these ranks are independent and uniform. The scores so far are kept as counts between edges, which keeps the
 * monitor small; scores between two edges count as ties, and the ranks stay exact.
 */
export interface ScoreMonitor {
  readonly limit: number;
  /** Ascending. */
  readonly edges: readonly number[];
  /** Scores so far below the first edge, between each two, and at or above the last. */
  readonly counts: readonly number[];
  /** Logarithm of what each bet is worth, restarted at 1. */
  readonly logs: readonly number[];
  /** The same bets never restarted: their mean ever reaches 1 / delta with probability delta at most. */
  readonly martingale: readonly number[];
}

export interface ScoreReference {
  /** Where the classes of scores lie, ascending; 20 to 60 quantiles of scores that are not among `calibration`. */
  readonly edges: readonly number[];
  readonly calibration: readonly number[];
  readonly limit?: number;
}

/** Bets `power * rank^(power - 1)` that ranks come out low, and the same on high ones. */
const powers: readonly number[] = [0.3, 0.5, 0.7, 0.85];
/** A rank of exactly 0 would win everything at once. */
const leastRank = 1e-9;

export function scoreMonitor({ edges, calibration, limit = usualLimit }: ScoreReference): ScoreMonitor {
  if (edges.length === 0 || calibration.length === 0) {
    throw new UsageError("E_REFERENCE", "a score monitor wants edges and calibration scores");
  }
  if (edges.some((edge, index) => Number.isNaN(edge) || edge <= (edges[index - 1] ?? Number.NEGATIVE_INFINITY))) {
    throw new UsageError("E_REFERENCE", "the edges of scores must ascend");
  }
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const score of calibration) counts[classOf(edges, score)]!++;
  const logs = [...powers, ...powers].map(() => 0);
  return { limit, edges, counts, logs, martingale: logs };
}

function classOf(edges: readonly number[], score: number): number {
  if (Number.isNaN(score)) throw new UsageError("E_SCORE", "a score is not a number; such a decision escalates anyway");
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle]! <= score) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The monitor after a score. `jitter`, uniform on [0, 1), breaks ties: the audit coin of the decision will do. */
export function watchScore(monitor: ScoreMonitor, score: number, jitter: number): ScoreMonitor {
  if (!(jitter >= 0 && jitter < 1)) {
    throw new UsageError("E_JITTER", `a jitter lies from 0 to below 1, not at ${jitter}`, { value: jitter });
  }
  const place = classOf(monitor.edges, score);
  const counts = monitor.counts.with(place, monitor.counts[place]! + 1);
  let [below, all] = [0, 0];
  for (const [index, count] of counts.entries()) {
    if (index < place) below += count;
    all += count;
  }
  const rank = (below + jitter * counts[place]!) / all;
  const steps = [...powers.map((power) => logBet(power, rank)), ...powers.map((power) => logBet(power, 1 - rank))];
  return {
    ...monitor,
    counts,
    logs: monitor.logs.map((log, index) => Math.max(log, 0) + steps[index]!),
    martingale: monitor.martingale.map((log, index) => log + steps[index]!),
  };
}

function logBet(power: number, rank: number): number {
  return Math.log(power) + (power - 1) * Math.log(Math.max(rank, leastRank));
}

/** Whether the scores have changed at some moment. */
export function scoresRing({ logs, limit }: ScoreMonitor): boolean {
  return logMeanExp(logs) >= Math.log(limit);
}

/** The martingale's value against "as in calibration ever since"; evidence at 1 / delta. */
export function logScoreMartingale({ martingale }: ScoreMonitor): number {
  return logMeanExp(martingale);
}
