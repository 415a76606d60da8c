/**
 * Patterns of strangers: how long a text can keep one busy. A matcher that goes back and tries otherwise does so wherever
 * two ways are open at the same next sign; where the next sign decides there is nothing to go back to.
 */

import { endOfText, type Pattern, readPattern, type Signs } from "./pattern-tree.ts";

/** Steps of about `factor * length ** power` at most. */
export interface PatternWork {
  readonly power: number;
  readonly factor: number;
}

const mostPower = 4;
const mostFactor = 1e6;

/** `null` for a pattern that nobody should match a text with: it may run away, or it cannot be told that it does not. */
export function patternWork(pattern: string): PatternWork | null {
  const tree = readPattern(pattern);
  if (tree === null) return null;
  const { power, factor } = waysOf(tree, endOfText);
  // One way may be as long as the text, and may begin anywhere in it.
  const whole = power + (isEndless(tree) ? 1 : 0) + (beginsAtStart(tree) ? 0 : 1);
  return whole <= mostPower && factor <= mostFactor ? { power: whole, factor } : null;
}

const oneWay: PatternWork = { power: 0, factor: 1 };
const countless: PatternWork = { power: Infinity, factor: 1 };

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
    const isDecided = isRun(part) && parts[index + 1]?.kind === "sign" && areApart([part.part.signs, later]);
    if (!isDecided) ways = both(ways, waysOf(part, after));
    [after, later] = [beginningOf(part, after), after];
  }
  return ways;
}

/** As in `[a-z-]*[a-z]@`: where a run of signs and one more end, the sign behind them decides, if it is none of the run. */
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
    return { power: inner.power === 0 ? 0 : inner.power * most, factor };
  }
  if (inner.power > 0 || inner.factor > 1) return countless;
  return { power: isDecided ? 0 : 1, factor: 1 };
}

/** What is looked at ahead is looked at once for each way up to there; it leaves nothing to go back to. */
function look(part: Pattern): PatternWork {
  const { power, factor } = waysOf(part, endOfText);
  return { power: power + (isEndless(part) ? 1 : 0), factor };
}

function both(one: PatternWork, other: PatternWork): PatternWork {
  return { power: one.power + other.power, factor: one.factor * other.factor };
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

function isEndless(pattern: Pattern): boolean {
  if (pattern.kind === "repeat") return pattern.most === Infinity || isEndless(pattern.part);
  if (pattern.kind === "look") return isEndless(pattern.part);
  return "parts" in pattern && pattern.parts.some(isEndless);
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
