/** Ends an exchange that goes on for too long, and knows why it was ended. */

import type { Limits } from "./timeouts.ts";

export class Watch {
  readonly #exchange = new AbortController();
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #begun: number;
  readonly #whole: NodeJS.Timeout;
  readonly #others: readonly (readonly [AbortSignal, () => void])[];
  #silence: NodeJS.Timeout;
  #heard: number;
  #first: number | null = null;
  #longest = 0;
  #why: "stalled" | "too slow" | "closed" | "aborted" | null = null;

  constructor(limits: Limits, now: () => number, closing: AbortSignal, signal: AbortSignal | undefined) {
    this.#limits = limits;
    this.#now = now;
    this.#begun = now();
    this.#heard = this.#begun;
    this.#silence = setTimeout(() => this.#end("stalled"), limits.first);
    this.#whole = setTimeout(() => this.#end("too slow"), limits.whole);
    const pairs: (readonly [AbortSignal, () => void])[] = [[closing, () => this.#end("closed")]];
    if (signal) pairs.push([signal, () => this.#end("aborted")]);
    this.#others = pairs;
    for (const [one, end] of pairs) {
      if (one.aborted) end();
      one.addEventListener("abort", end, { once: true });
    }
  }

  get signal(): AbortSignal {
    return this.#exchange.signal;
  }

  /** Why it was ended from this side; `null` where it was not. */
  get why(): "stalled" | "too slow" | "closed" | "aborted" | null {
    return this.#why;
  }

  /** Something came. */
  heard(): void {
    const now = this.#now();
    if (this.#first === null) {
      this.#first = now - this.#begun;
      clearTimeout(this.#silence);
      this.#silence = setTimeout(() => this.#end("stalled"), this.#limits.silence);
    } else {
      this.#longest = Math.max(this.#longest, now - this.#heard);
      this.#silence.refresh();
    }
    this.#heard = now;
  }

  /** Milliseconds so far. */
  took(): { readonly first: number; readonly silence: number; readonly whole: number } {
    const now = this.#now();
    const whole = now - this.#begun;
    if (this.#first === null) return { first: whole, silence: 0, whole };
    return { first: this.#first, silence: Math.max(this.#longest, now - this.#heard), whole };
  }

  /** Stops the clocks; what was not read to its end gives its connection back. */
  done(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#whole);
    for (const [one, end] of this.#others) one.removeEventListener("abort", end);
    this.#exchange.abort();
  }

  #end(why: "stalled" | "too slow" | "closed" | "aborted"): void {
    this.#why ??= why;
    this.#exchange.abort();
  }
}
