// What others do to choose a threshold, on the same grid and the same labels as ours. Each gives the index of the loosest
// point that it would take, or -1 for none.
import { binomialAtMost } from "../../src/guarantee/binomial.ts";

/** Labels at or above each threshold of the grid, strictest first, and the wrong ones among them. */
export interface Grid {
  readonly accepted: readonly number[];
  readonly errors: readonly number[];
  readonly risk: number;
  readonly delta: number;
}

export type Baseline = (grid: Grid) => number;

/** The loosest threshold whose error on the labels keeps the promise: what most people do, and no guarantee. */
export const naive: Baseline = ({ accepted, errors, risk }) =>
  accepted.findLastIndex((count, point) => count > 0 && errors[point]! / count <= risk);

/** Fixed-sequence testing from the strictest threshold that could pass at all (Angelopoulos and others 2021). */
export const strict: Baseline = (grid) => walk(grid, feasible(grid, grid.delta), grid.delta);

/** The same from four starts, each at a quarter of delta: the strictest feasible one and a quarter, half, three quarters in. */
export const fourStart: Baseline = (grid) => {
  const level = grid.delta / 4;
  const first = feasible(grid, level);
  const starts = [0, 0.25, 0.5, 0.75].map((share) => Math.max(first, Math.floor(share * grid.accepted.length)));
  return Math.max(...starts.map((start) => walk(grid, start, level)));
};

/** Every threshold at delta over their number, by Clopper and Pearson's bound. */
export const bonferroni: Baseline = (grid) =>
  grid.accepted.findLastIndex((_, point) => pValue(grid, point) <= grid.delta / grid.accepted.length);

function pValue({ accepted, errors, risk }: Grid, point: number): number {
  return accepted[point]! === 0 ? 1 : binomialAtMost(errors[point]!, accepted[point]!, risk);
}

/** The first threshold with labels enough to pass if none is wrong. It looks at the labels' scores, which favours it. */
function feasible({ accepted, risk }: Grid, level: number): number {
  const first = accepted.findIndex((count) => count >= Math.log(level) / Math.log1p(-risk));
  return first === -1 ? accepted.length : first;
}

function walk(grid: Grid, start: number, level: number): number {
  let point = start;
  while (point < grid.accepted.length && pValue(grid, point) <= level) point++;
  return point > start ? point - 1 : -1;
}
