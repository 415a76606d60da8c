/** Ends an exchange that goes on for too long, and knows why it was ended. */

import { longestTimer } from "../core/longest-timer.ts";
import type { Limits } from "./timeouts.ts";

export class Watch {
  readonly #exchange = new AbortController();
  readonly #limits: Limits;
  readonly #now: () => number;
  #begun: number;
  readonly #whole: NodeJS.Timeout;
  readonly #others: readonly (readonly [AbortSignal, () => void])[];
  #silence: NodeJS.Timeout;
  #heard: number;
  /** Since when nobody wants to hear more; `null` while somebody waits. */
  #unread: number | null = null;
  #first: number | null = null;
  #longest = 0;
  #why: "stalled" | "too slow" | "closed" | "aborted" | null = null;

  constructor(limits: Limits, now: () => number, closing: AbortSignal, signal: AbortSignal | undefined) {
    this.#limits = limits;
    this.#now = now;
    this.#begun = now();
    this.#heard = this.#begun;
    this.#silence = setTimeout(() => this.#end("stalled"), Math.min(limits.first, longestTimer));
    this.#whole = setTimeout(() => this.#end("too slow"), Math.min(limits.whole, longestTimer));
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
      this.#silence = setTimeout(() => this.#end("stalled"), Math.min(this.#limits.silence, longestTimer));
    } else {
      this.#longest = Math.max(this.#longest, now - this.#heard);
      this.#silence.refresh();
    }
    this.#heard = now;
  }

  /** Nobody reads on for now: until `awaited` all time is the reader's, none the server's. */
  unread(): void {
    this.#unread ??= this.#now();
    this.#silence.refresh();
  }

  /** Somebody waits for the next piece. */
  awaited(): void {
    if (this.#unread === null) return;
    const passed = this.#now() - this.#unread;
    this.#begun += passed;
    this.#heard += passed;
    this.#unread = null;
    this.#silence.refresh();
  }

  /** Milliseconds of the server's so far. */
  took(): { readonly first: number; readonly silence: number; readonly whole: number } {
    const now = this.#unread ?? this.#now();
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
    const isLate = why === "stalled" || why === "too slow";
    this.#why ??= isLate && this.#unread !== null ? "closed" : why;
    this.#exchange.abort();
  }
}
