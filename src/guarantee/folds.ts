/** Splits for cross-validation: whole clusters at a time, so that a duplicate never stands on both sides. */

import { seededRandom, shuffle } from "./random.ts";

/**
 * For each of `count` items the fold that holds it out, 0 to at most `folds` - 1. Clusters are dealt in random order,
 * each to the fold that has fewest items. Fewer folds come back where there are not so many clusters.
 */
export function foldsOf(
  count: number,
  folds: number,
  seed: number,
  clusterOf: (index: number) => string | undefined = () => undefined,
): number[] {
  const clusters = new Map<string | number, number[]>();
  for (let index = 0; index < count; index++) {
    const key = clusterOf(index) ?? index;
    const cluster = clusters.get(key);
    if (cluster) cluster.push(index);
    else clusters.set(key, [index]);
  }
  const sizes = new Array<number>(Math.max(1, Math.min(folds, clusters.size))).fill(0);
  const of = new Array<number>(count).fill(0);
  for (const members of shuffle([...clusters.values()], seededRandom(seed))) {
    const smallest = sizes.indexOf(Math.min(...sizes));
    for (const index of members) of[index] = smallest;
    sizes[smallest]! += members.length;
  }
  return of;
}

/**
 * What each item gets from a fit that has not seen its fold: `learn` is given the indexes to fit on, `use` applies
 * its result to one index. With a single fold nothing can be held out, and the result is `null`.
 */
export function crossFitted<Fit, T>(
  folds: readonly number[],
  learn: (training: readonly number[]) => Fit,
  use: (fit: Fit, index: number) => T,
): T[] | null {
  const count = folds.reduce((most, fold) => Math.max(most, fold), 0) + 1;
  if (count < 2) return null;
  const result = new Array<T>(folds.length);
  for (let fold = 0; fold < count; fold++) {
    const fitted = learn([...folds.keys()].filter((index) => folds[index] !== fold));
    for (const [index, of] of folds.entries()) if (of === fold) result[index] = use(fitted, index);
  }
  return result;
}
