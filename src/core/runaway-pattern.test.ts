/** Which patterns a text can keep busy, held against a matcher that counts its steps. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type Pattern, readPattern } from "./pattern-tree.ts";
import { patternWork } from "./runaway-pattern.ts";

test.each([
  "^(a+)+$",
  "(a|a)*",
  "^(a|ab|b)*$",
  "(a+){5}",
  "((a|b)+x?)*y",
  "(x+x+)+y",
  "^(\\w+\\s?)*$",
  "^(([a-z])+.)+[A-Z]([a-z])+$",
  `^${"a*".repeat(100)}b$`,
  "^(a?){30}a{30}$",
  `^${"(|)".repeat(30)}$`,
  "(.)\\1",
  "(?<name>a)\\k<name>",
  "(?<=a+)b",
  "^(?:a*[ab][bc]c?)*$",
  "(?i:a|A)*b",
  "\\_(?:\\u{1}|u)*$",
  "\\_(?:\\012|\\n)*$",
  "\\_(?:\\c|[\\\\])*$",
  "(",
  "a)",
])("%s may run away", (pattern) => expect(patternWork(pattern)).toBeNull());

test.each([
  ["e-mail", "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$"],
  ["e-mail with dots", "^[\\w-]+(\\.[\\w-]+)*@([\\w-]+\\.)+[a-z]{2,}$"],
  ["date", "^\\d{4}-\\d{2}-\\d{2}$"],
  ["time", "^([01]?\\d|2[0-3]):[0-5]\\d$"],
  ["uuid", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"],
  ["slug", "^[a-z0-9]+(?:-[a-z0-9]+)*$"],
  ["version", "^\\d+\\.\\d+\\.\\d+(-[\\w.]+)?(\\+[\\w.]+)?$"],
  ["address", "^(?:\\d{1,3}\\.){3}\\d{1,3}$"],
  ["URL", "^https?://[^\\s/$.?#].[^\\s]*$"],
  ["names", "^[A-Z][a-z]+(?: [A-Z][a-z]+)*$"],
  ["number", "^-?\\d+(\\.\\d+)?$"],
  ["host", "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,}$"],
  ["something", "\\S"],
  ["letters", "^\\p{L}+$"],
  ["password", "^(?=.*[a-z])(?=.*[A-Z])(?=.*\\d)(?=.*[@$!%*?&])[A-Za-z\\d@$!%*?&]{8,}$"],
  ["parentheses", "^[(+*)]+\\(a+\\)+$"],
])("an everyday pattern does not: %s", (_, pattern) => expect(patternWork(pattern)).not.toBeNull());

describe("a pattern that a schema library writes", () => {
  const schemas = { email: z.email(), uuid: z.uuid(), datetime: z.iso.datetime({ offset: true }), date: z.iso.date() };
  const more = { duration: z.iso.duration(), ipv6: z.ipv6(), base64: z.base64(), hostname: z.hostname() };
  test.each(Object.entries({ ...schemas, ...more }))("is let through: %s", (_, schema) => {
    const { pattern } = z.toJSONSchema(schema);
    expect(patternWork(pattern!)).not.toBeNull();
  });
});

/** Steps of a matcher that goes back, until it matches or gives up, from each place on where it can begin. */
function stepsOf(source: string, text: string, most: number): number {
  const pattern = readPattern(source)!;
  const last = source.startsWith("^") ? 0 : text.length;
  let steps = 0;
  const match = (at: Pattern, place: number, then: (place: number) => boolean): boolean => {
    if (++steps > most) throw new Error("too many steps");
    switch (at.kind) {
      case "sign":
        return place < text.length && (at.signs & (1n << BigInt(text.charCodeAt(place)))) !== 0n && then(place + 1);
      case "place":
        return place === (at.isStart ? 0 : text.length) && then(place);
      case "look":
        return match(at.part, place, () => true) && then(place);
      case "choice":
        return at.parts.some((part) => match(part, place, then));
      case "sequence":
        return at.parts.reduceRight((rest, part) => (from: number) => match(part, from, rest), then)(place);
      case "repeat": {
        const round = (count: number, from: number): boolean => {
          const again = (to: number): boolean => (to === from && count >= at.least ? false : round(count + 1, to));
          return (count < at.most && match(at.part, from, again)) || (count >= at.least && then(from));
        };
        return round(0, place);
      }
    }
  };
  for (let start = 0; start <= last; start++) if (match(pattern, start, () => true)) break;
  return steps;
}

/** Patterns of few signs, so that their parts meet. */
const patterns = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("a", "b", "c", "[ab]", "[^a]", "."),
    fc.tuple(tie("pattern"), tie("pattern")).map((parts) => parts.join("")),
    fc.tuple(tie("pattern"), tie("pattern")).map((parts) => `(?:${parts.join("|")})`),
    fc
      .tuple(tie("pattern"), fc.constantFrom("*", "+", "?", "{2}", "{1,3}", "{2,}", "{30}"))
      .map(([part, how]) => `(?:${part})${how}`),
    tie("pattern").map((part) => `(?=${part})`),
    fc
      .tuple(fc.constantFrom("a*", "[ab]*", ".*"), fc.constantFrom("a", "[ab]", "[bc]"), tie("pattern"))
      .map((parts) => `(?:${parts.join("")})*`),
  ),
})).pattern;
const anchored = fc.tuple(fc.constantFrom("", "^"), patterns, fc.constantFrom("", "$")).map((parts) => parts.join(""));
const texts = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 24 }),
  fc.tuple(fc.constantFrom("a", "ab", "abc", "aab"), fc.nat(40)).map(([part, times]) => `${part.repeat(times)}!`),
);

/** Whether a matcher takes no more steps than was said, but for the pattern's own size. */
function keepsTo(pattern: string, text: string): boolean {
  const work = patternWork(pattern);
  if (!work) return true;
  const most = 8 * pattern.length * work.factor * (text.length + 1) ** work.power;
  return stepsOf(pattern, text, most) <= most;
}

test("no pattern that is let through takes more steps than was said", () => {
  let passed = 0;
  const property = fc.property(anchored, texts, (pattern, text) => {
    if (patternWork(pattern)) passed++;
    return keepsTo(pattern, text);
  });
  fc.assert(property, { numRuns: 5_000, seed: 12 });
  expect(passed).toBeGreaterThan(1_000);
});

test("(control) one that runs away does", () => {
  expect(() => stepsOf("^(?:a|a)*$", `${"a".repeat(24)}!`, 100_000)).toThrow("too many steps");
});
