/** The sentence encoder as a rung: the option whose `name: description` is nearest to the item. */

import { basename } from "node:path";
import type { Evidence, Reply } from "../core/answer.ts";
import { ModelError, PawlError } from "../core/errors.ts";
import type { Question } from "../core/question.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
import { noUsage } from "../core/usage.ts";
import type { Embedding, EncoderEngine } from "../engine/engine.ts";
import type { DecideContext, OpenNeeds, Rung } from "./rung.ts";
import { vectorToText } from "./vector.ts";

export interface EncoderRungOptions {
  /**
   * Least confidence that stands. The default, 0.9, is only careful: it was not chosen on your data. Similarities
   * are a ranking and no probabilities; choose it on labelled items.
   */
  readonly acceptAt?: number;
  /** Similarities are divided by it before the softmax. It moves confidences, never the order. Default 0.05. */
  readonly temperature?: number;
  /** An engine that is open already. It is not closed with the rung. */
  readonly engine?: EncoderEngine;
}

/** Questions whose options' vectors are kept. */
const MOST_QUESTIONS = 500;

/** A rung over a sentence encoder by catalogue name or by the path of a GGUF. */
export function encoder(nameOrPath: string, options: EncoderRungOptions = {}): Rung {
  refuseUnknown("E_CONFIG", `encoder("${nameOrPath}")`, options, ["acceptAt", "temperature", "engine"]);
  return new EncoderRung(nameOrPath, options);
}

class EncoderRung implements Rung {
  readonly name: string;
  readonly local = true;
  readonly mostCost = 0;
  readonly acceptAt: number;
  readonly #nameOrPath: string;
  readonly #options: EncoderRungOptions;
  readonly #temperature: number;
  #engine: EncoderEngine | undefined;
  /** What this model wants before every text. */
  #textPrefix = "";
  readonly #optionVectors = new Map<string, Promise<readonly Float32Array[]>>();
  #release: () => Promise<void> = async () => {};

  constructor(nameOrPath: string, options: EncoderRungOptions) {
    this.#nameOrPath = nameOrPath;
    this.#options = options;
    this.#temperature = options.temperature ?? 0.05;
    this.name = `encoder:${basename(nameOrPath).replace(/\.gguf$/i, "")}`;
    this.acceptAt = options.acceptAt ?? 0.9;
  }

