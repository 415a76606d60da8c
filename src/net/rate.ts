/** A paid key's share of requests and tokens a minute: one bucket for all backends that use the key. */

import { textKey } from "../core/hash.ts";
import type { Clock } from "./clock.ts";

export interface RateOptions {
  readonly requestsPerMinute?: number;
  /** Tokens sent, at four bytes each: what comes back is not known before it is there. */
  readonly tokensPerMinute?: number;
}

class Bucket {
  readonly #perMillisecond: number;
  readonly #room: number;
  #level: number;
  #at: number;

  constructor(perMinute: number, now: number) {
    this.#perMillisecond = perMinute / 60_000;
    // Ten seconds' worth may go at once, one request in any case.
    this.#room = Math.max(1, perMinute / 6);
    this.#level = this.#room;
    this.#at = now;
  }

  /** Milliseconds until so much may be taken. What is more than all the room waits until it is full. */
  wait(amount: number, now: number): number {
    this.#fill(now);
    return Math.max(0, (Math.min(amount, this.#room) - this.#level) / this.#perMillisecond);
  }

  /** May go below nothing: who comes next waits until it is paid back, in the order of coming. */
  take(amount: number, now: number): void {
    this.#fill(now);
    this.#level -= amount;
  }

  #fill(now: number): void {
    this.#level = Math.min(this.#room, this.#level + Math.max(0, now - this.#at) * this.#perMillisecond);
    this.#at = Math.max(this.#at, now);
  }
}

export class Rate {
  readonly #requests: Bucket | null;
  readonly #tokens: Bucket | null;

  constructor({ requestsPerMinute, tokensPerMinute }: RateOptions, now: number) {
    this.#requests = requestsPerMinute === undefined ? null : new Bucket(requestsPerMinute, now);
    this.#tokens = tokensPerMinute === undefined ? null : new Bucket(tokensPerMinute, now);
  }

  /**
   * Takes a request of so many tokens. Milliseconds that must pass before it is sent, or `null`, with nothing taken,
   * where that is longer than `most`.
   */
  take(tokens: number, most: number, now: number): number | null {
    const wait = this.wait(tokens, now);
    if (wait > most) return null;
    this.#requests?.take(1, now);
    this.#tokens?.take(tokens, now);
    return wait;
  }

  wait(tokens: number, now: number): number {
    return Math.max(this.#requests?.wait(1, now) ?? 0, this.#tokens?.wait(tokens, now) ?? 0);
  }
}

const shared = new Map<string, Rate>();

/** The rate of a key, the same for all who bring that key and those limits. The key itself is not kept. */
export function rateOf(key: string, options: RateOptions, clock: Clock): Rate {
  const name = `${textKey("rate", key)} ${options.requestsPerMinute} ${options.tokensPerMinute}`;
  const known = shared.get(name);
  if (known) return known;
  const rate = new Rate(options, clock.now());
  shared.set(name, rate);
  return rate;
}
