/**
 * What would stand at each threshold, and how much of it is wrong: the curve of all local rungs together. At a threshold
 * the first rung that reaches it answers, so that an item's answer may change as the threshold falls. With one rung it
 * is the risk-coverage curve (Geifman and El-Yaniv 2017). Hindsight on known items.
 */

import type { CoveragePoint } from "../guarantee/risk-coverage.ts";

/** One item: of each rung, lowest first, how sure it was and whether it was right; `null` where it said nothing. */
export type Judged = readonly ({ readonly p: number; readonly correct: boolean } | null)[];

/** A point for each different probability, surest first. Empty where no rung said anything. */
export function localCurve(items: readonly Judged[]): readonly CoveragePoint[] {
  const replies = items
    .flatMap((judged, item) => judged.flatMap((said, rung) => (said ? [{ ...said, item, rung }] : [])))
    .sort((a, b) => b.p - a.p);
  const answering = new Map<number, { readonly rung: number; readonly correct: boolean }>();
  const points: CoveragePoint[] = [];
  let wrong = 0;
  for (const [index, { p, item, rung, correct }] of replies.entries()) {
    const before = answering.get(item);
    if (!before || rung < before.rung) {
      answering.set(item, { rung, correct });
      wrong += Number(!correct) - Number(before ? !before.correct : false);
    }
    if (replies[index + 1]?.p === p) continue;
    points.push({ score: p, coverage: answering.size / items.length, risk: wrong / answering.size });
  }
  return points;
}

/** Mean error over the shares kept, up to the largest that anything local answers; `null` of nothing. Lower is better. */
export function areaUnder(curve: readonly CoveragePoint[]): number | null {
  const end = curve.at(-1);
  if (!end) return null;
  let area = 0;
  for (const [index, { coverage, risk }] of curve.entries())
    area += (coverage - (curve[index - 1]?.coverage ?? 0)) * risk;
  return area / end.coverage;
}

/** The largest share kept whose error is at most `risk`, in hindsight: no promise about other items. 0 where none is. */
export function coverageWithin(curve: readonly CoveragePoint[], risk: number): number {
  return curve.reduce((most, point) => (point.risk <= risk ? Math.max(most, point.coverage) : most), 0);
}

/** The point at a threshold: the last one that it lets stand. `null` where nothing reaches it. */
export function pointAt(curve: readonly CoveragePoint[], threshold: number): CoveragePoint | null {
  return curve.findLast(({ score }) => score >= threshold) ?? null;
}
