import { expect, test } from "vitest";
import { numberGrammar, patternGrammar, stringGrammar } from "./gbnf.ts";

test.each([
  ["^[A-Z]{2}\\d{6}$", 'root ::= ([A-Z]{2} [0-9]{6}) "\\""'],
  ["a|bc?", 'root ::= ("a" | "b" "c"?) "\\""'],
  ["(?:x|y)+-\\.", 'root ::= (("x" | "y")+ "-" ".") "\\""'],
  ["[^a-c]*?", 'root ::= ([^"\\\\\\x7F\\x00-\\x1Fa-c]*) "\\""'],
  ["[\\w\\-]", 'root ::= ([A-Za-z0-9_\\x2D]) "\\""'],
])("%s becomes a grammar", (pattern, grammar) => {
  expect(patternGrammar(pattern)).toBe(grammar);
});

test.each(["(?=a)b", "(a)\\1", "\\bword\\b", 'say "x"', "a{2", "\\p{L}", "(a", "a\\"])(
  "%s has no counterpart",
  (pattern) => {
    expect(patternGrammar(pattern)).toBeNull();
  },
);

test("a number has no more digits than its bounds, and a sign only where one may stand", () => {
  expect(numberGrammar(" ", true, 0, 999)).toBe('root ::= " " ("0" | [1-9] [0-9]{0,2}) [,}\\n]');
  expect(numberGrammar("", false, -5, 5)).toContain('"-"?');
  expect(stringGrammar(20)).toContain("char{0,20}");
  expect(stringGrammar(10_000)).toContain("char*");
});
