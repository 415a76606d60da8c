/** Pieces of an item that a field may be copied from. */

import { datesIn, timesIn } from "./dates.ts";
import { FORMATS, fitsFormat } from "./formats.ts";
import { regex } from "./keywords.ts";
import type { Plan } from "./plan.ts";

/** More than this many are too many to weigh one by one; the field is written instead. */
const MOST_CANDIDATES = 48;
/** A pattern that such words fit is about how to write, and says nothing of where in a text the value stands. */
const PLAIN_WORDS = ["word", "Some words", "a.b", "a-b_c"];

type StringPlan = Plan & { kind: "string" };

/** What the item offers for a string with a format or a pattern, in order of appearance; none where it is too much. */
export function candidatesOf(item: string, plan: StringPlan): string[] {
  const search = plan.format === null ? plan.patterns[0] : FORMATS[plan.format];
  if (search === undefined || (plan.format === null && PLAIN_WORDS.some((word) => regex(search)?.test(word))))
    return [];
  const written = plan.format === "date" ? datesIn(item) : plan.format === "time" ? timesIn(item) : [];
  const found = [...new Set([...piecesOf(item, search), ...written])].filter((piece) => fits(piece, plan));
  return found.length <= MOST_CANDIDATES ? found : [];
}

/** Every piece of the text that fits the pattern and stands alone: no letter or digit touches it. */
function piecesOf(text: string, pattern: string): string[] {
  const core = pattern.replace(/^\^/, "").replace(/(?<!\\)\$$/, "");
  const alone = regex(`(?<![\\p{L}\\p{N}_])(?:${core})(?![\\p{L}\\p{N}_])`);
  if (alone === null) return [];
  return [...text.matchAll(new RegExp(alone, `g${alone.flags}`))]
    .map(([piece]) => piece)
    .filter((piece) => piece !== "");
}

function fits(piece: string, plan: StringPlan): boolean {
  const length = [...piece].length;
  if (length < plan.min || (plan.max !== null && length > plan.max)) return false;
  return fitsFormat(plan.format, piece) && plan.patterns.every((pattern) => regex(pattern)?.test(piece));
}
