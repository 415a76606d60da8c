/**
 * Texts as counts of hashed words: each word, each pair of neighbours and, on request, the 3 to 5 character pieces of
 * each word, spread over 2^bits buckets. What shares a bucket is one feature (the hashing trick, Weinberger 2009).
 * With 2^18 buckets and 20,000 different grams one in thirteen shares its bucket.
 */

import { UsageError } from "../core/errors.ts";
import { ALONE, asciiLower, GAP, kindOf, readable } from "./characters.ts";

export interface WordSettings {
  /** There are 2^bits buckets; 10 to 22. */
  readonly bits: number;
  /** Whether pieces of 3, 4 and 5 characters of a word count too. Near spellings then share features. */
  readonly pieces: boolean;
}

export const defaultWords: WordSettings = { bits: 18, pieces: false };

/** A sparse vector: buckets ascending, each once. */
export interface SparseVector {
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}

const SEED = 0x811c9dc5;
const PRIME = 0x01000193;
/** Tell a pair and a piece from a word with the same hash. */
const PAIR = 0x9e3779b1;
const PIECE = 0x85ebca6b;
/** Starts and ends a word in its pieces. */
const EDGE = 32;

/** Counts the grams of one text at a time, in buffers that it keeps. */
export class WordCounter {
  readonly settings: WordSettings;
  /** The buckets of the last text, in order of appearance: the first `size` of them count. */
  buckets: Uint32Array = new Uint32Array(256);
  size = 0;
  /** How often each bucket was met in the last text; zero elsewhere. */
  readonly counts: Uint32Array;
  readonly #shift: number;
  #word: Int32Array = new Int32Array(64);

  constructor(settings: WordSettings = defaultWords) {
    const { bits } = settings;
    if (!Number.isInteger(bits) || bits < 10 || bits > 22) {
      throw new UsageError("E_LEARN", `bits is a whole number from 10 to 22, not ${bits}`, { value: bits });
    }
    this.settings = settings;
    this.counts = new Uint32Array(2 ** bits);
    this.#shift = 32 - bits;
  }

  /** Reads a text; `buckets`, `size` and `counts` then tell of it. Returns `size`. */
  read(text: string): number {
    const { counts, buckets } = this;
    for (let index = 0; index < this.size; index++) counts[buckets[index]!] = 0;
    this.size = 0;
    const plain = readable(text);
    const { pieces } = this.settings;
    let hash = SEED;
    let length = 0;
    let before = 0;
    // One step past the end closes the last word.
    for (let index = 0; index <= plain.length; index++) {
      let code = index < plain.length ? plain.charCodeAt(index) : EDGE;
      let isAlone = false;
      if (code < 128) {
        code = asciiLower[code]!;
      } else {
        code = plain.codePointAt(index)!;
        if (code > 0xffff) index++;
        const kind = kindOf(code);
        isAlone = kind === ALONE;
        if (kind === GAP) code = 0;
      }
      if (code !== 0 && !isAlone) {
        hash = Math.imul(hash ^ code, PRIME);
        if (pieces) this.#keep(length, code);
        length++;
        continue;
      }
      // A single letter says little and breaks the pairs around it; a single character of Chinese is a word.
      if (length > 1) {
        before = this.#count(hash, before);
        if (pieces) this.#countPieces(length);
      }
      if (isAlone) before = this.#count(Math.imul(SEED ^ code, PRIME), before);
      hash = SEED;
      length = 0;
    }
    return this.size;
  }

  /** Counts a word and its pair with the word before, 0 for none. Returns the word's hash, never 0. */
  #count(hash: number, before: number): number {
    const word = mixed(hash) | 1;
    this.#add(word);
    if (before !== 0) this.#add(mixed(Math.imul(before, PAIR) ^ word));
    return word;
  }

  #countPieces(length: number): void {
    const word = this.#word;
    // The word stands between two edges: 0 is the first edge, length + 1 the last.
    for (let start = 0; start < length; start++) {
      let hash = PIECE;
      for (let size = 1; size <= 5 && start + size <= length + 2; size++) {
        const at = start + size - 1;
        hash = Math.imul(hash ^ (at === 0 || at > length ? EDGE : word[at - 1]!), PRIME);
        if (size >= 3) this.#add(mixed(hash));
      }
    }
  }

  #keep(at: number, code: number): void {
    if (at >= this.#word.length) {
      const longer = new Int32Array(at * 2);
      longer.set(this.#word);
      this.#word = longer;
    }
    this.#word[at] = code;
  }

  #add(hash: number): void {
    const bucket = hash >>> this.#shift;
    if (this.counts[bucket]!++ > 0) return;
    if (this.size === this.buckets.length) {
      const longer = new Uint32Array(this.size * 2);
      longer.set(this.buckets);
      this.buckets = longer;
    }
    this.buckets[this.size++] = bucket;
  }
}

/** Spreads a hash over all its bits (the finisher of MurmurHash3). */
function mixed(hash: number): number {
  let bits = hash ^ (hash >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/** 1 + ln of the count: a word that is said ten times is not ten times as telling. */
export function dampened(count: number): number {
  return count === 1 ? 1 : 1 + Math.log(count);
}

/** ln((1 + texts) / (1 + those with it)) + 1: what is in every text weighs 1, what is rare more. */
export function inverseFrequency(texts: number, having: number): number {
  return Math.log((1 + texts) / (1 + having)) + 1;
}

/**
 * The vector of a text: dampened counts times `weightOf` their bucket (0: never seen, left out), brought to length 1.
 * Empty where nothing of it is known.
 */
export function wordVector(counter: WordCounter, text: string, weightOf: (bucket: number) => number): SparseVector {
  const size = counter.read(text);
  const indices = counter.buckets.slice(0, size).filter((bucket) => weightOf(bucket) > 0);
  indices.sort();
  const values = new Float32Array(indices.length);
  let squares = 0;
  for (const [place, bucket] of indices.entries()) {
    const value = dampened(counter.counts[bucket]!) * weightOf(bucket);
    values[place] = value;
    squares += value * value;
  }
  const length = Math.sqrt(squares);
  for (let place = 0; place < values.length; place++) values[place]! /= length;
  return { indices, values };
}
