/** From probabilities that were partly read, partly bounded, to an answer and the evidence for it. */

import type { Evidence } from "../core/answer.ts";

/** What was read of one option: its probability, and between what it lies where it was rounded. */
export interface ReadOption {
  readonly low: number;
  readonly p: number;
  readonly high: number;
}

export interface Weighed {
  /** Place of the best option. */
  readonly place: number;
  /** The lowest that its share among the options can be. */
  readonly confidence: number;
  readonly evidence: Evidence;
}

/**
 * Compares the options among themselves. An option that was not listed (`null`) lies between 0 and `atMost`, and all of
 * them together have at most `rest`. `null` where nothing was read at all.
 */
export function weigh(
  names: readonly string[],
  read: readonly (ReadOption | null)[],
  bound: { readonly atMost: number; readonly rest: number },
): Weighed | null {
  const known = total(read.map((one) => one?.p ?? 0));
  if (!(known > 0) || !Number.isFinite(known)) return null;
  const hidden = read.filter((one) => one === null).length;
  const atMost = Math.max(0, Math.min(bound.atMost, bound.rest));
  const unread = Math.min(hidden * atMost, Math.max(0, bound.rest));
  const place = read.reduce((top, one, index) => ((one?.p ?? -1) > (read[top]?.p ?? -1) ? index : top), 0);
  const best = read[place]!;
  const others = read.filter((_, index) => index !== place);
  const lowest = best.low / (best.low + total(others.map((one) => one?.high ?? 0)) + unread);
  const highest = best.high / (best.high + total(others.map((one) => one?.low ?? 0)));
  const all = known + unread;
  const options = names.map((name, index) => {
    const one = read[index];
    if (one) return { name, p: one.p / all };
    return { name, p: hidden === 0 ? 0 : unread / hidden / all, atMost: Math.min(1, atMost / known) };
  });
  const isExact = unread === 0 && read.every((one) => !one || one.low === one.high);
  const next = Math.max(0, ...others.map((one) => one?.p ?? atMost));
  const margin = Math.log(best.p) - Math.log(next);
  const confidence = isExact ? best.p / all : clamped(lowest);
  return {
    place,
    confidence: clamped(confidence),
    evidence: {
      options,
      ...(isExact ? {} : { interval: [clamped(lowest), clamped(highest)] as const }),
      entropy: entropyOf(options.map(({ p }) => p)),
      ...(Number.isFinite(margin) ? { margin } : {}),
    },
  };
}

export function entropyOf(probabilities: readonly number[]): number {
  return probabilities.reduce((sum, p) => sum - (p > 0 ? p * Math.log(p) : 0), 0);
}

/** Not a number is no confidence at all. */
export function clamped(p: number): number {
  return Number.isNaN(p) ? 0 : Math.min(1, Math.max(0, p));
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Whether all of the numbers were rounded to two decimals: what is hardly anything was not, it would be nothing. */
export function areHundredths(values: readonly number[]): boolean {
  return values.every(
    (value) => value === 0 || (Math.abs(value) >= 0.005 && Math.abs(value * 100 - Math.round(value * 100)) < 1e-5),
  );
}
