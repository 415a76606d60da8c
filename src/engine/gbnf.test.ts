import { expect, test } from "vitest";
import { patternGrammar, stringGrammar } from "./gbnf.ts";

test.each([
  ["^[A-Z]{2}\\d{6}$", 'root ::= ([A-Z]{2,2} [0-9]{6,6}) "\\""'],
  ["a|bc?", 'root ::= ("a" | "b" "c"{0,1}) "\\""'],
  ["(?:x|y)+-\\.", 'root ::= (("x" | "y")+ "-" ".") "\\""'],
  ["[^a-c]*?", 'root ::= ([^"\\\\\\x7F\\x00-\\x1Fa-c]{0,64}) "\\""'],
  ["^\\S{2,}$|^x$", 'root ::= ([^"\\\\\\x7F\\x00-\\x1F ]{2,64} | "x") "\\""'],
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

test("a text is as long as it must be, and what may go on ends where the text must", () => {
  expect(stringGrammar(0, 20)).toContain("char{0,20}");
  expect(stringGrammar(3, null)).toContain("char{3,}");
  expect(stringGrammar(0, 10_000)).toContain("char*");
  expect(patternGrammar("^[a-z]+$", 5)).toContain("[a-z]{1,5}");
});
