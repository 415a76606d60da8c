/** Numbers to GGUF tensor bytes. Byte for byte what llama.cpp's own reference quantiser writes. */
import { float32ToHalf } from "../vectors/half.ts";
import type { Quantisation } from "./models.ts";

/** Q8_0: one half-float scale and 32 signed bytes. */
const BLOCK = 32;
const BLOCK_BYTES = 2 + BLOCK;

/** What a tensor of this row length is stored as: rows that do not split into blocks stay half floats. */
export function storedAs(quantisation: Quantisation, rowLength: number): Quantisation {
  return quantisation === "q8_0" && rowLength % BLOCK !== 0 ? "f16" : quantisation;
}

/** Bytes that `count` numbers take. */
export function storedBytes(quantisation: Quantisation, count: number): number {
  if (quantisation === "q8_0") return (count / BLOCK) * BLOCK_BYTES;
  return count * (quantisation === "f16" ? 2 : 4);
}

/** Encodes numbers; for q8_0 their count must be a multiple of 32. */
export function quantise(numbers: Float32Array, quantisation: Quantisation): Uint8Array {
  const bytes = new Uint8Array(storedBytes(quantisation, numbers.length));
  const view = new DataView(bytes.buffer);
  if (quantisation === "f32") {
    for (let index = 0; index < numbers.length; index++) view.setFloat32(index * 4, numbers[index]!, true);
  } else if (quantisation === "f16") {
    for (let index = 0; index < numbers.length; index++) {
      view.setUint16(index * 2, float32ToHalf(numbers[index]!), true);
    }
  } else {
    for (let from = 0, at = 0; from < numbers.length; from += BLOCK, at += BLOCK_BYTES) {
      quantiseBlock(numbers, from, view, at);
    }
  }
  return bytes;
}

function quantiseBlock(numbers: Float32Array, from: number, view: DataView, at: number): void {
  let largest = 0;
  for (let index = from; index < from + BLOCK; index++) {
    const size = Math.abs(numbers[index]!);
    if (size > largest) largest = size;
  }
  // Every step is rounded to float32 because the C code works in float32: else some bytes would differ.
  const scale = Math.fround(largest / 127);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  view.setUint16(at, float32ToHalf(scale), true);
  for (let index = 0; index < BLOCK; index++) {
    const scaled = Math.fround(numbers[from + index]! * inverse);
    // C rounds halves away from zero, Math.round towards plus infinity.
    view.setInt8(at + 2 + index, scaled < 0 ? -Math.round(-scaled) : Math.round(scaled));
  }
}
