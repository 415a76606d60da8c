/** The thresholds that a certificate may choose from, fixed before a calibration label is seen. */

import { UsageError } from "../core/errors.ts";
import type { Sample, SampleRole } from "./samples.ts";

export interface Grid {
  readonly role: Exclude<SampleRole, "calibration">;
  /** Strictest first. A score with its jitter stands at or above. */
  readonly thresholds: readonly number[];
  /** Share of the sample's clusters at or above each threshold; rises. Those without a score count as below. */
  readonly coverage: readonly number[];
  /** The block of equal scores that each threshold cuts through. */
  readonly ties: readonly TieBlock[];
  /** Clusters that the thresholds were taken from. */
  readonly sources: readonly string[];
}

/** Equal scores around a threshold, which only the jitter tells apart. */
export interface TieBlock {
  /** Without jitter. */
  readonly score: number;
  /** Share of all clusters with exactly this score. */
  readonly share: number;
  /** Part of the block, from 0 to 1, that stands at the threshold. */
  readonly accepted: number;
}

/**
 * `size` thresholds at equal steps of coverage, fewer where there are fewer scores. The scores must not be those of
 * calibration items: the count of accepted labels is binomial only when the thresholds know nothing of them.
 */
export function gridFrom(sample: Sample, options: { readonly size?: number } = {}): Grid {
  const { size = 50 } = options;
  const { role } = sample;
  if (role === "calibration")
    throw new UsageError("grid_leak", "a grid is made from unlabelled or tune scores, never from calibration items");
  if (!(Number.isInteger(size) && size > 0))
    throw new UsageError("grid_size", `a grid has a whole number of thresholds, not ${size}`, { value: size });
  const order = sample.scores.map((_, index) => index).sort((a, b) => sample.scores[b]! - sample.scores[a]!);
  const raw = order.map((index) => sample.items[index]!.score!);
  const blocks = blocksOf(raw);
  const thresholds: number[] = [];
  const coverage: number[] = [];
  const ties: TieBlock[] = [];
  let last = 0;
  for (let step = 1; step <= size; step++) {
    const count = Math.floor((step * order.length) / size);
    if (count === last) continue;
    last = count;
    thresholds.push(sample.scores[order[count - 1]!]!);
    coverage.push(count / sample.size);
    const score = raw[count - 1]!;
    const { from, members } = blocks.get(score)!;
    ties.push({ score, share: members / sample.size, accepted: (count - from) / members });
  }
  return { role, thresholds, coverage, ties, sources: sample.clusters };
}

/** Where each block of equal scores begins, and how many it has. */
function blocksOf(sorted: readonly number[]): Map<number, { from: number; members: number }> {
  const blocks = new Map<number, { from: number; members: number }>();
  for (const [index, score] of sorted.entries()) {
    const block = blocks.get(score);
    if (block) block.members++;
    else blocks.set(score, { from: index, members: 1 });
  }
  return blocks;
}

const sourceSets = new WeakMap<Grid, ReadonlySet<string>>();

/** Refuses a grid that was made from any of these clusters. */
export function refuseLeak(grid: Grid, clusters: readonly string[]): void {
  let sources = sourceSets.get(grid);
  if (sources === undefined) {
    sources = new Set(grid.sources);
    sourceSets.set(grid, sources);
  }
  const shared = clusters.filter((cluster) => sources.has(cluster));
  if (shared.length === 0) return;
  throw new UsageError("grid_leak", `${shared.length} calibration items also made the grid`, {
    value: shared.slice(0, 3),
  });
}
