// A stream in few numbers: what was kept, what of it was wrong, what was bought, at the usual places.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Streamed } from "./stream.ts";

/** Numbers of items after which a stream is looked at. */
export const places = [250, 500, 1000, 2000, 4000, 8000] as const;

/** A stream at one place. */
export interface AtPlace {
  readonly items: number;
  /** Share kept local so far, and of the last 500. */
  readonly kept: number;
  readonly last: number;
  /** Share of wrong answers among what was kept so far; 0 of nothing. */
  readonly wrong: number;
  readonly labels: number;
}

export interface Summary {
  readonly seed: number;
  readonly at: readonly AtPlace[];
  readonly audits: number;
  /** Share of what was kept that the lowest rung answered. */
  readonly lowest: number;
  readonly certificates: number;
  readonly revoked: number;
}

export function summarise(seed: number, { passed, labels, audits, certificates, revoked }: Streamed): Summary {
  const kept = passed.filter((one) => one.kept);
  const [lowest] = [...new Set(kept.map(({ rung }) => rung))].filter((rung) => rung === "words");
  const at = places
    .filter((items, index) => items <= passed.length || (places[index - 1] ?? 0) < passed.length)
    .map((place): AtPlace => {
      const items = Math.min(place, passed.length);
      const sofar = passed.slice(0, items);
      const stood = sofar.filter((one) => one.kept);
      const window = sofar.slice(-500);
      return {
        items,
        kept: stood.length / items,
        last: window.filter((one) => one.kept).length / window.length,
        wrong: stood.length === 0 ? 0 : stood.filter(({ right }) => !right).length / stood.length,
        labels: labels[items - 1]!,
      };
    });
  const share = lowest === undefined ? 0 : kept.filter(({ rung }) => rung === lowest).length / kept.length;
  return { seed, at, audits, lowest: share, certificates: certificates.length, revoked: revoked.length };
}

const folder = `${import.meta.dirname}/results/seeds`;

/** Seeds that were streamed before under this name: a long measurement goes on where it was stopped. */
export function readSeeds(name: string): readonly Summary[] {
  const file = `${folder}/${name}.json`;
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Summary[]) : [];
}

export function keepSeed(name: string, summary: Summary): void {
  mkdirSync(folder, { recursive: true });
  const others = readSeeds(name).filter(({ seed }) => seed !== summary.seed);
  const all = [...others, summary].sort((a, b) => a.seed - b.seed);
  writeFileSync(`${folder}/${name}.json`, `[\n${all.map((one) => `  ${JSON.stringify(one)}`).join(",\n")}\n]\n`);
}

/** Mean and 95 % interval of the mean (normal, over seeds), as a percentage. */
export function percent(values: readonly number[]): string {
  const mean = average(values);
  const spread = Math.sqrt(
    values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1),
  );
  const half = (1.96 * spread) / Math.sqrt(values.length);
  return values.length < 2 ? (100 * mean).toFixed(1) : `${(100 * mean).toFixed(1)} ± ${(100 * half).toFixed(1)}`;
}

export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
