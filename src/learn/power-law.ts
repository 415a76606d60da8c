/** The usual shape of a learning curve, share right = a - b n^-c, fitted to what was measured, and what it foretells. */

import { seededRandom } from "../guarantee/random.ts";

export interface Measured {
  /** Labels that were trained on. */
  readonly labels: number;
  readonly right: number;
  readonly of: number;
}

export interface PowerLaw {
  /** Where the curve would end, at most 1. */
  readonly limit: number;
  readonly scale: number;
  readonly exponent: number;
}

export interface Foretold {
  readonly share: number;
  /** The middle 90 % of what resampled measurements foretell. It knows nothing of a change in what comes. */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 200;
/** Exponents tried; published curves of classifiers lie between 0.1 and 1. */
const exponents = Array.from({ length: 40 }, (_, index) => 0.05 * (index + 1));

export function shareAt({ limit, scale, exponent }: PowerLaw, labels: number): number {
  return Math.max(0, limit - scale * labels ** -exponent);
}

/**
 * Least squares weighted by the binomial precision of each point: the exponent from a list, limit and scale solved
 * exactly, the limit at most 1 and the curve never falling. `null` below three different counts of labels.
 */
export function fitPowerLaw(points: readonly Measured[]): PowerLaw | null {
  if (new Set(points.map(({ labels }) => labels)).size < 3) return null;
  let best: (PowerLaw & { readonly miss: number }) | undefined;
  for (const exponent of exponents) {
    const rows = points.map(({ labels, right, of }) => {
      // One imagined miss and hit keep a point without a miss from having all the weight.
      const smooth = (right + 1) / (of + 2);
      return { x: labels ** -exponent, y: right / of, weight: of / (smooth * (1 - smooth)) };
    });
    const total = sum(rows, (row) => row.weight);
    const meanX = sum(rows, (row) => row.weight * row.x) / total;
    const meanY = sum(rows, (row) => row.weight * row.y) / total;
    const spread = sum(rows, (row) => row.weight * (row.x - meanX) ** 2);
    const slope = sum(rows, (row) => row.weight * (row.x - meanX) * (row.y - meanY)) / spread;
    let scale = Math.max(0, -slope);
    let limit = meanY + scale * meanX;
    if (limit > 1) {
      limit = 1;
      scale = sum(rows, (row) => row.weight * row.x * (1 - row.y)) / sum(rows, (row) => row.weight * row.x ** 2);
    }
    const miss = sum(rows, (row) => row.weight * (row.y - limit + scale * row.x) ** 2);
    if (!best || miss < best.miss) best = { limit, scale, exponent, miss };
  }
  return best ? { limit: best.limit, scale: best.scale, exponent: best.exponent } : null;
}

/** What the curve foretells at a count of labels, with an interval from 200 binomial resamples of the points. */
export function foretell(points: readonly Measured[], labels: number, seed = 1): Foretold | null {
  const law = fitPowerLaw(points);
  if (!law) return null;
  const random = seededRandom(seed);
  const shares: number[] = [];
  for (let round = 0; round < RESAMPLES; round++) {
    const again = points.map((point) => {
      const share = (point.right + 0.5) / (point.of + 1);
      const shifted = share + normal(random) * Math.sqrt((share * (1 - share)) / point.of);
      return { ...point, right: Math.min(1, Math.max(0, shifted)) * point.of };
    });
    shares.push(shareAt(fitPowerLaw(again)!, labels));
  }
  shares.sort((a, b) => a - b);
  const share = shareAt(law, labels);
  return {
    share,
    low: Math.min(share, shares[Math.floor(0.05 * RESAMPLES)]!),
    high: Math.max(share, shares[Math.floor(0.95 * RESAMPLES)]!),
  };
}

/** A standard normal number (Box and Muller 1958). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function sum<T>(rows: readonly T[], of: (row: T) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}
