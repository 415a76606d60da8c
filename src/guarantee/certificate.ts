/**
 * Certificates: a threshold below which nothing stands, with a bound on the share of wrong answers above it that holds
 * at a stated confidence for any score, however badly calibrated.
 *
 * Each threshold j of the grid is a hypothesis "the error above it is more than the risk", with the exact binomial
 * p-value P(Bin(n_j, risk) <= k_j): n_j accepted labels, k_j wrong ones (Angelopoulos et al. 2021, arXiv 2110.01052).
 * The hypotheses are tested from strict to loose by the fallback procedure (Wiens and Dmitrienko 2005): each has a
 * level of its own, and a test that passes hands its whole level on to the next. As the own levels add up to delta,
 * the chance that any true hypothesis passes is at most delta, so that the loosest that passed may be taken.
 */

import { UsageError } from "../core/errors.ts";
import { binomialAtMost, upperBound } from "./binomial.ts";
import { type Grid, refuseLeak, type TieBlock } from "./grid.ts";
import { labelsForErrors, labelsForPower, projectedError } from "./sample-size.ts";
import { type CalibrationSample, jittered, refuseOddShare, type ScoredItem } from "./samples.ts";

/** What stands at one point of the grid. */
export interface Counts {
  /** Calibration items accepted. */
  readonly accepted: number;
  /** Wrong ones among them, or the sum of their losses. */
  readonly errors: number;
}

export interface NestedOptions {
  /** Share of the traffic without labels that each point accepts, strictest first. */
  readonly coverage: readonly number[];
  /** Calibration items in all, accepted or not. */
  readonly labels: number;
  readonly risk: number;
  readonly delta: number;
  /**
   * Counts at a point. Whatever rule decides there (several rungs at once, another score) must have been fixed before
   * the labels were seen; later points accept more.
   */
  readonly at: (point: number) => Counts;
  /** Level of each point's own, adding up to at most delta, instead of `ownLevels`. Fixed before the labels are seen. */
  readonly levels?: readonly number[];
  /** Exact binomial unless said otherwise. */
  readonly test?: RiskTest;
}

/** A way to test "the mean error is more than `risk`" from counts. */
export interface RiskTest {
  readonly pValue: (counts: Counts, risk: number) => number;
  /** The largest risk that the counts leave possible at 1 - delta. */
  readonly upper: (counts: Counts, delta: number) => number;
  /** The level at which an exact binomial test has at most this one's power: for projections. */
  readonly binomialLevel: (delta: number) => number;
}

export const exactBinomial: RiskTest = {
  pValue: ({ accepted, errors }, risk) => (accepted === 0 ? 1 : binomialAtMost(errors, accepted, risk)),
  upper: ({ accepted, errors }, delta) => upperBound(errors, accepted, delta),
  binomialLevel: (delta) => delta,
};

export interface NestedCertified extends Counts {
  readonly kind: "certified";
  readonly risk: number;
  readonly delta: number;
  /** The loosest point that passed; 0 is the strictest. */
  readonly gridIndex: number;
  readonly pValue: number;
  /** Level that it passed at. */
  readonly level: number;
  /** Clopper-Pearson at 1 - delta on these counts: for people, the promise is the risk. */
  readonly upper: number;
  /** Share of the traffic without labels that it accepts. */
  readonly coverage: number;
  readonly labels: number;
}

export interface NotCertifiable {
  readonly kind: "not certifiable";
  readonly risk: number;
  readonly delta: number;
  /** `too few labels`: no threshold could pass, even with none wrong. */
  readonly why: "no scores" | "too few labels" | "too many errors";
  readonly labels: number;
  /** Calibration labels still needed, accepted or not; `null` when none would help, as far as can be seen. */
  readonly moreLabels: number | null;
  /** What `moreLabels` takes for granted. */
  readonly assumes: Projection | null;
}

export interface Projection {
  readonly gridIndex: number;
  readonly coverage: number;
  /** Error among accepted items at that point. */
  readonly error: number;
  /** Chance to pass then. With `too few labels`: if none is wrong. */
  readonly power: number;
  readonly level: number;
}

const FIRST_SHARE = 0.8;
/** Wrong labels that the first start has room for, where there are labels enough for that. */
const FIRST_ROOM = [2, 1];
const LATER_STARTS = 4;
/** Above 1: the later starts lie denser in the strict part of the grid. */
const LATER_POWER = 1.5;

