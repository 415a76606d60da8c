import { expect, test } from "vitest";
import { TookTooLong, withinTime } from "./within-time.ts";

test("gives what was computed, and throws what was thrown", () => {
  expect(withinTime(1000, () => ({ a: 1 }))).toEqual({ a: 1 });
  expect(() =>
    withinTime(1000, () => {
      throw new TypeError("no");
    }),
  ).toThrow(TypeError);
  expect(withinTime(1000, () => withinTime(500, () => 2) + 1)).toBe(3);
});

test.each([
  ["a pattern that runs away", () => /^(a+)+$/.test(`${"a".repeat(60)}!`)],
  [
    "a loop that never ends",
    () => {
      for (;;);
    },
  ],
])("ends %s", (_, compute) => {
  expect(() => withinTime(20, compute)).toThrow(TookTooLong);
  expect(withinTime(1000, () => "well again")).toBe("well again");
});
