import { expect, test } from "vitest";
import { packVector, textToVector, unpackVector, vectorToText } from "./packed.ts";

const vector = Float32Array.from([0, 1, -1, 0.1, -0.333, 1e-5, 3e-8]);

test("a vector comes back from its text within half's precision", () => {
  const again = textToVector(vectorToText(vector));
  vector.forEach((value, index) => {
    expect(Math.abs(again[index]! - value)).toBeLessThanOrEqual(Math.max(2 ** -25, Math.abs(value) * 2 ** -11));
  });
  expect(vectorToText(new Float32Array(384))).toHaveLength(1024);
});

test("what was packed once stays the same however often it is packed again", () => {
  const once = unpackVector(packVector(vector));
  expect(unpackVector(packVector(once))).toEqual(once);
});
