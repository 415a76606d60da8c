// What every part is given.
import { parseArgs } from "node:util";
import { type Data, openData } from "./data.ts";

export interface Setup {
  readonly data: Data;
  /** A smoke run: few resamples, nothing written. */
  readonly quick: boolean;
  /** Splits, resamples or runs: set by hand, else the part's own number. */
  size(usual: number, quick: number): number;
}

/** Reads the options. `parts` is `null` where all are wanted. */
export function readSetup(args: readonly string[]): { setup: Setup; parts: readonly string[] | null } {
  const { values } = parseArgs({
    args: [...args],
    options: {
      part: { type: "string" },
      data: { type: "string" },
      quick: { type: "boolean", default: false },
      size: { type: "string" },
    },
  });
  const { quick } = values;
  const setup: Setup = {
    data: openData(values.data),
    quick,
    size: (usual, small) => Number(values.size ?? (quick ? small : usual)),
  };
  return { setup, parts: values.part?.split(",") ?? null };
}

/** A share with its 95 % interval or a pair of figures, short enough for a table. */
export function share(value: number, low?: number, high?: number): string {
  const text = (each: number): string => each.toFixed(3).replace(/^(-?)0\./, "$1.");
  return low === undefined || high === undefined ? text(value) : `${text(value)} (${text(low)} to ${text(high)})`;
}

/** Where 2.5 % and 97.5 % of the values lie. */
export function middle95(values: readonly number[]): readonly [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  return [sorted[Math.floor(0.025 * sorted.length)]!, sorted[Math.ceil(0.975 * sorted.length) - 1]!];
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