/**
 * The level of each point's own: 0.8 delta where the first start is, the rest shared by four later ones up to the end
 * of the grid. The first start is the strictest point that is expected to accept enough labels to pass with two of them
 * wrong (one, where no point is): room for none would make it fail half of the time by the draw of the labels alone,
 * and with room it walks so far that little level need be kept for others. Nothing here has seen a calibration score.
 * With labels for no such point, all of delta goes to the loosest. The constants are free as long as the levels add up
 * to delta; these kept most on the data of bench/escalation.
 */
export function ownLevels(
  coverage: readonly number[],
  labels: number,
  risk: number,
  delta: number,
  test: RiskTest = exactBinomial,
): number[] {
  const levels = new Array<number>(coverage.length).fill(0);
  const last = coverage.length - 1;
  if (last < 0) return levels;
  const first = firstStart(coverage, labels, risk, test.binomialLevel(FIRST_SHARE * delta));
  if (first === null) {
    levels[last] = delta;
    return levels;
  }
  levels[first] = FIRST_SHARE * delta;
  for (let start = 1; start <= LATER_STARTS; start++) {
    const point = Math.round(first + (last - first) * (start / (LATER_STARTS + 1)) ** LATER_POWER);
    levels[point]! += ((1 - FIRST_SHARE) * delta) / LATER_STARTS;
  }
  return levels;
}

function firstStart(coverage: readonly number[], labels: number, risk: number, level: number): number | null {
  for (const room of FIRST_ROOM) {
    const needed = labelsForErrors(room, risk, level);
    const point = coverage.findIndex((share) => share * labels >= needed);
    if (point !== -1) return point;
  }
  return null;
}

/**
 * The certificate of any nested family of acceptance rules. Takes the counts of the points that are tested, each once,
 * and a binomial tail for each.
 */
export function certifyNested(options: NestedOptions): NestedCertified | NotCertifiable {
  const { coverage, labels, risk, delta, at, test = exactBinomial } = options;
  refuseOddShare("risk", risk);
  refuseOddShare("delta", delta);
  const own = options.levels ?? ownLevels(coverage, labels, risk, delta, test);
  refuseOddLevels(own, coverage.length, delta);
  let passed: { point: number; counts: Counts; pValue: number; level: number } | null = null;
  let handed = 0;
  for (const [point, level] of own.entries()) {
    const total = level + handed;
    handed = 0;
    if (total === 0) continue;
    const counts = at(point);
    const pValue = test.pValue(counts, risk);
    if (pValue > total) continue;
    handed = total;
    passed = { point, counts, pValue, level: total };
  }
  if (passed === null) return notCertifiable(options, test);
  const { point, counts, pValue, level } = passed;
  return {
    kind: "certified",
    risk,
    delta,
    gridIndex: point,
    accepted: counts.accepted,
    errors: counts.errors,
    pValue,
    level,
    upper: test.upper(counts, delta),
    coverage: coverage[point]!,
    labels,
  };
}

function refuseOddLevels(levels: readonly number[], points: number, delta: number): void {
  const sum = levels.reduce((total, level) => total + level, 0);
  if (levels.length === points && levels.every((level) => level >= 0) && sum <= delta * (1 + 1e-12)) return;
  throw new UsageError("levels", `a level for each of ${points} points, adding up to at most ${delta}`, { value: sum });
}

/** Says what is missing. It has looked at the labels, so it decides nothing: the next certificate starts afresh. */
function notCertifiable(options: NestedOptions, test: RiskTest): NotCertifiable {
  const { coverage, labels, risk, delta, at } = options;
  const refusal = { kind: "not certifiable", risk, delta, labels } as const;
  const last = coverage.length - 1;
  if (last < 0) return { ...refusal, why: "no scores", moreLabels: null, assumes: null };
  const fewest = labelsForErrors(0, risk, delta);
  const { accepted } = at(last);
  if (accepted < fewest) {
    const share = coverage[last]!;
    // Those there are may have fallen short of the coverage by chance; the answer is never "none".
    const moreLabels = Math.max(Math.ceil(fewest / share - 1e-9) - labels, fewest - accepted);
    const assumes: Projection = { gridIndex: last, coverage: share, error: 0, power: 1, level: delta };
    return { ...refusal, why: "too few labels", moreLabels, assumes };
  }
  const point = mostPromising(options);
  if (point === null) return { ...refusal, why: "too many errors", moreLabels: null, assumes: null };
  const counts = at(point);
  const error = projectedError(counts.errors, counts.accepted);
  // A later start's own level: it reaches every part of the grid, whatever happens before it.
  const level = ((1 - FIRST_SHARE) * delta) / LATER_STARTS;
  const needed = labelsForPower({ trueError: error, risk, delta: test.binomialLevel(level), power: 0.9 })!.labels;
  const moreLabels = Math.max(1, Math.ceil(needed / coverage[point]!) - labels);
  const assumes: Projection = { gridIndex: point, coverage: coverage[point]!, error, power: 0.9, level };
  return { ...refusal, why: "too many errors", moreLabels, assumes };
}

