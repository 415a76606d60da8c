/**
 * The sentence encoder as a rung: the option whose `name: description` is nearest to the item, until a head was learned
 * on its vectors and knows better.
 */

import { basename } from "node:path";
import type { Evidence, Reply } from "../core/answer.ts";
import { ModelError, PawlError } from "../core/errors.ts";
import { makeRoom } from "../core/make-room.ts";
import type { Question } from "../core/question.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
import { noUsage } from "../core/usage.ts";
import type { EncoderEngine } from "../engine/engine.ts";
import { vectorToText } from "../vectors/packed.ts";
import { dot } from "../vectors/table.ts";
import { learnedReply, notClosed } from "./learned-reply.ts";
import type { DecideContext, Features, OpenNeeds, Rung } from "./rung.ts";
import { openTextVectors, type TextVector, type TextVectors } from "./text-vectors.ts";

export interface EncoderRungOptions {
  /**
   * Least confidence that stands. The default, 0.9, is only careful: it was not chosen on your data. Similarities
   * are a ranking and no probabilities; choose it on labelled items.
   */
  readonly acceptAt?: number;
  /** Similarities are divided by it before the softmax. It moves confidences, never the order. Default 0.05. */
  readonly temperature?: number;
  /** Put before every text, such as "query: " for an e5. Default: what the catalogue or the model's file says. */
  readonly textPrefix?: string;
  /** An engine that is open already. It is not closed with the rung. */
  readonly engine?: EncoderEngine;
}

/** Questions whose options' vectors are kept. */
const MOST_QUESTIONS = 500;

/** A rung over a sentence encoder by catalogue name or by the path of a GGUF. */
export function encoder(nameOrPath: string, options: EncoderRungOptions = {}): Rung {
  refuseUnknown("E_CONFIG", `encoder("${nameOrPath}")`, options, ["acceptAt", "temperature", "textPrefix", "engine"]);
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
  #texts: TextVectors | undefined;
  readonly #optionVectors = new Map<string, Promise<readonly Float32Array[]>>();

  constructor(nameOrPath: string, options: EncoderRungOptions) {
    this.#nameOrPath = nameOrPath;
    this.#options = options;
    this.#temperature = options.temperature ?? 0.05;
    this.name = `encoder:${basename(nameOrPath).replace(/\.gguf$/i, "")}`;
    this.acceptAt = options.acceptAt ?? 0.9;
  }

  async open(needs: OpenNeeds): Promise<void> {
    this.#texts = await openTextVectors(this.#nameOrPath, needs, this.#options);
  }

  async close(): Promise<void> {
    const texts = this.#texts;
    this.#texts = undefined;
    this.#optionVectors.clear();
    await texts?.close();
  }

  readonly learns = "features";

  /** The item's vector, and how near each option's description is; `null` for a text that it cannot read. */
  async features(question: Question, signal: AbortSignal): Promise<Features | null> {
    try {
      const texts = this.#open();
      const { vector } = await texts.of(question.about, { signal, split: question.split });
      return { values: vector, scaling: "unit", scores: await this.#scores(texts, question, vector) };
    } catch (thrown) {
      if (isUnreadable(thrown)) return null;
      throw thrown;
    }
  }

  /** The way out describes nothing: it is as far as the farthest option. */
  async #scores(texts: TextVectors, question: Question, vector: Float32Array): Promise<readonly number[] | null> {
    if (whyNot(question) !== null) return null;
    const near = (await this.#vectorsOf(texts, question)).map((option) => cosine(option, vector));
    return question.otherwise === null ? near : [...near, Math.min(...near)];
  }

  version(): string {
    return `${this.#open().version} ${this.#temperature}`;
  }

  #open(): TextVectors {
    if (!this.#texts) throw new ModelError("E_NOT_OPEN", `${this.name} was asked before it was opened`);
    return this.#texts;
  }

  async decide(question: Question, { signal, learned }: DecideContext): Promise<Reply> {
    const texts = this.#open();
    const started = performance.now();
    const usage = (inputTokens: number) => ({ ...noUsage, inputTokens, milliseconds: performance.now() - started });
    const head = learned?.(this.name);
    const unable = head ? notClosed(question) : whyNot(question);
    if (unable !== null) return { kind: "escalated", reason: `${this.name}: ${unable}`, usage: noUsage };
    try {
      if (head) {
        const { vector, tokens, pieces } = await texts.of(question.about, { signal, split: question.split });
        const evidence = { vector: vectorToText(vector), ...(pieces > 1 ? { pieces } : {}) };
        const scores = await this.#scores(texts, question, vector);
        const features = { values: vector, scaling: "unit", scores } as const;
        return learnedReply(question, head.decide(question.about, features), evidence, usage(tokens));
      }
      const options = await this.#vectorsOf(texts, question);
      const item = await texts.of(question.about, { signal, split: question.split });
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
      if (!isUnreadable(thrown)) throw thrown;
      return { kind: "escalated", reason: `${this.name}: ${thrown.message} (${thrown.code})`, usage: usage(0) };
    }
  }

  #evidence(question: Question, similarities: readonly number[], item: TextVector): Evidence {
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

  #vectorsOf(texts: TextVectors, question: Question): Promise<readonly Float32Array[]> {
    let vectors = this.#optionVectors.get(question.version);
    if (!vectors) {
      const read = question.options.map(({ name, description }) => texts.of(`${name}: ${description}`));
      vectors = Promise.all(read.map(async (option) => (await option).vector));
      // Options that differ from item to item must not fill the memory.
      makeRoom(this.#optionVectors, MOST_QUESTIONS);
      this.#optionVectors.set(question.version, vectors);
      vectors.catch(() => this.#optionVectors.delete(question.version));
    }
    return vectors;
  }
}

/** A text that an encoder cannot read says nothing against the encoder. */
function isUnreadable(thrown: unknown): thrown is PawlError {
  return thrown instanceof PawlError && ["E_TOO_LONG", "E_EMPTY"].includes(thrown.code);
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

/** Of unit vectors. */
function cosine(a: Float32Array, b: Float32Array): number {
  return dot(a, 0, b, 0, a.length);
}
