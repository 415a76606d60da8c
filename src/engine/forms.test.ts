import { expect, test } from "vitest";
import { formOfNumber, formOfString } from "./forms.ts";

const text = (more: { min?: number; max?: number | null; patterns?: string[] } = {}) =>
  formOfString({ kind: "string", patterns: [], format: null, min: 0, max: null, ...more });
const bounds = { kind: "number", integer: true, min: 1, max: 50, above: false, under: false, digits: 0 } as const;

test.each([
  ["open", "open"],
  ['ends here", and on', 9],
  ['an \\" escaped quote', "open"],
  ['an \\" escaped quote"', 19],
  ["ends in half an escape \\", "open"],
  ['"', 0],
  ["a line\nfeed", "broken"],
  ['no such \\x escape"', "broken"],
])("the inside of a string %j: %s", (written, end) => {
  expect(text()?.ends?.(written)).toBe(end);
});

test("a string too short or too long is out of form, and one with a pattern is always held to its grammar", () => {
  expect(text({ min: 3 })?.ends?.('ab"')).toBe("broken");
  expect(text({ max: 3 })?.ends?.("abcd")).toBe("broken");
  expect(text({ max: 3 })?.ends?.('a\\u00e9c"')).toBe(8);
  expect(text({ patterns: ["^\\d+$"] })?.ends).toBeUndefined();
  expect(text({ patterns: ["^(?=x)"] })).toBeNull();
});

test.each([
  [" 4", "open"],
  [" 42,", 3],
  ["7}", 1],
  [" 12 chairs", 3],
  ["12\n", 2],
  ["12/03/2026", "broken"],
  ["12%", "broken"],
  ["12-14", "broken"],
  ["7]", 1],
  [" ", "open"],
  [" 51,", "broken"],
  [" 0}", "broken"],
  [" 4.5", "broken"],
  [" x", "broken"],
  ["1e3,", "broken"],
])("a whole number from 1 to 50 %j: %s", (written, end) => {
  expect(formOfNumber(bounds, " ").ends?.(written)).toBe(end);
});

test("a fraction has no more digits than it may have", () => {
  const price = { ...bounds, integer: false, digits: 2 };
  expect(formOfNumber(price, "").ends?.("9.90}")).toBe(4);
  expect(formOfNumber(price, "").ends?.("9.901")).toBe("broken");
  expect(formOfNumber(price, "").ends?.("9.}")).toBe("broken");
});
