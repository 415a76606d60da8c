/** The money of one day, over all runs of a journal and all processes that share it. */

import type { Notes, Rung } from "../rung/rung.ts";

/**
 * Guards a daily amount. A paid rung is asked only while its largest price still fits; after that the question goes
 * on up the ladder, so that a spent budget queues for a person and never accepts below a threshold. Days are UTC.
 */
export class DayBudget {
  readonly perDay: number;
  readonly #notes: Notes;
  readonly #now: () => number;
  #reserved = 0;
  /** Spent here, but not in the journal yet. */
  #unwritten = 0;

  constructor(perDay: number, notes: Notes, now: () => number) {
    this.perDay = perDay;
    this.#notes = notes;
    this.#now = now;
  }

  get #key(): string {
    return `spend/${new Date(this.#now()).toISOString().slice(0, 10)}`;
  }

  /** What was spent today, in the config's currency. */
  get spent(): number {
    return Number(this.#notes.get(this.#key) ?? 0) + this.#unwritten;
  }

  /** Sets the rung's largest price aside. `false`: the day has not that much left. */
  reserve(rung: Rung): boolean {
    const most = rung.mostCost ?? 0;
    if (most > 0 && this.spent + this.#reserved + most > this.perDay) return false;
    this.#reserved += most;
    return true;
  }

  /** Ends a reservation with what was really paid. */
  settle(rung: Rung, cost: number): void {
    this.#reserved -= rung.mostCost ?? 0;
    if (cost === 0) return;
    this.#unwritten += cost;
    const written = (): void => {
      this.#unwritten -= cost;
    };
    // A journal that cannot be written stops the runs by itself; until then the money stays counted here.
    this.#notes.add(this.#key, cost).then(written, () => {});
  }
}
