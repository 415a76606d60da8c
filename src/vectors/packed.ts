/** A vector as bytes, little-endian 16-bit floats, and those as a short text: what is kept and what is shown. */

import { float32ToHalf, halfToFloat32 } from "./half.ts";

/** Two bytes a number. */
export function packVector(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vector.length * 2);
  for (let index = 0; index < vector.length; index++) {
    const half = float32ToHalf(vector[index]!);
    bytes[index * 2] = half & 0xff;
    bytes[index * 2 + 1] = half >>> 8;
  }
  return bytes;
}

export function unpackVector(bytes: Uint8Array): Float32Array {
  const vector = new Float32Array(bytes.length >> 1);
  for (let index = 0; index < vector.length; index++) {
    vector[index] = halfToFloat32(bytes[index * 2]! | (bytes[index * 2 + 1]! << 8));
  }
  return vector;
}

/** As base64: 384 numbers become 1,024 letters. */
export function vectorToText(vector: Float32Array): string {
  return Buffer.from(packVector(vector)).toString("base64");
}

export function textToVector(text: string): Float32Array {
  return unpackVector(Buffer.from(text, "base64"));
}
