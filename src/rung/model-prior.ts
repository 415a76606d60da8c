/**
 * What a model thinks of each option before it has read anything: the mean log-probability over a question's first
 * unlabelled items. Subtracted, it doubles the accuracy of a small model without one label (engine.md 6.1).
 */

import { shortHash } from "../core/hash.ts";
import { makeRoom } from "../core/make-room.ts";
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
  /** Largest distance, in nats, between the frozen mean and that of the items read in full since; `null` for few. */
  readonly drift: number | null;
}

interface Stored {
  readonly sum: readonly number[];
  /** Hashes of the items seen: the same item again, after a crash or in a burst, does not count twice. */
  readonly seen: readonly string[];
  /** The random share that is read in full afterwards. It changes nothing: it shows whether the prior still holds. */
  readonly since?: { readonly sum: readonly number[]; readonly items: number };
}

/** One item in this many is read in full for ever, to keep a frozen prior honest. */
const AUDITED = 100;

/** Priors kept in memory. */
const MOST_KNOWN = 500;

export class Priors {
  readonly #notes: Notes;
  readonly #known = new Map<string, Stored>();

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  /** The prior as it is, and whether this item must be read in full: to learn from it, or to check on it. */
  before(key: string, item: string, choices: number): { readonly prior: Prior; readonly every: boolean } {
    const stored = this.#stored(key, choices);
    const audited = Number.parseInt(shortHash(item).slice(0, 8), 16) % AUDITED === 0;
    return { prior: priorOf(stored), every: stored.seen.length < PRIOR_UNTIL || audited };
  }

  /** Takes one more item in that was read in full, and gives the prior with it. A frozen prior stays what it is. */
  learn(key: string, item: string, logp: readonly number[]): Prior {
    let stored = this.#stored(key, logp.length);
    const hash = shortHash(item);
    if (!stored.seen.includes(hash) && logp.every(Number.isFinite)) {
      const add = (sum: readonly number[]) => sum.map((value, index) => value + logp[index]!);
      if (stored.seen.length < PRIOR_UNTIL) stored = { sum: add(stored.sum), seen: [...stored.seen, hash] };
      else {
        const since = stored.since ?? { sum: logp.map(() => 0), items: 0 };
        stored = { ...stored, since: { sum: add(since.sum), items: since.items + 1 } };
      }
      this.#notes.set(key, JSON.stringify(stored));
      this.#known.set(key, stored);
    }
    return priorOf(stored);
  }

  #stored(key: string, choices: number): Stored {
    let stored = this.#known.get(key);
    if (!stored) {
      stored = parse(this.#notes.get(key), choices);
      // Options that differ from item to item must not fill the memory; what goes is in the notes.
      makeRoom(this.#known, MOST_KNOWN);
      this.#known.set(key, stored);
    }
    return stored;
  }
}

function priorOf({ sum, seen, since }: Stored): Prior {
  const items = seen.length;
  const mean = items < PRIOR_FROM ? null : sum.map((value) => value / items);
  const drifted =
    mean && since && since.items >= PRIOR_FROM
      ? Math.max(...mean.map((value, index) => Math.abs(since.sum[index]! / since.items - value)))
      : null;
  return { items, mean, drift: drifted };
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
