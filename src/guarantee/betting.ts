/**
 * A certificate that may be looked at after every label: which threshold of a grid keeps its share of wrong answers
 * below the risk, tested by betting (Waudby-Smith and Ramdas 2023) and handed on along the grid by the fallback procedure.
 *
 * For each threshold j somebody who doubts that the error above it reaches the risk r starts with 1 and, at each labelled
 * item that j would let stand, bets a part of what they have: it is multiplied by 1 + lambda w (r - e), e = 1 for a
 * wrong answer, w the item's weight. If the error is r or more, nobody gets rich: the chance of ever having 1 / alpha is
 * at most alpha (Ville). So the promise holds however often one looks, and the labels of one version need no second
 * budget. Items that were labelled with probability p for certain have w = 1 / p, those that are always labelled 1: the
 * mean over labelled items is that over all, and lambda may be at most p / (1 - r).
 */

import { UsageError } from "../core/errors.ts";
import { refuseOddShare } from "./samples.ts";

/** What is known of a grid before a certification label is seen: from training items that the fit had not seen. */
export interface Foreseen {
  /** Share of the traffic that each threshold lets stand, strictest first. */
  readonly coverage: readonly number[];
  /** Of the training items that each lets stand: how many, and how many of them wrong. */
  readonly accepted: readonly number[];
  readonly wrong: readonly number[];
}

export interface BettingOptions {
  readonly risk: number;
  readonly delta: number;
  readonly foreseen: Foreseen;
}

/** A labelled item as the test sees it. */
export interface BetItem {
  /** What becomes of the item at a threshold of the grid: looser ones let more stand. */
  readonly at: (point: number) => "up" | "right" | "wrong";
  /** Probability with which the item's label was bought. */
  readonly propensity: number;
  /** The least such probability that any item of this time had: fixed before the item came. */
  readonly least: number;
}

export interface BetPassed {
  /** The loosest threshold that passed. */
  readonly point: number;
  /** Labelled items that it would have let stand, and the wrong ones among them. */
  readonly accepted: number;
  readonly wrong: number;
  /** Estimated share of wrong answers among all that it lets stand (Horvitz and Thompson over Horvitz and Thompson). */
  readonly error: number;
  /** Number of evenly weighted items that would say as much: the square of the sum of weights over that of squares. */
  readonly effective: number;
}

/** Parts of the bet that would be best if the error were as foreseen, and the weight of each. */
const PARTS: readonly (readonly [part: number, weight: number])[] = [
  [0.5, 0.2],
  [1, 0.6],
  [1.8, 0.2],
];
const LEAST_BET = 0.02;
const MOST_BET = 0.95;

export class BettingTest {
  readonly #risk: number;
  readonly #delta: number;
  readonly #points: number;
  /** The threshold that has all of delta: where wealth is foreseen to grow fastest. */
  readonly #start: number;
  /** Foreseen growth there, nats an item of the traffic. */
  readonly #growth: number;
  /** By point and part. */
  readonly #bets: Float64Array;
  readonly #wealth: Float64Array;
  /** By point: the highest logarithm of wealth so far. */
  readonly #best: Float64Array;
  readonly #accepted: Float64Array;
  readonly #wrong: Float64Array;
  readonly #weights: Float64Array;
  readonly #wrongWeights: Float64Array;
  readonly #squares: Float64Array;

  /** Throws a `UsageError` for an empty grid, or a risk or delta that is no share. */
  constructor({ risk, delta, foreseen }: BettingOptions) {
    refuseOddShare("risk", risk);
    refuseOddShare("delta", delta);
    const points = foreseen.coverage.length;
    if (points === 0) throw new UsageError("grid_size", "a grid without a threshold has nothing to be tested");
    this.#risk = risk;
    this.#delta = delta;
    this.#points = points;
    this.#bets = new Float64Array(points * PARTS.length);
    this.#wealth = new Float64Array(points * PARTS.length);
    this.#best = new Float64Array(points);
    this.#accepted = new Float64Array(points);
    this.#wrong = new Float64Array(points);
    this.#weights = new Float64Array(points);
    this.#wrongWeights = new Float64Array(points);
    this.#squares = new Float64Array(points);
    for (let point = 0; point < points; point++) {
      const bet = bestBet(foreseen, point, risk);
      for (const [index, [part]] of PARTS.entries()) this.#bets[point * PARTS.length + index] = clip(part * bet);
    }
    const { point: start, growth: most } = fastest(foreseen, risk);
    this.#start = start;
    this.#growth = most;
  }

