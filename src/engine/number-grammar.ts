/** GBNF of JSON numbers between two bounds. Pure text. */

import type { NumberPlan } from "./plan.ts";

/** Where no bound says otherwise; every whole number of so many digits is exact. */
const MOST = 999_999_999_999_999;

/** A JSON number behind `gap` and the character that ends it: none outside of the bounds, as far as digits can say. */
export function numberGrammar(gap: string, { min, max, above, under, digits }: NumberPlan): string {
  const fraction = digits > 0 ? { any: ` "." [0-9]{1,${digits}}`, some: ` "." [0-9]{0,${digits - 1}} [1-9]` } : null;
  const positive = max >= 0 ? magnitudes(Math.max(0, min), max, above && min >= 0, under, fraction) : [];
  const negative = min < 0 ? magnitudes(Math.max(0, -max), -min, under && max <= 0, above, fraction) : [];
  const all = [...positive, ...(negative.length > 0 ? [`"-" (${negative.join(" | ")})`] : [])];
  return `root ::= ${JSON.stringify(gap)} (${all.join(" | ")}) [,}\\n]`;
}

interface Fraction {
  readonly any: string;
  /** One that is not zero. */
  readonly some: string;
}

/** Numbers from `low` to `high`, neither of them negative; `above` and `under` leave the bounds themselves out. */
function magnitudes(low: number, high: number, above: boolean, under: boolean, fraction: Fraction | null): string[] {
  const top = Math.min(high, MOST);
  const [first, last] = [Math.ceil(low), Math.floor(top)];
  const whole = range(above && first === low ? first + 1 : first, under && last === top ? last - 1 : last);
  if (fraction === null) return whole;
  const within = range(above && first === low ? first + 1 : first, last - 1).map(
    (digits) => `(${digits})${fraction.any}`,
  );
  const justAbove = above && first === low && first < last ? [`"${first}"${fraction.some}`] : [];
  const all = [...whole, ...within, ...justAbove];
  if (within.length + justAbove.length > 0) return all;
  // Between two bounds that are nearer than one whole step, only the check afterwards can tell.
  const around = range(Math.floor(low), Math.ceil(top) - 1);
  return around.length > 0 ? [...all, `(${around.join(" | ")})${fraction.any}`] : all;
}

/** The whole numbers from one to the other in digits, a text for each number of digits. */
function range(from: number, to: number): string[] {
  const texts: string[] = [];
  for (let low = from; low <= to; ) {
    const high = Math.min(to, 10 ** String(low).length - 1);
    texts.push(sameLength(String(low), String(high)));
    low = high + 1;
  }
  return texts;
}

/** From one to the other where both have as many digits. */
function sameLength(low: string, high: string): string {
  const rest = low.length - 1;
  const anything = rest > 0 ? ` [0-9]{${rest}}` : "";
  if (rest === 0) return `[${low}-${high}]`;
  const [from, to] = [Number(low[0]), Number(high[0])];
  const lowest = /^0*$/.test(low.slice(1));
  const highest = /^9*$/.test(high.slice(1));
  if (lowest && highest) return `[${from}-${to}]${anything}`;
  if (from === to) return `"${from}" (${sameLength(low.slice(1), high.slice(1))})`;
  const parts: string[] = [];
  if (!lowest) parts.push(`"${from}" (${sameLength(low.slice(1), "9".repeat(rest))})`);
  const [start, end] = [lowest ? from : from + 1, highest ? to : to - 1];
  if (start <= end) parts.push(`[${start}-${end}]${anything}`);
  if (!highest) parts.push(`"${to}" (${sameLength("0".repeat(rest), high.slice(1))})`);
  return parts.join(" | ");
}
