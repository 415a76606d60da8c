/**
 * Samples of scores, each with its role. What a sample may be used for follows from where it comes from, so that the
 * role travels with it and wrong use is refused instead of remembered.
 */

import { UsageError } from "../core/errors.ts";

/**
 * `unlabelled`: recent traffic, gives the grid. `tune`: labels that fitted a score or a calibrator. `calibration`:
 * labels that nothing has seen, touched once.
 */
export type SampleRole = "unlabelled" | "tune" | "calibration";

export interface ScoredItem {
  readonly id: string;
  /** What repeats of one thing share, such as the hash of the state; the id where it stands alone. */
  readonly cluster?: string;
  /** Higher is safer, any scale. Missing, `null`, NaN and infinite mean "no score": such an item is never accepted. */
  readonly score?: number | null;
}

export interface LabelledItem extends ScoredItem {
  /** Whether the answer that would stand is wrong. */
  readonly wrong: boolean;
}

export interface Sample<Role extends SampleRole = SampleRole, Item extends ScoredItem = ScoredItem> {
  readonly role: Role;
  /** One item a cluster, those without a score left out. */
  readonly items: readonly Item[];
  /** Score of each item with its jitter, see `jittered`. */
  readonly scores: readonly number[];
  /** Name of the cluster of each item. */
  readonly clusters: readonly string[];
  /** Clusters, with or without a score: what shares are of. */
  readonly size: number;
  /** Clusters without a score. */
  readonly unscored: number;
  /** Items left out because their cluster stands already. */
  readonly repeats: number;
}

export type CalibrationSample<Item extends LabelledItem = LabelledItem> = Sample<"calibration", Item>;

/** Recent traffic without labels. */
export function unlabelledSample(items: readonly ScoredItem[]): Sample<"unlabelled"> {
  return sampleOf("unlabelled", items);
}

/** Items whose labels fitted something: a score, a prior, a calibrator. */
export function tuneSample(items: readonly ScoredItem[]): Sample<"tune"> {
  return sampleOf("tune", items);
}

/** Labelled items, drawn at random from the traffic that a certificate shall speak of, and used for nothing else. */
export function calibrationSample<Item extends LabelledItem>(items: readonly Item[]): CalibrationSample<Item> {
  return sampleOf("calibration", items);
}

const WIDTH = 1e-9;

/**
 * The score that is compared with a threshold: plus up to 1e-9, uniform over clusters, so that a threshold can cut
 * through a block of equal scores. It follows from the cluster's name, so that repeats stand or fall together and a
 * replay decides the same. `null` for what has no score.
 */
export function jittered(item: ScoredItem): number | null {
  const { score } = item;
  if (score === undefined || score === null || !Number.isFinite(score)) return null;
  return score + WIDTH * uniformOf(item.cluster ?? item.id);
}

/** In [0, 1): FNV-1a over the code units, then the finaliser of MurmurHash3, without which near names give near numbers. */
function uniformOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

function sampleOf<Role extends SampleRole, Item extends ScoredItem>(
  role: Role,
  given: readonly Item[],
): Sample<Role, Item> {
  const standing = new Map<string, Item>();
  for (const item of given) {
    const cluster = item.cluster ?? item.id;
    const other = standing.get(cluster);
    if (other === undefined || standsBefore(item, other)) standing.set(cluster, item);
  }
  const items: Item[] = [];
  const scores: number[] = [];
  const clusters: string[] = [];
  for (const [cluster, item] of standing) {
    const score = jittered(item);
    if (score === null) continue;
    items.push(item);
    scores.push(score);
    clusters.push(cluster);
  }
  const size = standing.size;
  return { role, items, scores, clusters, size, unscored: size - items.length, repeats: given.length - size };
}

/**
 * Which of two repeats speaks for the cluster. By id, which knows nothing of score and label; a repeat of the very id
 * that disagrees with itself counts as wrong, and by its higher score, where a wrong label weighs on more thresholds.
 */
function standsBefore(item: ScoredItem, other: ScoredItem): boolean {
  if (item.id !== other.id) return item.id < other.id;
  const [wrong, otherWrong] = [isWrong(item), isWrong(other)];
  if (wrong !== otherWrong) return wrong;
  const [score, otherScore] = [jittered(item) ?? -Infinity, jittered(other) ?? -Infinity];
  return wrong ? score > otherScore : score < otherScore;
}

const isWrong = (item: ScoredItem): boolean => "wrong" in item && item.wrong === true;

/** Refuses a share that is no share. */
export function refuseOddShare(name: "risk" | "delta", value: number): void {
  if (value > 0 && value < 1) return;
  throw new UsageError(name, `${name} must lie between 0 and 1, not ${value}`, { value });
}
