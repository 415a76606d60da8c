/** A learned rung's knowledge of one question: words and dense numbers in, a probability for each option out. */

import { UsageError } from "../core/errors.ts";
import { dampened, WordCounter, type WordSettings } from "./words.ts";

/**
 * What decides: the labels alone; the zero-shot scores alone (softmax at a fitted temperature); or the labels on top of
 * the zero-shot scores, as what they add to them.
 */
export type Basis = "learned" | "zero-shot" | "both";

/** Everything that a model is, as plain numbers: what is kept, sent and hashed. */
export interface LearnedState {
  /** All options of the question, in its order. */
  readonly options: readonly string[];
  /** Places in `options` of those that were learned, ascending. The weights are of these, in this order. */
  readonly learned: readonly number[];
  /** How many examples each option had, and how many each source gave. */
  readonly examples: readonly number[];
  readonly sources: Readonly<Record<string, number>>;
  readonly basis: Basis;
  readonly words: WordSettings;
  readonly ridge: number;
  /** Scores are divided by it before the softmax. */
  readonly temperature: number;
  /** Zero-shot scores are divided by it; 0 where the model was trained without any. */
  readonly zeroShotTemperature: number;
  /** Dense numbers a text; 0 for words only. */
  readonly width: number;
  /** The buckets that occurred, ascending; each with its inverse document frequency. */
  readonly buckets: Uint32Array;
  readonly frequencies: Float32Array;
  /** `buckets.length * learned.length`: bucket by option. */
  readonly wordWeights: Float32Array;
  /** `learned.length * width`: option by number, for dense numbers as they come (the scaling is in the weights). */
  readonly denseWeights: Float32Array;
  readonly intercepts: Float32Array;
}

export interface LearnedDecision {
  /** The probability of each option of the question, in its order; they sum to 1. */
  readonly probabilities: Float64Array;
  /**
   * Options without any example. Theirs is the zero-shot probability, or 0 without one: they may be answered, never
   * certified.
   */
  readonly unlearned: readonly string[];
}

/** What a decision may use besides the text. */
export interface Evidence {
  /** The dense numbers of the text, `width` of them, unscaled. */
  readonly dense?: Float32Array | undefined;
  /** The zero-shot score of each option, in the question's order. */
  readonly zeroShot?: ArrayLike<number> | undefined;
}

/** Buffers of a megabyte: one for each way to count words, as decisions are made one after the other. */
const counters = new Map<string, WordCounter>();

export class LearnedModel {
  readonly state: LearnedState;
  readonly unlearned: readonly string[];
  /** Open addressing, a power of two long: the place of a bucket plus 1, 0 for none. */
  readonly #places: Int32Array;
  readonly #scores: Float64Array;
  readonly #counter: WordCounter;
  #hits: Int32Array = new Int32Array(256);
  #values: Float64Array = new Float64Array(256);

