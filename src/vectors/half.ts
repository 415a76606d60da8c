/** Sixteen-bit floats, by their bits: Node 24 has no typed way to write them that our TypeScript target knows. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Rounds to the nearest IEEE half, ties to even, as llama.cpp does. Too large becomes infinity. */
export function float32ToHalf(value: number): number {
  float[0] = value;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const exponent = (word >>> 23) & 0xff;
  const fraction = word & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  const shifted = exponent - 112;
  if (shifted >= 0x1f) return sign | 0x7c00;
  if (shifted > 0) return sign + roundShift((shifted << 23) | fraction, 13);
  if (shifted < -10) return sign;
  // Below the smallest normal half the leading one becomes explicit and the fraction moves right.
  return sign + roundShift(fraction | 0x800000, 14 - shifted);
}

/** Shifts right and rounds half to even; a carry runs into the exponent, which is just what the format wants. */
function roundShift(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

/** The number that sixteen bits of an IEEE half stand for. */
export function halfToFloat32(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The number that a bfloat16 stands for: a float32 without its lower half. */
export function bfloat16ToFloat32(upper: number): number {
  bits[0] = upper << 16;
  return float[0]!;
}
