/**
 * What a model thinks of each option before it has read anything: the mean log-probability over a question's first
 * unlabelled items. Subtracted, it doubles the accuracy of a small model without one label (engine.md 6.1).
 */

import { shortHash } from "../core/hash.ts";
import type { Notes } from "./rung.ts";

/** Fewer items than this say too little: the prior stays off. */
export const PRIOR_FROM = 30;
/** Afterwards it is frozen, so that the same item gets the same answer for ever. */
export const PRIOR_UNTIL = 64;

export interface Prior {
  /** Mean log-probabilities, in the choices' order; `null` while there are too few items. */
  readonly mean: readonly number[] | null;
  /** Items it was learned from, at most `PRIOR_UNTIL`. */
  readonly items: number;
}

interface Stored {
  readonly sum: readonly number[];
  /** Hashes of the items seen: the same item again, after a crash or in a burst, does not count twice. */
  readonly seen: readonly string[];
}

export class Priors {
  readonly #notes: Notes;
  readonly #known = new Map<string, Stored>();

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  /** Takes one more item in, if it is new and the prior is not frozen, and gives the prior with it. */
  learn(key: string, item: string, logp: readonly number[]): Prior {
    let stored = this.#known.get(key) ?? parse(this.#notes.get(key), logp.length);
    const hash = shortHash(item);
    if (stored.seen.length < PRIOR_UNTIL && !stored.seen.includes(hash) && logp.every(Number.isFinite)) {
      stored = { sum: stored.sum.map((sum, index) => sum + logp[index]!), seen: [...stored.seen, hash] };
      this.#notes.set(key, JSON.stringify(stored));
    }
    this.#known.set(key, stored);
    const items = stored.seen.length;
    return { items, mean: items < PRIOR_FROM ? null : stored.sum.map((sum) => sum / items) };
  }
}

function parse(text: string | undefined, length: number): Stored {
  const empty: Stored = { sum: new Array<number>(length).fill(0), seen: [] };
  if (text === undefined) return empty;
  try {
    const stored = JSON.parse(text) as Partial<Stored>;
    const fits = stored.sum?.length === length && stored.sum.every(Number.isFinite) && Array.isArray(stored.seen);
    return fits ? (stored as Stored) : empty;
  } catch {
    return empty;
  }
}
