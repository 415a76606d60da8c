/** Pieces of an item that a field may be copied from. */

import { TookTooLong, withinTime } from "../core/within-time.ts";
import { datesIn, timesIn } from "./dates.ts";
import { fitsFormat, searchOf } from "./formats.ts";
import { regex } from "./keywords.ts";
import type { Plan } from "./plan.ts";

/** More than this many are too many to weigh one by one; the field is written instead. */
const MOST_CANDIDATES = 48;
/** Milliseconds for which everybody may have to wait for a search; a pattern may run away. */
const LONGEST_SEARCH = 1000;
/** A pattern that such words fit is about how to write, and says nothing of where in a text the value stands. */
const PLAIN_WORDS = ["word", "Some words", "a.b", "a-b_c"];

type StringPlan = Plan & { kind: "string" };

/** What people mean by the pieces of a format, and what else they write for it. */
const MEANT: { readonly [format: string]: (pieces: readonly string[], item: string) => readonly string[] } = {
  date: (pieces, item) => [...pieces, ...datesIn(item)],
  time: (pieces, item) => [...pieces, ...timesIn(item)],
  // Whether "to=" belongs to an address nobody can say: it is offered with and without.
  email: (pieces) => pieces.flatMap((piece) => [piece, piece.slice(piece.lastIndexOf("=") + 1)]),
  uri: (pieces) => pieces.map(withoutTail),
};

/** What the item offers for a string with a format or a pattern, in order of appearance; none where it is too much. */
export function candidatesOf(item: string, plan: StringPlan): string[] {
  try {
    return plan.patterns.length === 0 ? findAll(item, plan) : withinTime(LONGEST_SEARCH, () => findAll(item, plan));
  } catch (thrown) {
    if (!(thrown instanceof TookTooLong)) throw thrown;
    return [];
  }
}

function findAll(item: string, plan: StringPlan): string[] {
  const search = plan.format === null ? plan.patterns[0] : searchOf(plan.format);
  if (search === undefined || (plan.format === null && PLAIN_WORDS.some((word) => regex(search)?.test(word))))
    return [];
  const pieces = piecesOf(item, search);
  const meant = MEANT[plan.format ?? ""]?.(pieces, item) ?? pieces;
  const found = [...new Set(meant)].filter((piece) => fits(piece, plan));
  return found.length <= MOST_CANDIDATES ? found : [];
}

/** Every piece of the text that fits the pattern and stands alone: no letter or digit touches it. */
function piecesOf(text: string, pattern: string): string[] {
  const core = pattern.replace(/^\^/, "").replace(/(?<!\\)\$$/, "");
  const alone = regex(`(?<!\\w)(?:${core})(?!\\w)`);
  if (alone === null) return [];
  // Letters of other alphabets are looked at afterwards: the pattern may be one that is none with Unicode.
  return [...text.matchAll(new RegExp(alone, `g${alone.flags}`))]
    .filter(({ 0: piece, index }) => {
      const end = index + piece.length;
      const around = [text.slice(Math.max(0, index - 2), index), text.slice(end, end + 2)];
      return piece !== "" && !/[\p{L}\p{N}]$/u.test(around[0]!) && !/^[\p{L}\p{N}]/u.test(around[1]!);
    })
    .map(([piece]) => piece);
}

/** A web address without the punctuation of the sentence around it; a bracket stays where it was opened inside. */
function withoutTail(address: string): string {
  const cut = address.replace(/[.,;:!?'*]+$/, "");
  const isOpened = cut.split("(").length >= cut.split(")").length;
  return isOpened || !cut.endsWith(")") ? cut : withoutTail(cut.slice(0, -1));
}

function fits(piece: string, plan: StringPlan): boolean {
  const length = [...piece].length;
  if (length < plan.min || (plan.max !== null && length > plan.max)) return false;
  return fitsFormat(plan.format, piece) && plan.patterns.every((pattern) => regex(pattern)?.test(piece));
}
