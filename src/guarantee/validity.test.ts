/**
 * The promise, kept: resampled from 3,000 real rows a file, which stand for the whole population, so that the risk of
 * a threshold is known exactly. A selector that takes the loosest threshold with few enough errors seen must fail.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Certificate, certify } from "./certificate.ts";
import { type Grid, gridFrom } from "./grid.ts";
import { seededRandom } from "./random.ts";
import { type CalibrationSample, calibrationSample, type LabelledItem, unlabelledSample } from "./samples.ts";

const RUNS = 1000;
const DELTA = 0.05;
const ALLOWED = DELTA + 2 * Math.sqrt((DELTA * (1 - DELTA)) / RUNS);

interface Row {
  readonly score: number;
  readonly wrong: boolean;
}

function rowsOf(name: string): readonly Row[] {
  const packed = readFileSync(join(import.meta.dirname, `../../fixtures/escalation/${name}.csv.gz`));
  const lines = gunzipSync(packed).toString().trim().split("\n").slice(1);
  return lines.map((line) => ({ score: Number(line.split(",")[0]), wrong: line.endsWith(",1") }));
}

/** With replacement: each draw is an item of its own. */
function draw(rows: readonly Row[], count: number, name: string, random: () => number): LabelledItem[] {
  return Array.from({ length: count }, (_, index) => {
    const { score, wrong } = rows[Math.floor(random() * rows.length)]!;
    return { id: `${name}${index}`, score, wrong };
  });
}

/** Error of all that stands at a threshold, over the rows and over the jitter. */
function riskAt(rows: readonly Row[], threshold: number): number {
  let [accepted, wrong] = [0, 0];
  for (const row of rows) {
    const share = Math.min(1, Math.max(0, 1 - (threshold - row.score) / 1e-9));
    accepted += share;
    if (row.wrong) wrong += share;
  }
  return accepted === 0 ? 0 : wrong / accepted;
}

function naive(grid: Grid, sample: CalibrationSample, risk: number): number | null {
  return (
    grid.thresholds.findLast((threshold) => {
      const kept = sample.items.filter((_, index) => sample.scores[index]! >= threshold);
      return kept.length > 0 && kept.filter(({ wrong }) => wrong).length / kept.length <= risk;
    }) ?? null
  );
}

const thresholdOf = (certificate: Certificate): number | null =>
  certificate.kind === "certified" ? certificate.threshold : null;

describe.each(["20news", "imdb"])("on %s, over 1,000 draws of 1,000 labels,", (name) => {
  const rows = rowsOf(name);
  const risks = [0.01, 0.02, 0.05];
  const tally = new Map(risks.map((risk) => [risk, { certified: 0, violated: 0, naive: 0 }]));
  const random = seededRandom(name.length);
  for (let run = 0; run < RUNS; run++) {
    const grid = gridFrom(unlabelledSample(draw(rows, 300, "u", random)));
    const sample = calibrationSample(draw(rows, 1000, "c", random));
    for (const risk of risks) {
      const counts = tally.get(risk)!;
      const chosen = thresholdOf(certify({ grid, sample, risk, delta: DELTA }));
      if (chosen !== null) counts.certified++;
      if (chosen !== null && riskAt(rows, chosen) > risk) counts.violated++;
      const hoped = naive(grid, sample, risk);
      if (hoped !== null && riskAt(rows, hoped) > risk) counts.naive++;
    }
  }

  test.each(risks)("a risk of %d is passed no more often than promised", (risk) => {
    expect(tally.get(risk)!.violated / RUNS).toBeLessThanOrEqual(ALLOWED);
  });

  test.each(risks)("a naive selector passes %d far too often", (risk) => {
    expect(tally.get(risk)!.naive / RUNS).toBeGreaterThan(ALLOWED);
  });

  test("certificates at 5 % are no rarity", () => {
    expect(tally.get(0.05)!.certified).toBeGreaterThan(950);
  });
});
