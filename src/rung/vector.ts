/** A vector as a short text: base64 of little-endian 16-bit floats. */

import { float32ToHalf, halfToFloat32 } from "../models/half.ts";

/** 384 numbers become 1,024 letters. */
export function vectorToText(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 2);
  vector.forEach((value, index) => {
    bytes.writeUInt16LE(float32ToHalf(value), index * 2);
  });
  return bytes.toString("base64");
}

export function textToVector(text: string): Float32Array {
  const bytes = Buffer.from(text, "base64");
  return Float32Array.from({ length: bytes.length >> 1 }, (_, index) => halfToFloat32(bytes.readUInt16LE(index * 2)));
}
