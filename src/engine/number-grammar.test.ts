import fc from "fast-check";
import { expect, test } from "vitest";
import { numberGrammar } from "./number-grammar.ts";

/** The grammar as a regular expression: it uses nothing that one has not. */
function regexOf(grammar: string): RegExp {
  const body = grammar.replace("root ::= ", "").replaceAll(/"([^"]*)"/g, (_, text: string) => text.replace(".", "\\."));
  return new RegExp(`^(?:${body.replaceAll(/(?<!\[[^\]]*) /g, "")})$`);
}

function plan(min: number, max: number, digits = 0, above = false, under = false) {
  return { kind: "number", integer: digits === 0, min, max, digits, above, under } as const;
}

test("it has all whole numbers between the bounds and no other", () => {
  const bound = fc.integer({ min: -3000, max: 3000 });
  fc.assert(
    fc.property(bound, bound, (one, other) => {
      const [min, max] = [Math.min(one, other), Math.max(one, other)];
      const regex = regexOf(numberGrammar("", plan(min, max)));
      const near = [min - 1, min, min + 1, 0, 9, 10, 99, 100, 999, 1000, -9, -10, max - 1, max, max + 1];
      for (const value of near) expect(regex.test(`${value},`), String(value)).toBe(value >= min && value <= max);
    }),
  );
});

test("fractions stay between the bounds too, and a bound may be left out", () => {
  const grammar = regexOf(numberGrammar("", plan(0, 100, 2, true)));
  for (const text of ["0.5}", "99.99}", "100}", "7}"]) expect(text).toMatch(grammar);
  for (const text of ["0}", "0.0}", "100.5}", "7.123}", "-1}", "07}"]) expect(text).not.toMatch(grammar);
  expect("0.25,").toMatch(regexOf(numberGrammar("", plan(0, 0.5, 2))));
  const share = regexOf(numberGrammar("", plan(0.01, 1, 2)));
  for (const text of ["1,", "0.5,"]) expect(text).toMatch(share);
  expect("1.5,").not.toMatch(share);
  expect("-0.5,").toMatch(regexOf(numberGrammar("", plan(-1, 1, 2))));
});
