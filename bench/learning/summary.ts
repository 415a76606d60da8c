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

/** Seeds that were measured before under this name: a long measurement goes on where it was stopped. */
export function readSeeds<T extends { readonly seed: number } = Summary>(name: string): readonly T[] {
  const file = `${folder}/${name}.json`;
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as T[]) : [];
}

function keepSeed<T extends { readonly seed: number }>(name: string, found: T): void {
  mkdirSync(folder, { recursive: true });
  const others = readSeeds<T>(name).filter(({ seed }) => seed !== found.seed);
  const all = [...others, found].sort((a, b) => a.seed - b.seed);
  writeFileSync(`${folder}/${name}.json`, `[\n${all.map((one) => `  ${JSON.stringify(one)}`).join(",\n")}\n]\n`);
}

/** Every seed that is asked for or was measured before, lowest first; only those that were not are measured. */
export async function seedsOf<T extends { readonly seed: number }>(
  name: string,
  { seeds, quick }: { readonly seeds: readonly number[]; readonly quick: boolean },
  measure: (seed: number) => T | Promise<T>,
): Promise<readonly T[]> {
  const found: T[] = quick ? [] : [...readSeeds<T>(name)];
  for (const seed of seeds) {
    if (found.some((one) => one.seed === seed)) continue;
    const one = await measure(seed);
    found.push(one);
    if (!quick) keepSeed(name, one);
  }
  return found.sort((a, b) => a.seed - b.seed);
}

/** Fewer seeds than this say too little for an interval of their mean. */
const ENOUGH = 5;

/** Mean and its 95 % interval (Student's t, over seeds), as a percentage; of few seeds the least and the most instead. */
export function percent(values: readonly number[]): string {
  const mean = average(values);
  const text = (value: number): string => (100 * value).toFixed(1);
  if (values.length < 2) return text(mean);
  if (values.length < ENOUGH) return `${text(mean)} (${text(Math.min(...values))} to ${text(Math.max(...values))})`;
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  return `${text(mean)} ± ${text((studentAt95(values.length - 1) * spread) / Math.sqrt(values.length))}`;
}

/** The two-sided 95 % quantile of Student's t, by its expansion around the normal one: within 0.01 from 4 degrees on. */
function studentAt95(degrees: number): number {
  const z = 1.959964;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / degrees + second / degrees ** 2 + third / degrees ** 3;
}

export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
