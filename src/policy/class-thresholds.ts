/** Answers that do more harm when they are wrong, such as "refund": each has a risk, a test and a threshold of its own. */

import type { Json } from "../core/json.ts";
import { type Counts, certifyNested } from "../guarantee/certificate.ts";
import { isInShare } from "../learn/clusters.ts";
import { answering, type LocalVersion, type Reading } from "./local-version.ts";

/** One label, with what the version says to its item. */
export interface ReadLabel {
  readonly cluster: string;
  /** `null`: nobody will say. */
  readonly truth: Json | null;
  readonly reading: Reading;
}

export interface ClassThreshold {
  readonly risk: number;
  /** `null`: it may not stand at all. */
  readonly threshold: number | null;
}

export interface ClassTest {
  readonly version: Pick<LocalVersion, "grid" | "coverage">;
  /** A uniform sample, one a cluster, that has no part in the choice of `threshold`. */
  readonly labels: readonly ReadLabel[];
  /** The threshold of all answers: at it the first rung that reaches it decides. */
  readonly threshold: number;
  readonly classes: { readonly [value: string]: number };
  /** Chance that one of these promises claims too much. */
  readonly delta: number;
  /** How often these labels have been tested: each further time has a smaller part of delta (escalation.md c.12). */
  readonly attempt: number;
  readonly same: (a: Json, b: Json) => boolean;
}

/**
 * The threshold of each dangerous answer, by exact binomial tests. Which rung decides depends on the threshold of all
 * answers, so these tests need labels that had no part in choosing it: the other half of the clusters.
 */
export function classThresholds(test: ClassTest): { readonly [value: string]: ClassThreshold } {
  const { version, labels, threshold, classes, same, attempt } = test;
  const { grid, coverage } = version;
  // The parts of all tests together add up to delta.
  const delta = (test.delta * 6) / (Math.PI * attempt) ** 2;
  const levels = evenStarts(grid.length, delta);
  const found: Record<string, ClassThreshold> = {};
  for (const [name, risk] of Object.entries(classes)) {
    const table: Counts[] = grid.map((least) => {
      let accepted = 0;
      let errors = 0;
      for (const { reading, truth } of labels) {
        const said = reading[answering(reading, threshold)];
        if (!said || nameOf(said.value) !== name || said.p < least) continue;
        accepted++;
        if (truth === null || !same(said.value, truth)) errors++;
      }
      return { accepted, errors };
    });
    const own = certifyNested({ coverage, labels: labels.length, risk, delta, levels, at: (point) => table[point]! });
    found[name] = { risk, threshold: own.kind === "certified" ? Math.max(threshold, grid[own.gridIndex]!) : null };
  }
  return found;
}

const STARTS = 5;

/** How often such an answer comes nobody knows before: starts at even steps, each with the same part of delta. */
function evenStarts(points: number, delta: number): number[] {
  const levels = new Array<number>(points).fill(0);
  for (let start = 1; start <= STARTS; start++) levels[Math.round((start * points) / STARTS) - 1]! += delta / STARTS;
  return levels;
}

/** Half of the clusters, by their names alone. */
export function halfOf(cluster: string): 0 | 1 {
  return isInShare(cluster, "classes", 0.5) ? 0 : 1;
}

/** An answer as the config names it. */
export function nameOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
