/** What one day has to give (money, people's minutes), over all runs of a journal and all processes that share it. */

import type { Notes } from "../rung/rung.ts";

/** An amount set aside. */
export interface Booking {
  /** Ends it with what it really took, to be called once: in the books of the day that it was set aside in. */
  settle(really: number): void;
}

/**
 * Guards a daily amount. A rung is asked only while the most that it can take still fits; what becomes of the question
 * after that is the overflow policy's to say, and never that it stands below a threshold. Days are UTC.
 *
 * The largest price is written down before the rung is asked and corrected after: a process that dies in between has
 * spent it, for all that anybody knows. Processes see each other's sums as they are committed, so two of them can pass
 * the amount only by replies that they begin within the same few milliseconds.
 */
export class DayBudget {
  readonly perDay: number;
  /** First part of its notes' keys. */
  readonly #name: string;
  readonly #notes: Notes;
  readonly #now: () => number;
  #day = "";
  /** What this process added today, and how much of that is still on its way into the journal. */
  #mine = 0;
  #underWay = 0;
  /** Of it, what is in the journal. */
  #written = 0;
  /** What others had added when we last saw. */
  #others = 0;

  constructor(perDay: number, notes: Notes, now: () => number, name = "spend") {
    this.perDay = perDay;
    this.#name = name;
    this.#notes = notes;
    this.#now = now;
  }

  /** What was spent or set aside today. */
  get spent(): number {
    const day = this.#today();
    if (this.#underWay === 0) this.#others = Number(this.#notes.get(`${this.#name}/${day}`) ?? 0) - this.#mine;
    return this.#others + this.#mine;
  }

  /** Whether the day has so much left. */
  holds(most: number): boolean {
    // Amounts are sums of fractions: a billionth is nothing.
    return !(most > 0 && this.spent + most > this.perDay + 1e-9);
  }

  /** Sets so much aside. `null`: the day has not that much left. */
  reserve(most: number): Booking | null {
    if (!this.holds(most)) return null;
    const day = this.#today();
    this.#add(day, most);
    return { settle: (really) => this.#add(day, really - most) };
  }

  #today(): string {
    const day = new Date(this.#now()).toISOString().slice(0, 10);
    if (day !== this.#day) {
      this.#day = day;
      this.#mine = 0;
      this.#written = 0;
    }
    return day;
  }

  #add(day: string, amount: number): void {
    if (amount === 0) return;
    if (day === this.#today()) this.#mine += amount;
    this.#underWay++;
    const written = (sum: number): void => {
      this.#underWay--;
      if (day !== this.#today()) return;
      this.#written += amount;
      // Amounts of a process are written in order: what the sum has beside them is others'.
      this.#others = sum - this.#written;
    };
    // A journal that cannot be written stops the runs by itself; until then the money stays counted here.
    this.#notes.add(`${this.#name}/${day}`, amount).then(written, () => {});
  }
}