  async open(needs: OpenNeeds): Promise<void> {
    if (this.#options.engine) {
      this.#engine = this.#options.engine;
      return;
    }
    const [{ openModelFile }, { openEncoder }, { holdEngine }] = await Promise.all([
      import("./model-file.ts"),
      import("../engine/encoder.ts"),
      import("../engine/shared.ts"),
    ]);
    const file = await openModelFile(this.#nameOrPath, needs.say);
    this.#textPrefix = file.textPrefix;
    const { path, name, digest } = file;
    const held = await holdEngine(`encoder ${path}`, () => openEncoder(path, { name, digest }));
    this.#engine = held.engine;
    this.#release = held.release;
  }

  async close(): Promise<void> {
    this.#engine = undefined;
    this.#optionVectors.clear();
    await this.#release();
  }

  async decide(question: Question, { signal }: DecideContext): Promise<Reply> {
    const engine = this.#engine;
    if (!engine) throw new ModelError("E_NOT_OPEN", `${this.name} was asked before it was opened`);
    const started = performance.now();
    const usage = (inputTokens: number) => ({ ...noUsage, inputTokens, milliseconds: performance.now() - started });
    const unable = whyNot(question);
    if (unable !== null) return { kind: "escalated", reason: `${this.name}: ${unable}`, usage: noUsage };
    try {
      const options = await this.#vectorsOf(engine, question);
      const item = await this.#itemVector(engine, question, signal);
      const similarities = options.map((option) => cosine(option, item.vector));
      const evidence = this.#evidence(question, similarities, item);
      const best = similarities.reduce((top, value, index) => (value > similarities[top]! ? index : top), 0);
      const confidence = evidence.options?.[best]?.p ?? Number.NaN;
      return {
        kind: "answered",
        value: question.options[best]!.name,
        confidence: Number.isFinite(confidence) ? confidence : null,
        basis: "similarity",
        evidence,
        usage: usage(item.tokens),
      };
    } catch (thrown) {
      if (!(thrown instanceof PawlError) || !["E_TOO_LONG", "E_EMPTY"].includes(thrown.code)) throw thrown;
      return { kind: "escalated", reason: `${this.name}: ${thrown.message} (${thrown.code})`, usage: usage(0) };
    }
  }

  #evidence(question: Question, similarities: readonly number[], item: ItemVector): Evidence {
    const top = Math.max(...similarities);
    const weights = similarities.map((value) => Math.exp((value - top) / this.#temperature));
    const total = weights.reduce((sum, value) => sum + value, 0);
    const [first = 0, second] = similarities.toSorted((a, b) => b - a);
    return {
      options: question.options.map(({ name }, index) => ({ name, p: weights[index]! / total })),
      ...(second === undefined ? {} : { margin: first - second }),
      vector: vectorToText(item.vector),
      ...(item.pieces > 1 ? { pieces: item.pieces } : {}),
    };
  }

  #vectorsOf(engine: EncoderEngine, question: Question): Promise<readonly Float32Array[]> {
    let vectors = this.#optionVectors.get(question.version);
    if (!vectors) {
      const texts = question.options.map((option) => `${this.#textPrefix}${option.name}: ${option.description}`);
      vectors = Promise.all(texts.map(async (text) => (await engine.embed(text)).vector));
      // Options that differ from item to item must not fill the memory.
      const [oldest] = this.#optionVectors.keys();
      if (oldest !== undefined && this.#optionVectors.size >= MOST_QUESTIONS) this.#optionVectors.delete(oldest);
      this.#optionVectors.set(question.version, vectors);
      vectors.catch(() => this.#optionVectors.delete(question.version));
    }
    return vectors;
  }

  /** An item that is too long is cut by the author's rule and its pieces' vectors are pooled; else it is refused. */
  async #itemVector(engine: EncoderEngine, question: Question, signal: AbortSignal): Promise<ItemVector> {
    const { about, split } = question;
    try {
      return { ...(await engine.embed(this.#textPrefix + about, signal)), pieces: 1 };
    } catch (thrown) {
      if (!split || !(thrown instanceof PawlError) || thrown.code !== "E_TOO_LONG") throw thrown;
      const { limit } = thrown.value as { limit: number };
      const pieces = split(about, limit).filter((piece) => piece.trim() !== "");
      if (pieces.length === 0) throw thrown;
      const read = await Promise.all(pieces.map((piece) => engine.embed(this.#textPrefix + piece, signal)));
      const tokens = read.reduce((sum, piece) => sum + piece.tokens, 0);
      return { vector: pooled(read.map((piece) => piece.vector)), tokens, pieces: pieces.length };
    }
  }
}

interface ItemVector extends Embedding {
  readonly pieces: number;
}

/** Why similarity says nothing about this question, or `null`. */
function whyNot(question: Question): string | null {
  switch (question.verb) {
    case "extract":
    case "write":
      return "an encoder reads, it writes nothing";
    case "pick":
      return "an encoder cannot fill a tool's arguments";
    case "choose":
    case "judge":
    case "score":
      if (question.options.length < 2) return "there is nothing to choose between";
      return question.options.every((option) => option.description.trim() !== "")
        ? null
        : "the options have no descriptions to compare the text with";
  }
}

function pooled(vectors: readonly Float32Array[]): Float32Array {
  const sum = new Float32Array(vectors[0]!.length);
  for (const vector of vectors) for (const [index, value] of vector.entries()) sum[index]! += value;
  const length = Math.hypot(...sum);
  return sum.map((value) => value / length);
}

/** Of unit vectors. */
function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}