  constructor(state: LearnedState) {
    this.state = state;
    const known = new Set(state.learned);
    this.unlearned = state.options.filter((_, place) => !known.has(place));
    this.#scores = new Float64Array(state.learned.length);
    this.#places = tableOf(state.buckets);
    const key = `${state.words.bits} ${state.words.pieces}`;
    this.#counter = counters.get(key) ?? new WordCounter(state.words);
    counters.set(key, this.#counter);
  }

  /**
   * The probabilities for a text. Throws a `UsageError` `E_LEARN` when dense numbers or zero-shot scores that the model
   * was trained with are missing, too few or not finite: without them it would be another model.
   */
  decide(text: string, evidence: Evidence = {}): LearnedDecision {
    const { options, learned, basis, temperature, zeroShotTemperature } = this.state;
    const probabilities = new Float64Array(options.length);
    const { unlearned } = this;
    const zeroShot = zeroShotTemperature > 0 ? this.#checked("zeroShot", evidence.zeroShot, options.length) : undefined;
    if (zeroShot) {
      for (let option = 0; option < options.length; option++) {
        probabilities[option] = zeroShot[option]! / zeroShotTemperature;
      }
    }
    if (basis === "zero-shot") return { probabilities: softmax(probabilities), unlearned };
    const scores = this.#scores;
    this.#score(text, evidence.dense);
    for (let place = 0; place < learned.length; place++) {
      const offset = basis === "both" ? probabilities[learned[place]!]! : 0;
      scores[place] = (scores[place]! + offset) / temperature;
    }
    softmax(scores);
    // The unlearned keep what the zero-shot rule gives them; the learned share the rest.
    if (zeroShot) softmax(probabilities);
    let rest = 0;
    for (let place = 0; place < learned.length; place++) rest += zeroShot ? probabilities[learned[place]!]! : 0;
    const share = unlearned.length > 0 && zeroShot ? rest : 1;
    for (let place = 0; place < learned.length; place++) probabilities[learned[place]!] = share * scores[place]!;
    return { probabilities, unlearned };
  }

  /** The score of each learned option, before softmax and temperature. */
  #score(text: string, given: Float32Array | undefined): void {
    const { learned, width, wordWeights, denseWeights, intercepts } = this.state;
    const options = learned.length;
    const scores = this.#scores;
    scores.set(intercepts);
    const size = this.#words(text);
    for (let index = 0; index < size; index++) {
      const value = this.#values[index]!;
      const at = this.#hits[index]! * options;
      for (let option = 0; option < options; option++) scores[option]! += value * wordWeights[at + option]!;
    }
    if (width === 0) return;
    const dense = this.#checked("dense", given, width);
    for (let option = 0; option < options; option++) {
      const at = option * width;
      let [s0, s1] = [0, 0];
      let index = 0;
      for (; index + 1 < width; index += 2) {
        s0 += dense[index]! * denseWeights[at + index]!;
        s1 += dense[index + 1]! * denseWeights[at + index + 1]!;
      }
      if (index < width) s0 += dense[index]! * denseWeights[at + index]!;
      scores[option]! += s0 + s1;
    }
  }

  /** Fills `#hits` and `#values` with the known words of a text, scaled to length 1; returns how many. */
  #words(text: string): number {
    const { frequencies } = this.state;
    const counter = this.#counter;
    const met = counter.read(text);
    if (met > this.#hits.length) {
      this.#hits = new Int32Array(2 * met);
      this.#values = new Float64Array(2 * met);
    }
    let size = 0;
    let squares = 0;
    for (let index = 0; index < met; index++) {
      const bucket = counter.buckets[index]!;
      const place = this.#placeOf(bucket);
      if (place < 0) continue;
      const value = dampened(counter.counts[bucket]!) * frequencies[place]!;
      this.#hits[size] = place;
      this.#values[size++] = value;
      squares += value * value;
    }
    const scale = 1 / Math.sqrt(squares);
    for (let index = 0; index < size; index++) this.#values[index]! *= scale;
    return size;
  }

  #placeOf(bucket: number): number {
    const { buckets } = this.state;
    const mask = this.#places.length - 1;
    for (let slot = slotOf(bucket, mask); ; slot = (slot + 1) & mask) {
      const place = this.#places[slot]! - 1;
      if (place < 0 || buckets[place] === bucket) return place;
    }
  }

  #checked<T extends ArrayLike<number>>(name: keyof Evidence, given: T | undefined, count: number): T {
    let sum = 0;
    for (let index = 0; given && index < given.length; index++) sum += given[index]!;
    if (given?.length === count && Number.isFinite(sum)) return given;
    const why = given ? `${given.length} numbers${Number.isFinite(sum) ? "" : ", not all finite"}` : "none";
    throw new UsageError("E_LEARN", `this model decides with ${count} numbers of ${name}, and was given ${why}`);
  }
}

function tableOf(buckets: Uint32Array): Int32Array {
  const table = new Int32Array(2 ** Math.ceil(Math.log2(2 * buckets.length + 2)));
  const mask = table.length - 1;
  for (const [place, bucket] of buckets.entries()) {
    let slot = slotOf(bucket, mask);
    while (table[slot] !== 0) slot = (slot + 1) & mask;
    table[slot] = place + 1;
  }
  return table;
}

function slotOf(bucket: number, mask: number): number {
  return (Math.imul(bucket, 0x9e3779b1) >>> 7) & mask;
}

function softmax(scores: Float64Array): Float64Array {
  let top = scores[0]!;
  for (let index = 1; index < scores.length; index++) if (scores[index]! > top) top = scores[index]!;
  let total = 0;
  for (let index = 0; index < scores.length; index++) {
    const value = Math.exp(scores[index]! - top);
    scores[index] = value;
    total += value;
  }
  for (let index = 0; index < scores.length; index++) scores[index]! /= total;
  return scores;
}
