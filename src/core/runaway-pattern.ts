/**
 * Patterns of strangers that a text can keep busy, told before anybody matches with them. A matcher that goes back and
 * tries otherwise does so wherever two ways are open at the same next sign; where the next sign decides there is nothing
 * to go back to. It is a rough measure: who matches with a pattern that passed still bounds the time (`withinTime`).
 */

import { endOfText, type Pattern, readPattern, type Signs } from "./pattern-tree.ts";

/** Steps of about `factor * length ** power`; `look` is the power of what only looks ahead. */
export interface PatternWork {
  readonly power: number;
  readonly factor: number;
  readonly look: number;
}

const mostPower = 4;
const mostFactor = 1e6;
/** A way that may be longer counts as one that may be as long as the text. */
const shortWay = 256;

/** Whether a text could keep a matcher of this pattern busy, or nobody can tell that it could not. */
export function mayRunAway(pattern: string): boolean {
  return patternWork(pattern) === null;
}

/** `null` for a pattern that may run away. */
export function patternWork(pattern: string): PatternWork | null {
  const tree = readPattern(pattern);
  if (tree === null) return null;
  const { power, factor, look } = waysOf(tree, endOfText);
  const length = longestOf(tree);
  // One way may be as long as the text, and may begin anywhere in it.
  const whole = power + Math.max(length > shortWay ? 1 : 0, look) + (beginsAtStart(tree) ? 0 : 1);
  const steps = factor * Math.min(Math.max(length, 1), shortWay);
  return whole <= mostPower && factor <= mostFactor ? { power: whole, factor: steps, look } : null;
}

const oneWay: PatternWork = { power: 0, factor: 1, look: 0 };
const countless: PatternWork = { power: Infinity, factor: 1, look: 0 };

/** In how many ways a pattern can take its part of a text, when `next` is what may come behind it. */
function waysOf(pattern: Pattern, next: Signs): PatternWork {
  switch (pattern.kind) {
    case "sign":
    case "place":
      return oneWay;
    case "look":
      // Behind it is read backwards, where the next sign is the one before.
      return pattern.isBehind && hasChoice(pattern.part) ? countless : look(pattern.part);
    case "sequence":
      return inSequence(pattern.parts, next);
    case "choice": {
      const each = pattern.parts.map((part) => waysOf(part, next));
      const isDecided = areApart(pattern.parts.map((part) => beginningOf(part, next)));
      const factors = each.map(({ factor }) => factor);
      return {
        power: Math.max(...each.map(({ power }) => power)),
        factor: isDecided ? Math.max(...factors) : factors.reduce((sum, factor) => sum + factor, 0),
        look: Math.max(...each.map(({ look }) => look)),
      };
    }
    case "repeat":
      return repeated(pattern, next);
  }
}

function inSequence(parts: readonly Pattern[], next: Signs): PatternWork {
  let ways = oneWay;
  // What may come behind the part at hand, and behind the one after it.
  let [after, later] = [next, next];
  for (const [index, part] of [...parts.entries()].reverse()) {
    const behind = parts[index + 1];
    const isDecided = isRun(part) && behind?.kind === "sign" && areApart([part.part.signs | behind.signs, later]);
    if (!isDecided) ways = both(ways, waysOf(part, after));
    [after, later] = [beginningOf(part, after), after];
  }
  return ways;
}

/** As in `[a-z-]*[a-z]@`: where a run of signs and one more end, the sign behind them decides, if it is none of either. */
function isRun(part: Pattern): part is Pattern & { kind: "repeat"; part: { kind: "sign" } } {
  return part.kind === "repeat" && part.part.kind === "sign";
}

function repeated({ part, least, most }: Pattern & { kind: "repeat" }, next: Signs): PatternWork {
  if (most === 0) return oneWay;
  const again = most > 1 ? beginningOf(part, next) : 0n;
  const inner = waysOf(part, again | next);
  const isDecided = least === most || areApart([beginningOf(part, next), next]);
  if (most < Infinity) {
    const factor = inner.factor ** most * (isDecided ? 1 : most - least + 1);
    // Not infinite times nothing.
    return { power: inner.power === 0 ? 0 : inner.power * most, factor, look: inner.look };
  }
  if (inner.power > 0 || inner.factor > 1) return countless;
  return { power: isDecided ? 0 : 1, factor: 1, look: inner.look > 0 ? inner.look + 1 : 0 };
}

/** What is looked at ahead is looked at once for each way up to there; it leaves nothing to go back to. */
function look(part: Pattern): PatternWork {
  const { power, factor, look: inner } = waysOf(part, endOfText);
  return { power: 0, factor, look: power + Math.max(inner, longestOf(part) > shortWay ? 1 : 0) };
}

function both(one: PatternWork, other: PatternWork): PatternWork {
  return { power: one.power + other.power, factor: one.factor * other.factor, look: Math.max(one.look, other.look) };
}

/** The signs with which a pattern can begin; those that come behind it are among them where it can be empty. */
function beginningOf(pattern: Pattern, next: Signs): Signs {
  switch (pattern.kind) {
    case "sign":
      return pattern.signs;
    case "place":
    case "look":
      return next;
    case "sequence":
      return pattern.parts.reduceRight((after, part) => beginningOf(part, after), next);
    case "choice":
      return pattern.parts.reduce((signs, part) => signs | beginningOf(part, next), 0n);
    case "repeat":
      return beginningOf(pattern.part, next) | (pattern.least === 0 ? next : 0n);
  }
}

function areApart(sets: readonly Signs[]): boolean {
  let seen = 0n;
  for (const signs of sets) {
    if ((seen & signs) !== 0n) return false;
    seen |= signs;
  }
  return true;
}

/** Signs that the longest way through a pattern takes, what it looks at included. */
function longestOf(pattern: Pattern): number {
  switch (pattern.kind) {
    case "sign":
      return 1;
    case "place":
      return 0;
    case "look":
      return longestOf(pattern.part);
    case "sequence":
      return pattern.parts.reduce((sum, part) => sum + longestOf(part), 0);
    case "choice":
      return Math.max(...pattern.parts.map(longestOf));
    case "repeat":
      // Not infinite times nothing.
      return longestOf(pattern.part) === 0 ? 0 : longestOf(pattern.part) * pattern.most;
  }
}

function hasChoice(pattern: Pattern): boolean {
  if (pattern.kind === "repeat" || pattern.kind === "choice") return true;
  if (pattern.kind === "look") return hasChoice(pattern.part);
  return "parts" in pattern && pattern.parts.some(hasChoice);
}

/** Whether it can match at the start of a text only. */
function beginsAtStart(pattern: Pattern): boolean {
  if (pattern.kind === "place") return pattern.isStart;
  if (pattern.kind === "choice") return pattern.parts.every(beginsAtStart);
  return pattern.kind === "sequence" && pattern.parts[0] !== undefined && beginsAtStart(pattern.parts[0]);
}
