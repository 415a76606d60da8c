/** What the token probabilities of an answer say: of a letter among letters, or of a name that was written. */

import type { Basis, Evidence } from "../core/answer.ts";
import type { ReplyFault } from "../core/server-fault.ts";
import { LETTERS } from "./plan.ts";
import type { Quirks } from "./quirks.ts";
import { areHundredths, type ReadOption, weigh } from "./weigh.ts";

/** One token of an answer, with the alternatives that the server lists. Logarithms are natural. */
export interface TokenRead {
  readonly token: string;
  readonly logprob: number;
  readonly top: readonly { readonly token: string; readonly logprob: number }[];
}

/** What became of the numbers. */
export interface Confidence {
  readonly confidence: number | null;
  readonly basis: Basis;
  readonly evidence: Evidence;
  readonly faults: readonly ReplyFault[];
}

/** Servers write this where a mask forbids a token. */
const MASKED = -9000;
/** Logarithms of probabilities may be above 0 by rounding, not by more. */
const ABOVE_ONE = 1e-3;

function without(fault: ReplyFault, basis: Basis = "none"): Confidence {
  return { confidence: null, basis, evidence: {}, faults: [fault] };
}

/** The basis that the server's numbers have; what is not known counts as the weaker. */
function basisOf({ logprobs }: Quirks): Basis {
  return logprobs === "raw" ? "raw" : logprobs === "none" ? "none" : "constrained";
}

/**
 * The letter that is most probable where the answer begins, among all letters. `place` is `null` where the numbers
 * cannot be read, and then the answer's own text has to say it.
 */
export function readLetters(
  tokens: readonly TokenRead[] | null,
  content: string,
  names: readonly string[],
  quirks: Quirks,
): Confidence & { readonly place: number | null } {
  const written = letterOf(content, names.length);
  if (!tokens || tokens.length === 0) return { ...without("logprobs missing"), place: written };
  const located = locate(tokens, content);
  // They are of something else than this answer.
  if (!located) return { ...without("logprobs missing"), place: written };
  const first = tokens[located.index]!;
  const listed = alternatives(first);
  if (listed.length === 0 || first.logprob > ABOVE_ONE || sumOf(listed) > 1.02) {
    return { ...without("bad probabilities"), place: written };
  }
  if (isMasked(first)) return { ...without("logprobs masked", "constrained"), place: written };
  if (first.top.length === 0) return { ...without("logprobs missing"), place: written };
  const rounding = roundingOf(first);
  const read = names.map((_, place) => readOf(place, names.length, listed, rounding));
  const least = Math.min(...listed.map(({ logprob }) => logprob));
  const weighed = weigh(names, read, { atMost: upTo(Math.exp(least), rounding), rest: unlisted(listed, rounding) });
  if (!weighed) return { ...without("logprobs missing"), place: written };
  const mass = Math.min(
    1,
    read.reduce((sum, one) => sum + (one?.p ?? 0), 0),
  );
  return {
    place: weighed.place,
    confidence: weighed.confidence,
    basis: basisOf(quirks),
    evidence: { ...weighed.evidence, mass, byLetter: true },
    faults: rounding ? ["logprobs rounded"] : [],
  };
}

function upTo(p: number, rounding: Rounding | null): number {
  return rounding?.(p).high ?? p;
}

/** What is left for all that was not listed. */
function unlisted(listed: readonly { readonly logprob: number }[], rounding: Rounding | null): number {
  const least = listed.map(({ logprob }) => rounding?.(Math.exp(logprob)).low ?? Math.exp(logprob));
  return Math.max(0, 1 - least.reduce((sum, p) => sum + p, 0));
}

/**
 * Probability of the name as it was written: the product over its own tokens. That is no share among the names, but the
 * probability of this spelling among everything that could have been written: a lower bound of the name's.
 */
export function readName(
  tokens: readonly TokenRead[] | null,
  content: string,
  name: string,
  quirks: Quirks,
): Confidence {
  if (!tokens || tokens.length === 0) return without("logprobs missing");
  const spelled = tokensOf(tokens, content, name);
  if (!spelled) return without("logprobs missing");
  if (spelled.some(({ logprob }) => !Number.isFinite(logprob) || logprob > ABOVE_ONE))
    return without("bad probabilities");
  if (spelled.every(isMasked)) return without("logprobs masked", "constrained");
  const rounding = roundingOf(...spelled);
  const each = spelled.map(({ logprob }) => Math.exp(Math.min(0, logprob)));
  const product = (values: readonly number[]) => values.reduce((all, value) => all * value, 1);
  if (!rounding) return { confidence: product(each), basis: basisOf(quirks), evidence: {}, faults: [] };
  const [low, high] = [product(each.map((p) => rounding(p).low)), product(each.map((p) => rounding(p).high))];
  const evidence: Evidence = { interval: [low, high] };
  return { confidence: low, basis: basisOf(quirks), evidence, faults: ["logprobs rounded"] };
}

