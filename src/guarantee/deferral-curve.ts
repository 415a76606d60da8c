/**
 * What sending some items to a larger model brings: quality against the share escalated (the measures of RouteLLM, Ong
 * and others 2024).
 */

/** A gap between two means below this is rounding. */
const LEAST_GAP = 1e-9;

/** One item that both models answered. */
export interface Deferrable {
  /** Higher goes up first, such as the negative of a score. */
  readonly priority: number;
  /** Quality of each answer, such as 1 for right and 0 for wrong. */
  readonly small: number;
  readonly large: number;
  /** What the large answer costs; 0 unless told. */
  readonly cost?: number;
}

/** Quality when the first `escalated` share of items goes up; among equal priorities it is the mean over all orders. */
export interface DeferralPoint {
  readonly escalated: number;
  readonly quality: number;
  /** Mean cost an item. */
  readonly cost: number;
}

/** n + 1 points, from nothing escalated to everything. */
export function deferralCurve(items: readonly Deferrable[]): readonly DeferralPoint[] {
  const sorted = items.toSorted((a, b) => b.priority - a.priority);
  let quality = sorted.reduce((sum, { small }) => sum + small, 0);
  let cost = 0;
  const pointAt = (count: number): DeferralPoint => ({
    escalated: count / sorted.length,
    quality: quality / sorted.length,
    cost: cost / sorted.length,
  });
  const points = [pointAt(0)];
  for (let start = 0; start < sorted.length; ) {
    let end = start + 1;
    while (end < sorted.length && sorted[end]!.priority === sorted[start]!.priority) end++;
    const tie = sorted.slice(start, end);
    const gain = tie.reduce((sum, { small, large }) => sum + large - small, 0) / tie.length;
    const price = tie.reduce((sum, item) => sum + (item.cost ?? 0), 0) / tie.length;
    const [before, paid] = [quality, cost];
    for (let at = 1; at <= tie.length; at++) {
      // From the tie's beginning, so that rounding does not add up over a long curve.
      quality = before + gain * at;
      cost = paid + price * at;
      points.push(pointAt(start + at));
    }
    start = end;
  }
  return points;
}

export interface Deferral {
  /** Quality of the small model alone and of the large one alone. */
  readonly small: number;
  readonly large: number;
  /** Mean over the share escalated of the share of the gap that is closed: 1/2 for a random order, may exceed 1. */
  readonly apgr: number | null;
  /** Smallest share escalated that closes half of the gap, and four fifths; `null` where none does. */
  readonly cpt50: number | null;
  readonly cpt80: number | null;
}

/** Everything about a curve in a line. The shares of the gap are `null` where the large model is not the better one. */
export function deferralOf(items: readonly Deferrable[]): Deferral {
  const curve = deferralCurve(items);
  const cpt = (share: number): number | null => leastEscalated(curve, share);
  return {
    small: curve[0]!.quality,
    large: curve.at(-1)!.quality,
    apgr: apgr(curve),
    cpt50: cpt(0.5),
    cpt80: cpt(0.8),
  };
}

/** PGR: the share of the gap between the two models that each point closes; `null` where there is no gap to close. */
export function gapClosed(curve: readonly DeferralPoint[]): readonly number[] | null {
  const [small, large] = [curve[0]!.quality, curve.at(-1)!.quality];
  return large - small > LEAST_GAP ? curve.map(({ quality }) => (quality - small) / (large - small)) : null;
}

/** APGR: the integral of PGR over the share escalated, by trapezoids. */
export function apgr(curve: readonly DeferralPoint[]): number | null {
  const closed = gapClosed(curve);
  if (closed === null) return null;
  return closed.slice(1).reduce((sum, value, index) => sum + (value + closed[index]!) / 2, 0) / (closed.length - 1);
}

/** CPT(x): the smallest share escalated that closes at least `share` of the gap. */
export function leastEscalated(curve: readonly DeferralPoint[], share: number): number | null {
  // Sums of tenths miss the whole by a hair.
  const index = gapClosed(curve)?.findIndex((value) => value >= share - 1e-12);
  return index === undefined || index < 0 ? null : curve[index]!.escalated;
}