/** The point that would need the fewest labels in all, by the normal approximation; `null` when every error is too near the risk. */
function mostPromising({ coverage, risk, at }: NestedOptions): number | null {
  let [best, fewest] = [-1, Number.POSITIVE_INFINITY];
  for (const [point, share] of coverage.entries()) {
    const { accepted, errors } = at(point);
    const error = projectedError(errors, accepted);
    if (error > 0.95 * risk) continue;
    const spread = 2.5 * Math.sqrt(risk * (1 - risk)) + 1.28 * Math.sqrt(error * (1 - error));
    const needed = (spread / (risk - error)) ** 2 / share;
    if (needed < fewest) [best, fewest] = [point, needed];
  }
  return best === -1 ? null : best;
}

export interface Certified extends NestedCertified {
  /** An item stands when its score with its jitter is at or above; see `mayStand`. */
  readonly threshold: number;
  /** The block of equal scores at the threshold. */
  readonly tie: TieBlock;
  /** Calibration clusters without a score, and items that repeat a cluster: neither is in the counts. */
  readonly unscored: number;
  readonly repeats: number;
}

export type Certificate = Certified | NotCertifiable;

export interface CertifyOptions {
  readonly grid: Grid;
  readonly sample: CalibrationSample;
  /** The share of wrong answers among accepted ones that is promised not to be passed. */
  readonly risk: number;
  /** The chance, over the draw of the labels, that the promise fails. */
  readonly delta: number;
  /** See `NestedOptions`. */
  readonly levels?: readonly number[];
}

/** The loosest threshold of the grid at which the share of wrong answers is certified to be at most `risk`. */
export function certify(options: CertifyOptions): Certificate {
  const { sample } = options;
  return certifyOn(options, exactBinomial, (index) => (sample.items[index]!.wrong ? 1 : 0));
}

/** The same with another test, and a loss for each item of the sample, by its index. */
export function certifyOn(options: CertifyOptions, test: RiskTest, lossOf: (index: number) => number): Certificate {
  const { grid, sample, ...promise } = options;
  // The type says so already; a caller without types is told.
  if (sample.role !== "calibration")
    throw new UsageError("sample_role", `certificates need calibration labels, not ${sample.role} ones`);
  refuseLeak(grid, sample.clusters);
  const counts = countsOver(grid.thresholds, sample.scores, lossOf);
  const at = (point: number): Counts => counts[point]!;
  const { levels, ...rest } = promise;
  const nested = { ...rest, ...(levels && { levels }), coverage: grid.coverage, labels: sample.size, at, test };
  const certificate = certifyNested(nested);
  if (certificate.kind === "not certifiable") return certificate;
  const { gridIndex } = certificate;
  const { unscored, repeats } = sample;
  return { ...certificate, threshold: grid.thresholds[gridIndex]!, tie: grid.ties[gridIndex]!, unscored, repeats };
}

/** Accepted items and their losses at each threshold: each item is put where it first stands, then added up. */
function countsOver(
  thresholds: readonly number[],
  scores: readonly number[],
  lossOf: (index: number) => number,
): readonly Counts[] {
  const accepted = new Float64Array(thresholds.length + 1);
  const losses = new Float64Array(thresholds.length + 1);
  for (const [index, score] of scores.entries()) {
    const point = firstAtMost(thresholds, score);
    accepted[point]!++;
    losses[point]! += lossOf(index);
  }
  let [all, errors] = [0, 0];
  return thresholds.map((_, point) => {
    all += accepted[point]!;
    errors += losses[point]!;
    return { accepted: all, errors };
  });
}

/** The first of the falling thresholds that is not above the score; their count when all are. */
function firstAtMost(thresholds: readonly number[], score: number): number {
  let [low, high] = [0, thresholds.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (thresholds[middle]! <= score) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether an item's answer stands. Without a certificate or without a score, none does. */
export function mayStand(certificate: Certificate, item: ScoredItem): boolean {
  if (certificate.kind === "not certifiable") return false;
  const score = jittered(item);
  return score !== null && score >= certificate.threshold;
}