/** Place of the letter that an answer consists of; `null` where it says something else. */
export function letterOf(text: string, count: number): number | null {
  // A word's beginning (Ġ, ▁) is part of a token in some vocabularies.
  const letter = /^[\sĠ▁"'(*`]*([A-Za-z])[\s.,:;)*"'`]*$/.exec(text)?.[1]?.toUpperCase();
  const place = letter === undefined ? -1 : LETTERS.indexOf(letter);
  return place === -1 || place >= count ? null : place;
}

/** Where the answer begins among the tokens: behind whitespace, and behind a thought that was taken out of it. */
function locate(
  tokens: readonly TokenRead[],
  content: string,
): { readonly index: number; readonly at: number; readonly texts: readonly string[] } | null {
  const said = content.trim();
  const texts = tokens.map(({ token }) => token.replaceAll(/[Ġ▁]/g, " "));
  const whole = texts.join("");
  const thought = whole.lastIndexOf("</think>");
  let at = 0;
  for (const [index, text] of texts.entries()) {
    const begin = at + text.length - text.trimStart().length;
    if (said !== "" && text.trim() !== "" && begin > thought && whole.startsWith(said, begin)) {
      return { index, at: begin, texts };
    }
    at += text.length;
  }
  return null;
}

/** The tokens that spell the name within the answer, with what melted into them at both ends. */
function tokensOf(tokens: readonly TokenRead[], content: string, name: string): readonly TokenRead[] | null {
  const located = locate(tokens, content);
  if (!located) return null;
  const inside = content.trim().indexOf(name);
  if (inside === -1) return null;
  const from = located.at + inside;
  let at = 0;
  const spelled = tokens.filter((_, index) => {
    const begin = at;
    at += located.texts[index]!.length;
    return begin < from + name.length && at > from;
  });
  return spelled.length > 0 ? spelled : null;
}

/** The listed alternatives with the token that was taken, each once; what is masked is not among them. */
function alternatives({ token, logprob, top }: TokenRead): readonly { token: string; logprob: number }[] {
  const listed = new Map<string, number>();
  for (const one of [{ token, logprob }, ...top]) {
    if (Number.isFinite(one.logprob) && one.logprob > MASKED && one.logprob <= ABOVE_ONE) {
      listed.set(one.token, Math.min(0, one.logprob));
    }
  }
  return [...listed].map(([text, value]) => ({ token: text, logprob: value }));
}

function sumOf(listed: readonly { readonly logprob: number }[]): number {
  return listed.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0);
}

/** The token has everything, and of the others none has anything: they were forbidden. */
function isMasked({ token, logprob, top }: TokenRead): boolean {
  if (Math.abs(logprob) > 1e-4) return false;
  const others = top.filter((other) => other.token !== token);
  // A list with the token alone says that there was nothing else to list.
  return top.length > 0 && others.every((other) => !Number.isFinite(other.logprob) || other.logprob <= MASKED);
}

/** Between what a probability lies that was rounded: it or its logarithm. */
type Rounding = (p: number) => { readonly low: number; readonly high: number };

const HALF_UNIT = 0.005;
const byLogarithm: Rounding = (p) => ({ low: p * Math.exp(-HALF_UNIT), high: Math.min(1, p * Math.exp(HALF_UNIT)) });
const byProbability: Rounding = (p) => ({ low: Math.max(0, p - HALF_UNIT), high: Math.min(1, p + HALF_UNIT) });

/** How the numbers were rounded, where all that is listed has no more than two decimals; `null` where it has more. */
function roundingOf(...tokens: readonly TokenRead[]): Rounding | null {
  const values = tokens
    .flatMap(({ logprob, top }) => [logprob, ...top.map((other) => other.logprob)])
    .filter((value) => Number.isFinite(value) && value > MASKED && value < 0);
  if (new Set(values).size < 2) return null;
  if (areHundredths(values)) return byLogarithm;
  return areHundredths(values.map(Math.exp)) ? byProbability : null;
}

/** A letter with all the tokens that write it: with a space before it, in small, with a stop behind it. */
function readOf(
  place: number,
  count: number,
  listed: readonly { readonly token: string; readonly logprob: number }[],
  rounding: Rounding | null,
): ReadOption | null {
  const spelled = listed
    .filter(({ token }) => letterOf(token, count) === place)
    .map(({ logprob }) => Math.exp(logprob));
  if (spelled.length === 0) return null;
  const sum = (values: readonly number[]) =>
    Math.min(
      1,
      values.reduce((all, value) => all + value, 0),
    );
  const ends = spelled.map((value) => rounding?.(value) ?? { low: value, high: value });
  return { low: sum(ends.map(({ low }) => low)), p: sum(spelled), high: sum(ends.map(({ high }) => high)) };
}
