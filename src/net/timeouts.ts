/** How long silence may last: learned from how long this server has taken. */

/** Bounds in seconds. */
export interface TimeoutOptions {
  /** Longest silence before enough was measured; 120 by default. */
  readonly untilKnown?: number;
  /** No learned limit is shorter; 10 by default. */
  readonly least?: number;
  /** None is longer; 280 by default. The platform itself gives a silent server up after 300. */
  readonly most?: number;
  /** Longest whole exchange before enough was measured, and ever; 600 by default. */
  readonly whole?: number;
}

/** How long one exchange took, in milliseconds. */
export interface Took {
  /** Until its first byte. */
  readonly first: number;
  /** The longest silence after that. */
  readonly silence: number;
  readonly whole: number;
  readonly size: Size;
}

/** What an exchange takes its time for. */
export interface Size {
  /** Of what is sent. */
  readonly bytes: number;
  /** Most tokens that the answer may have; 0 where that is not said. */
  readonly answerTokens: number;
}

/** Limits of one exchange, in milliseconds. */
export interface Limits {
  readonly first: number;
  readonly silence: number;
  readonly whole: number;
}

const KEPT = 256;
const ENOUGH = 20;
/** A limit is so many times what 99 of 100 exchanges took: servers are busy at times. */
const FACTOR = 4;
const WHOLE_FACTOR = 8;
/** What is smaller takes no less time. */
const LEAST_BYTES = 1000;
const LEAST_TOKENS = 16;

export class Timeouts {
  readonly #options: Required<TimeoutOptions>;
  readonly #took: Took[] = [];
  #next = 0;

  constructor(options: TimeoutOptions = {}) {
    this.#options = { untilKnown: 120, least: 10, most: 280, whole: 600, ...options };
  }

  add(took: Took): void {
    this.#took[this.#next] = took;
    this.#next = (this.#next + 1) % KEPT;
  }

  /** For an exchange of such a size. */
  limits(size: Size): Limits {
    const { untilKnown, least, most, whole } = this.#options;
    const longest = whole * 1000;
    if (this.#took.length < ENOUGH) {
      const silence = Math.min(untilKnown, most) * 1000;
      return { first: silence, silence, whole: longest };
    }
    // How long each exchange would have taken, had it been of this size.
    const usual = (of: (took: Took) => number): number =>
      quantile(
        this.#took.map((took) => of(took) * larger(size, took.size)),
        0.99,
      );
    const learned = (of: (took: Took) => number): number =>
      Math.min(most * 1000, Math.max(least * 1000, usual(of) * FACTOR));
    const first = learned((took) => took.first);
    const silence = learned((took) => took.silence);
    const all = usual((took) => took.whole) * WHOLE_FACTOR;
    return { first, silence, whole: Math.min(longest, Math.max(2 * (first + silence), all)) };
  }

  /** Of a stream: nobody waits for its end, so only silence is held against it, and what no exchange may take. */
  streamLimits(size: Size): Limits {
    return { ...this.limits(size), whole: this.#options.whole * 1000 };
  }

  /** Milliseconds of whole exchanges; `null` before there are five. */
  latency(): { readonly p50: number; readonly p99: number } | null {
    if (this.#took.length < 5) return null;
    const whole = this.#took.map((took) => took.whole);
    return { p50: quantile(whole, 0.5), p99: quantile(whole, 0.99) };
  }
}

/** How many times as long an exchange may take as one that was smaller; 1 where it is not larger. */
function larger(size: Size, than: Size): number {
  const bytes = size.bytes / Math.max(than.bytes, LEAST_BYTES);
  const tokens = size.answerTokens / Math.max(than.answerTokens, LEAST_TOKENS);
  return Math.max(1, bytes, tokens);
}

/** The value below which a share of them lies; of the values that are there, the next above. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
