/** The certificate of a version: which threshold of its grid may be promised, on labels that it has never seen. */

import type { Json } from "../core/json.ts";
import { type Counts, certifyNested, type NestedCertified, type NotCertifiable } from "../guarantee/certificate.ts";
import { isInShare } from "../learn/clusters.ts";
import { answering, type LocalVersion, type Reading, type Said } from "./local-version.ts";

/** One label, with what the version says to its item. */
export interface ReadLabel {
  readonly cluster: string;
  readonly truth: Json;
  readonly reading: Reading;
}

export interface VersionTest {
  readonly version: Pick<LocalVersion, "grid" | "coverage">;
  /** A uniform sample of the traffic, one label a cluster. */
  readonly labels: readonly ReadLabel[];
  readonly risk: number;
  readonly delta: number;
  readonly same: (a: Json, b: Json) => boolean;
  /** Answers with a risk of their own, by the value as JSON: each gets a part of delta and a threshold of its own. */
  readonly classes?: { readonly [value: string]: number };
}

export interface ClassThreshold {
  readonly risk: number;
  /** `null`: it may not stand at all. */
  readonly threshold: number | null;
}

export interface VersionCertificate extends NestedCertified {
  readonly threshold: number;
  readonly classes: { readonly [value: string]: ClassThreshold };
}

/**
 * One threshold for all: at it the first member that reaches it decides. Where its answer is a dangerous one, a second
 * threshold of that answer's own decides whether it stands, else the item goes up. Which member decides depends on the
 * first threshold, so the second is tested on other labels: half of them, by cluster. All promises hold together with a
 * confidence of 1 - delta (Bonferroni over the answers).
 */
export function certifyVersion(test: VersionTest): VersionCertificate | NotCertifiable {
  const { version, labels, risk, classes = {} } = test;
  const dangerous = Object.keys(classes);
  const delta = test.delta / (dangerous.length + 1);
  const first = dangerous.length === 0 ? labels : labels.filter(({ cluster }) => halfOf(cluster) === 0);
  const general = testOver(test, first, risk, delta, (threshold, reading) => {
    const said = reading[answering(reading, threshold)];
    return said && !dangerous.includes(nameOf(said.value)) ? said : null;
  });
  if (general.kind === "not certifiable") return general;
  const threshold = version.grid[general.gridIndex]!;
  const second = labels.filter(({ cluster }) => halfOf(cluster) === 1);
  const thresholds: Record<string, ClassThreshold> = {};
  for (const name of dangerous) {
    const own = testOver(test, second, classes[name]!, delta, (least, reading) => {
      const said = reading[answering(reading, threshold)];
      return said && nameOf(said.value) === name && said.p >= least ? said : null;
    });
    const least = own.kind === "certified" ? Math.max(threshold, version.grid[own.gridIndex]!) : null;
    thresholds[name] = { risk: classes[name]!, threshold: least };
  }
  return { ...general, threshold, classes: thresholds };
}

/** Half of the clusters, by their names alone. */
function halfOf(cluster: string): 0 | 1 {
  return isInShare(cluster, "classes", 0.5) ? 0 : 1;
}

/** An answer as the config names it. */
export function nameOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function testOver(
  { version, same }: VersionTest,
  labels: readonly ReadLabel[],
  risk: number,
  delta: number,
  standing: (threshold: number, reading: Reading) => Said | null,
): NestedCertified | NotCertifiable {
  const { grid, coverage } = version;
  const table: Counts[] = grid.map((threshold) => {
    let accepted = 0;
    let errors = 0;
    for (const { reading, truth } of labels) {
      const said = standing(threshold, reading);
      if (!said) continue;
      accepted++;
      if (!same(said.value, truth)) errors++;
    }
    return { accepted, errors };
  });
  return certifyNested({ coverage, labels: labels.length, risk, delta, at: (point) => table[point]! });
}
