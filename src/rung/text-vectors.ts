/**
 * A text's vector: out of the cache, else of the engine, with what the encoder wants in front. A text that is too
 * long is read in windows and pooled. Numbers are rounded to 16 bits before anybody sees them, so that a text has the
 * same ones whether it was read now or long ago.
 */

import { ModelError, PawlError } from "../core/errors.ts";
import { textKey } from "../core/hash.ts";
import type { EncoderEngine } from "../engine/engine.ts";
import { packVector, unpackVector } from "../vectors/packed.ts";
import { normalise } from "../vectors/table.ts";
import type { OpenNeeds, Vectors } from "./rung.ts";
import { windowsOf } from "./windows.ts";

export interface TextVector {
  /** Of length 1 but for the rounding. */
  readonly vector: Float32Array;
  /** Tokens that the engine read for it now: 0 where all came out of the cache. */
  readonly tokens: number;
  /** Windows that it was read in. */
  readonly pieces: number;
}

export interface TextVectorsOptions {
  /** Put before every text; by default what the model's catalogue entry or file says. */
  readonly textPrefix?: string | undefined;
  /** An engine that is open already. It is not closed with the rest. */
  readonly engine?: EncoderEngine | undefined;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** The author's way to cut what is too long, into pieces of at most so many tokens. */
  readonly split?: ((text: string, limit: number) => readonly string[]) | null;
}

/** A window as it was read. */
interface Window {
  readonly vector: Float32Array;
  readonly tokens: number;
  readonly isCached: boolean;
}

/** Share of the limit that windows aim at, since some stretches of a text have more tokens than others. */
const AIM = 0.9;

/** Opens an encoder by catalogue name or path, fetched where it is not there. Rejects as `openEncoder` does. */
export async function openTextVectors(
  nameOrPath: string,
  needs: Pick<OpenNeeds, "vectors" | "say">,
  options: TextVectorsOptions = {},
): Promise<TextVectors> {
  if (options.engine) return new TextVectors(options.engine, needs.vectors, options.textPrefix ?? "");
  const [{ openModelFile }, { openEncoder }, { holdEngine }] = await Promise.all([
    import("./model-file.ts"),
    import("../engine/encoder.ts"),
    import("../engine/shared.ts"),
  ]);
  const { path, name, digest, textPrefix } = await openModelFile(nameOrPath, needs.say);
  const { engine, release } = await holdEngine(`encoder ${path}`, () => openEncoder(path, { name, digest }));
  return new TextVectors(engine, needs.vectors, options.textPrefix ?? textPrefix, release);
}

export class TextVectors {
  readonly #engine: EncoderEngine;
  readonly #kept: Vectors;
  readonly #prefix: string;
  readonly #release: () => Promise<void>;

  constructor(engine: EncoderEngine, kept: Vectors, prefix: string, release: () => Promise<void> = async () => {}) {
    this.#engine = engine;
    this.#kept = kept;
    this.#prefix = prefix;
    this.#release = release;
  }

  /** Rejects with `E_EMPTY` for a text without a token, and with what `split` or the engine throws. */
  async of(text: string, options: ReadOptions = {}): Promise<TextVector> {
    const { signal, split } = options;
    // Behind a prefix the engine would not notice.
    if (text.trim() === "") throw new ModelError("E_EMPTY", "an empty text has no vector");
    const windows = await this.#read(text, signal, (tooLong) => split?.(text, tooLong.limit) ?? null);
    const tokens = windows.reduce((sum, window) => sum + (window.isCached ? 0 : window.tokens), 0);
    return { vector: pooled(windows), tokens, pieces: windows.length };
  }

  /** What the numbers depend on: the model's file and what is put before a text. */
  get version(): string {
    const { digest, build = "" } = this.#engine.model;
    return `${digest} ${build} ${JSON.stringify(this.#prefix)}`;
  }

  /** Gives the engine back. */
  async close(): Promise<void> {
    await this.#release();
  }

  /** `cut` has the first word on how a text that is too long is cut; where it says nothing, at sentences and words. */
  async #read(
    text: string,
    signal: AbortSignal | undefined,
    cut: (tooLong: TooLong) => readonly string[] | null,
  ): Promise<readonly Window[]> {
    try {
      return [await this.#window(text, signal)];
    } catch (thrown) {
      const tooLong = asTooLong(thrown);
      if (!tooLong) throw thrown;
      const pieces = (cut(tooLong) ?? ownCut(text.trim(), tooLong)).filter((piece) => piece.trim() !== "");
      const read = await Promise.all(pieces.map((piece) => this.#readAnything(piece, signal)));
      const windows = read.flat();
      if (windows.length === 0) throw thrown;
      return windows;
    }
  }

  /** A piece of a longer text; one without a token, such as a line of control signs, has no windows. */
  async #readAnything(piece: string, signal: AbortSignal | undefined): Promise<readonly Window[]> {
    try {
      return await this.#read(piece, signal, () => null);
    } catch (thrown) {
      if (thrown instanceof PawlError && thrown.code === "E_EMPTY") return [];
      throw thrown;
    }
  }

  async #window(text: string, signal: AbortSignal | undefined): Promise<Window> {
    const whole = this.#prefix + text;
    const key = textKey(this.#engine.model.digest, whole);
    const known = this.#kept.get(key);
    if (known?.length === this.#engine.dimensions * 2 + 2) return { ...unpackWindow(known), isCached: true };
    const { vector, tokens } = await this.#engine.embed(whole, signal);
    const bytes = packWindow(vector, tokens);
    this.#kept.set(key, bytes);
    return { ...unpackWindow(bytes), isCached: false };
  }
}

interface TooLong {
  readonly tokens: number;
  readonly limit: number;
}

/** No windows of a single letter: a prefix that leaves no room would have it cut for ever. */
function ownCut(text: string, { tokens, limit }: TooLong): readonly string[] {
  return text.length < 2 ? [] : windowsOf(text, Math.ceil(tokens / (AIM * limit)));
}

function asTooLong(thrown: unknown): TooLong | null {
  return thrown instanceof PawlError && thrown.code === "E_TOO_LONG" ? (thrown.value as TooLong) : null;
}

/** The vector, then its tokens in two bytes: they weigh it in a mean. */
function packWindow(vector: Float32Array, tokens: number): Uint8Array {
  const bytes = new Uint8Array(vector.length * 2 + 2);
  bytes.set(packVector(vector));
  new DataView(bytes.buffer).setUint16(vector.length * 2, Math.min(tokens, 0xffff), true);
  return bytes;
}

function unpackWindow(bytes: Uint8Array): { readonly vector: Float32Array; readonly tokens: number } {
  const end = bytes.length - 2;
  return { vector: unpackVector(bytes.subarray(0, end)), tokens: bytes[end]! | (bytes[end + 1]! << 8) };
}

/** The mean, weighted by tokens, as if the encoder had read all at once; brought to length 1 and rounded again. */
function pooled(windows: readonly Window[]): Float32Array {
  const [first] = windows;
  if (first && windows.length === 1) return first.vector;
  const sum = new Float32Array(first?.vector.length ?? 0);
  for (const { vector, tokens } of windows) {
    for (let index = 0; index < sum.length; index++) sum[index]! += vector[index]! * tokens;
  }
  return unpackVector(packVector(normalise(sum)));
}
