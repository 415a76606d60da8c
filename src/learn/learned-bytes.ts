/**
 * A learned model as bytes: the same state is the same bytes, so their hash can stand in a version key.
 *
 *   "PAWLHEAD" · version u32 · length of the head u32 · head (JSON, padded with spaces to 4) · buckets u32 ·
 *   frequencies, word weights, dense weights, intercepts f32 · SHA-256 of all before it; all little-endian
 */

import { createHash } from "node:crypto";
import { StorageError } from "../core/errors.ts";
import type { LearnedState } from "./learned.ts";

const MAGIC = "PAWLHEAD";
const VERSION = 1;
const PREFIX = MAGIC.length + 8;
const HASH = 32;
const arrays = ["buckets", "frequencies", "wordWeights", "denseWeights", "intercepts"] as const;

type Lengths = readonly number[];

export function learnedToBytes(state: LearnedState): Uint8Array {
  const { buckets, frequencies, wordWeights, denseWeights, intercepts, ...plain } = state;
  const lists = [buckets, frequencies, wordWeights, denseWeights, intercepts];
  const text = JSON.stringify({ ...inOrder(plain), lengths: lists.map((list) => list.length) });
  const encoded = new TextEncoder().encode(text);
  const head = new Uint8Array(Math.ceil(encoded.length / 4) * 4).fill(32);
  head.set(encoded);
  const numbers = lists.reduce((sum, list) => sum + list.length, 0);
  const bytes = new Uint8Array(PREFIX + head.length + 4 * numbers + HASH);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(MAGIC.length, VERSION, true);
  view.setUint32(MAGIC.length + 4, head.length, true);
  bytes.set(head, PREFIX);
  let at = PREFIX + head.length;
  for (const bucket of buckets) {
    view.setUint32(at, bucket, true);
    at += 4;
  }
  for (const list of [frequencies, wordWeights, denseWeights, intercepts]) {
    for (const value of list) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  bytes.set(sha256(bytes.subarray(0, at)), at);
  return bytes;
}

/** Throws a `StorageError` `E_LEARNED` for bytes that are no model, of another version, or changed. */
export function learnedFromBytes(bytes: Uint8Array): LearnedState {
  const refuse = (why: string): never => {
    throw new StorageError("E_LEARNED", `these bytes are no learned model that can be used: ${why}`);
  };
  const isShort = bytes.length < PREFIX + HASH;
  if (isShort || new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) refuse("they begin otherwise");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(MAGIC.length, true);
  if (version !== VERSION) refuse(`version ${version}, and this Pawl reads version ${VERSION}`);
  const end = bytes.length - HASH;
  if (sha256(bytes.subarray(0, end)).some((byte, index) => byte !== bytes[end + index])) refuse("they were changed");
  // What the hash has confirmed was written above: from here on nothing needs a check.
  const start = PREFIX + view.getUint32(MAGIC.length + 4, true);
  const { lengths, ...plain } = JSON.parse(new TextDecoder().decode(bytes.subarray(PREFIX, start))) as Omit<
    LearnedState,
    (typeof arrays)[number]
  > & { lengths: Lengths };
  let at = start;
  const floats = (count: number): Float32Array => {
    const list = new Float32Array(count);
    for (let index = 0; index < count; index++, at += 4) list[index] = view.getFloat32(at, true);
    return list;
  };
  const buckets = new Uint32Array(lengths[0]!);
  for (let index = 0; index < buckets.length; index++, at += 4) buckets[index] = view.getUint32(at, true);
  const [frequencies, wordWeights, denseWeights, intercepts] = lengths.slice(1).map(floats);
  return {
    ...plain,
    buckets,
    frequencies: frequencies!,
    wordWeights: wordWeights!,
    denseWeights: denseWeights!,
    intercepts: intercepts!,
  };
}

/** The first 16 hexadecimal digits of the SHA-256 of the bytes: for the version key. */
export function learnedDigest(state: LearnedState): string {
  return Buffer.from(sha256(learnedToBytes(state)))
    .toString("hex")
    .slice(0, 16);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

/** The same entries in the order of their names, so that equal states are equal bytes. */
function inOrder(plain: object): object {
  return Object.fromEntries(Object.entries(plain).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
