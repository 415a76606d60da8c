import fc from "fast-check";
import { expect, test } from "vitest";
import { bfloat16ToFloat32, float32ToHalf, halfToFloat32 } from "../vectors/half.ts";
import { quantise, storedAs } from "./quantise.ts";

test("every half float survives the way to float32 and back", () => {
  const lost: number[] = [];
  for (let half = 0; half < 0x10000; half++) {
    const number = halfToFloat32(half);
    const back = float32ToHalf(number);
    if (Number.isNaN(number) ? (back & 0x7fff) !== 0x7e00 : back !== half) lost.push(half);
  }
  expect(lost).toEqual([]);
});

test("rounding to a half takes the nearest, ties to even", () => {
  expect(float32ToHalf(1 + 2 ** -11)).toBe(0x3c00);
  expect(float32ToHalf(1 + 3 * 2 ** -11)).toBe(0x3c02);
  expect(float32ToHalf(65_520)).toBe(0x7c00);
  expect(float32ToHalf(2 ** -25)).toBe(0);
  expect(float32ToHalf(1.1 * 2 ** -25)).toBe(1);
  expect(bfloat16ToFloat32(0xbfc0)).toBe(-1.5);
});

test("q8_0 is never further off than half a step of its block", () => {
  const number = fc.float({ min: -100, max: 100, noNaN: true });
  fc.assert(
    fc.property(fc.array(number, { minLength: 32, maxLength: 32 }), (values) => {
      const view = new DataView(quantise(Float32Array.from(values), "q8_0").buffer);
      const scale = halfToFloat32(view.getUint16(0, true));
      const largest = Math.max(...values.map(Math.abs));
      for (const [index, value] of values.entries()) {
        // The scale itself is a half float: that adds a two-thousandth of the largest, and its smallest step.
        const allowed = largest / 254 + largest / 2000 + 127 * 2 ** -25 + 1e-9;
        expect(Math.abs(view.getInt8(2 + index) * scale - value)).toBeLessThanOrEqual(allowed);
      }
    }),
  );
});

test("rows that do not split into blocks stay half floats", () => {
  expect(storedAs("q8_0", 384)).toBe("q8_0");
  expect(storedAs("q8_0", 100)).toBe("f16");
  expect(storedAs("f32", 100)).toBe("f32");
});