  /** One more label. The order of labels must not depend on what they say. */
  observe({ at, propensity, least }: BetItem): void {
    if (!(least > 0 && propensity >= least && propensity <= 1)) {
      throw new UsageError("propensity", `a label's probability lies between the least and 1, not at ${propensity}`, {
        value: { propensity, least },
      });
    }
    const weight = 1 / propensity;
    const scale = (least * weight) / (1 - this.#risk);
    for (let point = 0; point < this.#points; point++) {
      const fate = at(point);
      if (fate === "up") continue;
      const isWrong = fate === "wrong";
      this.#accepted[point]!++;
      this.#weights[point]! += weight;
      this.#squares[point]! += weight * weight;
      if (isWrong) {
        this.#wrong[point]!++;
        this.#wrongWeights[point]! += weight;
      }
      this.#bet(point, scale * (this.#risk - (isWrong ? 1 : 0)));
    }
  }

  #bet(point: number, gain: number): void {
    let total = 0;
    for (let part = 0; part < PARTS.length; part++) {
      const place = point * PARTS.length + part;
      this.#wealth[place]! += Math.log1p(this.#bets[place]! * gain);
      total += PARTS[part]![1] * Math.exp(this.#wealth[place]!);
    }
    const log = Math.log(total);
    if (log > this.#best[point]!) this.#best[point] = log;
  }

  /** The loosest threshold that has passed by now, or `null`. Once passed, it stays passed. */
  passed(): BetPassed | null {
    let handed = 0;
    let loosest = -1;
    for (let point = 0; point < this.#points; point++) {
      const level = handed + (point === this.#start ? this.#delta : 0);
      handed = 0;
      if (level === 0 || this.#best[point]! < -Math.log(level)) continue;
      handed = level;
      loosest = point;
    }
    if (loosest === -1) return null;
    const weights = this.#weights[loosest]!;
    return {
      point: loosest,
      accepted: this.#accepted[loosest]!,
      wrong: this.#wrong[loosest]!,
      error: weights === 0 ? 0 : this.#wrongWeights[loosest]! / weights,
      effective: this.#squares[loosest]! === 0 ? 0 : weights ** 2 / this.#squares[loosest]!,
    };
  }

  /**
   * Items, all labelled, that are still needed if the error is as foreseen; `null` where wealth is not foreseen to grow.
   */
  moreItems(): number | null {
    const place = this.#start * PARTS.length;
    let total = 0;
    for (const [part, [, weight]] of PARTS.entries()) total += weight * Math.exp(this.#wealth[place + part]!);
    if (!(this.#growth > 0)) return null;
    return Math.max(1, Math.ceil((-Math.log(this.#delta) - Math.log(total)) / this.#growth));
  }
}

/** The threshold where wealth is foreseen to grow fastest, and how fast: nats an item of the traffic. */
export function fastest(foreseen: Foreseen, risk: number): { readonly point: number; readonly growth: number } {
  let best = { point: 0, growth: Number.NEGATIVE_INFINITY };
  for (const [point, share] of foreseen.coverage.entries()) {
    const growth = share * growthOf(bestBet(foreseen, point, risk), errorAt(foreseen, point), risk);
    if (growth > best.growth) best = { point, growth };
  }
  return best;
}

/** Half a wrong answer is added: what was met in training by chance must not be counted on. */
function errorAt({ accepted, wrong }: Foreseen, point: number): number {
  return (wrong[point]! + 0.5) / (accepted[point]! + 1);
}

/** The part of the largest bet that lets wealth grow fastest at the foreseen error (Kelly's): 1 - error / risk. */
function bestBet(foreseen: Foreseen, point: number, risk: number): number {
  return clip(1 - errorAt(foreseen, point) / risk);
}

function clip(bet: number): number {
  return Math.min(MOST_BET, Math.max(LEAST_BET, bet));
}

/** Mean growth of log wealth an accepted item, for a bet that is a part of the largest allowed, at this error. */
function growthOf(bet: number, error: number, risk: number): number {
  return (1 - error) * Math.log1p((bet * risk) / (1 - risk)) + error * Math.log1p(-bet);
}
