/** What a unit of a day's budget is worth at the moment, kept in the journal so that a restart goes on with it. */

import { advance, type Budget, openMeter, spend } from "../guarantee/shadow-price.ts";
import type { Notes } from "../rung/rung.ts";
import type { DayBudget } from "./budget.ts";

/** As kept: the price, the second that it is of, and how much of that day's spending it has heard of. */
interface Kept {
  readonly price: number;
  readonly at: number;
  readonly day: number;
  readonly seen: number;
}

/** A day's budget is spent this many times over while the price crosses all that it can be. */
const crossings = 20;
const secondsADay = 86_400;

/**
 * The shadow price of a day's budget. It only paces: what cannot be passed is the budget itself, which every rung is
 * reserved from. It hears of all that the budget spent, by whatever question, audit or process.
 */
export class Scarcity {
  readonly #of: DayBudget;
  readonly #key: string;
  readonly #notes: Notes;
  readonly #now: () => number;
  readonly #budget: Budget;
  #kept: Kept | null = null;

  /** `spread`: the most that a unit can be worth, for the size of the price's steps. */
  constructor(of: DayBudget, name: string, spread: number, notes: Notes, now: () => number) {
    this.#of = of;
    this.#key = `scarcity/${name}`;
    this.#notes = notes;
    this.#now = now;
    const { perDay } = of;
    this.#budget = { perDay, burst: Number.MAX_VALUE, step: (crossings * spread) / perDay };
  }

  /** What one unit must bring beyond its cost; 0 where the budget does not bind. */
  get price(): number {
    // Of nothing, or where nothing costs anything, no price can pace.
    if (!(this.#budget.step > 0 && Number.isFinite(this.#budget.step))) return 0;
    const at = this.#now() / 1000;
    const day = Math.floor(at / secondsADay);
    const { spent } = this.#of;
    this.#kept ??= this.#read() ?? { price: 0, at, day, seen: 0 };
    const kept = this.#kept;
    const seen = kept.day === day ? kept.seen : 0;
    let meter = advance(openMeter(this.#budget, kept.at, kept.price), this.#budget, at);
    // A reservation that was given back in part is heard of as it was set aside.
    if (spent > seen) meter = spend(meter, this.#budget, spent - seen);
    this.#kept = { price: meter.price, at: meter.at, day, seen: Math.max(seen, spent) };
    if (meter.price !== kept.price || this.#kept.seen !== kept.seen) {
      this.#notes.set(this.#key, JSON.stringify(this.#kept));
    }
    return meter.price;
  }

  /** For an expense of so many units: its scarcity price, or `closed` where the day has not that much left. */
  of(amount: number): number | "closed" {
    return this.#of.holds(amount) ? this.price * amount : "closed";
  }

  #read(): Kept | null {
    try {
      const kept = JSON.parse(this.#notes.get(this.#key) ?? "null") as Kept | null;
      const isWhole = kept && [kept.price, kept.at, kept.day, kept.seen].every((value) => value >= 0);
      return isWhole ? kept : null;
    } catch {
      return null;
    }
  }
}
