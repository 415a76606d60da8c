/** A server that failed again and again is left alone for a while, then asked by one request whether it is well. */

export interface CircuitOptions {
  /** Failures in a row that open it; 5 by default. */
  readonly failures?: number;
  /** Seconds that it stays open at first, twice as long after each probe that failed; 1 by default. */
  readonly coolDown?: number;
  /** The longest that it stays open, in seconds; 60 by default. */
  readonly mostCoolDown?: number;
}

export class Circuit {
  readonly #options: Required<CircuitOptions>;
  readonly #now: () => number;
  #inARow = 0;
  #openings = 0;
  #openUntil = 0;
  #probing = false;

  constructor(now: () => number, options: CircuitOptions = {}) {
    this.#now = now;
    this.#options = { failures: 5, coolDown: 1, mostCoolDown: 60, ...options };
  }

  get state(): "closed" | "open" | "half open" {
    if (this.#openings === 0) return "closed";
    return this.#probing || this.#now() >= this.#openUntil ? "half open" : "open";
  }

  /** Milliseconds until somebody may ask again; 0 where one may now. */
  get wait(): number {
    if (this.#openings === 0) return 0;
    // A probe is under way: what comes of it is known when it is known.
    if (this.#probing) return this.#coolDown;
    return Math.max(0, this.#openUntil - this.#now());
  }

  /** Takes the right to ask; `false` where nobody may. Whoever got it says what came of it, once. */
  enter(): boolean {
    if (this.wait > 0) return false;
    if (this.#openings > 0) this.#probing = true;
    return true;
  }

  succeeded(): void {
    this.#inARow = 0;
    this.#openings = 0;
    this.#probing = false;
  }

  failed(): void {
    this.#inARow++;
    // Those that were under way when it opened do not make it worse.
    if (this.#openings > 0 && !this.#probing) return;
    if (this.#openings === 0 && this.#inARow < this.#options.failures) return;
    this.#openings++;
    this.#probing = false;
    this.#openUntil = this.#now() + this.#coolDown;
  }

  /** It was asked, and nobody waited for what it would say. */
  abandoned(): void {
    this.#probing = false;
  }

  get #coolDown(): number {
    const { coolDown, mostCoolDown } = this.#options;
    return 1000 * Math.min(mostCoolDown, coolDown * 2 ** Math.max(0, this.#openings - 1));
  }
}
