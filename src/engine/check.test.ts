import { expect, test } from "vitest";
import { Check } from "./check.ts";
import { References } from "./references.ts";

const fits = (schema: object, value: unknown) => new Check(new References({ ...schema })).fits(schema, value);

test.each([
  [0.3, 0.1, true],
  [40.1, 0.1, true],
  [19.99, 0.01, true],
  [0.35, 0.1, false],
  [0, 0.1, true],
  [1_000_000_001, 2, false],
  [999_999_999_999_999, 2, false],
])("%d is a multiple of %d: %s", (value, multipleOf, is) => {
  expect(fits({ multipleOf }, value)).toBe(is);
});
