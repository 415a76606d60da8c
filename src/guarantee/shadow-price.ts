/**
 * What a scarce budget (money, reviewer minutes) is worth at the moment. A price that rises while spending runs ahead of
 * the budget and falls while it lags makes every decision ask "is this among the best uses of today's budget?"; the
 * bucket beside it is the cap that holds whatever the price does. While less comes than the budget could pay for, the
 * price is 0; what is left over then is kept as far as the bucket holds it, and the price does not make up for it.
 */

import { UsageError } from "../core/errors.ts";

export interface Budget {
  /** What may be spent a day, in the budget's own unit (money, minutes). */
  readonly perDay: number;
  /**
   * Hard cap: the bucket holds this much and fills at `perDay`, so that no 24 hours can ever cost more than
   * `perDay + burst`.
   */
  readonly burst: number;
  /** Price change for each unit spent above the budget (eta). About the spread of prices over a twentieth of a day's budget. */
  readonly step: number;
}

/** Plain data, never changed in place: it may be stored as JSON and taken up again. */
export interface Meter {
  /** Shadow price: what a unit must bring beyond its cost to be spent. 0 where the budget does not bind. */
  readonly price: number;
  /** Units in the bucket. */
  readonly left: number;
  /** Second that it stands at, on the caller's clock. */
  readonly at: number;
}

const DAY = 86_400;

/** A full bucket. `price` is a first guess, such as yesterday's. */
export function openMeter(budget: Budget, at: number, price = 0): Meter {
  const { perDay, burst, step } = budget;
  if (
    !(perDay >= 0 && burst >= 0 && step > 0 && price >= 0 && [perDay, burst, step, price, at].every(Number.isFinite))
  ) {
    throw new UsageError("E_BUDGET", "a budget needs amounts of 0 or more and a step above 0", {
      value: { budget, at, price },
    });
  }
  return { price, left: burst, at };
}

/** The meter at a later second: the bucket fills, and the price falls by step × what might have been spent meanwhile. */
export function advance(meter: Meter, { perDay, burst, step }: Budget, at: number): Meter {
  // A clock that goes back must not fill the bucket twice.
  if (!(at > meter.at)) return meter;
  const earned = (perDay * (at - meter.at)) / DAY;
  return {
    price: Math.max(0, meter.price - step * earned),
    left: Math.min(burst, meter.left + earned),
    at,
  };
}

/** The scarcity price of an expense, or `closed` where the bucket does not hold it. For `deferBeforeLarge`. */
export function scarcity({ price, left }: Meter, amount: number): number | "closed" {
  return amount > left ? "closed" : price * amount;
}

/** The meter after an expense: price up by step × amount. With `advance` it is mu <- max(0, mu + eta (spent - budget)). */
export function spend(meter: Meter, { step }: Budget, amount: number): Meter {
  if (!(amount >= 0 && amount <= meter.left)) {
    throw new UsageError("E_OVERSPENT", `the bucket holds ${meter.left}, not ${amount}`, {
      value: { amount, left: meter.left },
    });
  }
  return { ...meter, price: meter.price + step * amount, left: meter.left - amount };
}
