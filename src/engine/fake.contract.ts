/** Engines without a model, for tests: they keep the contract, and say what a test tells them to. */

import { ModelError } from "../core/errors.ts";
import { shortHash } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import {
  type ChatEngine,
  type Embedding,
  type EncoderEngine,
  type Filled,
  type FillRequest,
  type Prefix,
  type PrefixId,
  type Score,
  type ScoreRequest,
  SKETCH_SIZE,
  type WriteRequest,
  type Written,
} from "./engine.ts";
import { fillFields } from "./fill.ts";

export interface FakeChatScript {
  /** Log-probability of a choice for an item. Default: how often its words stand in the item. */
  readonly logp?: (choice: string, item: string, prefix: Prefix) => number;
  /** Choices that are not read to their end unless every one is asked for. */
  readonly leaves?: (choice: string) => boolean;
  /** What is written for an item. */
  readonly text?: (item: string) => string;
  /** Values that are written for free fields, by item. */
  readonly values?: (item: string) => readonly string[];
  /** Most words of an item. */
  readonly limit?: number;
}

export class FakeChat implements ChatEngine {
  readonly model = { name: "fake", digest: "0123456789abcdef", bytes: 1, contextTokens: 1000 };
  readonly prefixes = new Map<PrefixId, Prefix>();
  readonly asked: { readonly call: string; readonly item: string }[] = [];
  readonly scored: ScoreRequest[] = [];
  closed = false;
  readonly #script: FakeChatScript;

  constructor(script: FakeChatScript = {}) {
    this.#script = script;
  }

  async prepare(prefix: Prefix): Promise<PrefixId> {
    if (new Set(prefix.choices).size < prefix.choices.length)
      throw new ModelError("E_CHOICES", "two choices are equal");
    const id = shortHash(canonicalJson(prefix));
    this.prefixes.set(id, prefix);
    return id;
  }

  async score(request: ScoreRequest): Promise<Score> {
    const { prefix, item, bias, every, sketch, signal } = request;
    const { choices } = this.#begin("score", prefix, item, signal);
    this.scored.push(request);
    const weigh = this.#script.logp ?? share;
    const logp = choices.map((choice) => weigh(choice.trim(), item, this.#find(prefix)));
    const exact = choices.map((choice) => every === true || !this.#script.leaves?.(choice.trim()));
    const sumOf = (kept: boolean, more: readonly number[] = []) =>
      logp.reduce((sum, value, index) => sum + (exact[index] === kept ? Math.exp(value + (more[index] ?? 0)) : 0), 0);
    const mass = Math.min(1, sumOf(true));
    return {
      logp,
      exact,
      unread: sumOf(false, bias),
      mass,
      massInterval: [mass, Math.min(1, mass + sumOf(false))],
      basis: "raw",
      ...(sketch ? { sketch: new Float32Array(SKETCH_SIZE).fill(-item.length) } : {}),
      shape: "fake",
      newTokens: wordsOf(item),
      milliseconds: 1,
    };
  }

  async fill({ prefix, item, fields, maxTokens, signal }: FillRequest): Promise<Filled> {
    this.#begin("fill", prefix, item, signal);
    const values = [...(this.#script.values?.(item) ?? [])];
    const filled = await fillFields(fields, item, maxTokens, {
      room: Number.POSITIVE_INFINITY,
      put: () => {},
      weigh: async (texts) => ({
        logp: texts.map((text) => Math.log(item.includes(text.trim()) ? 0.8 : 0.1)),
        exact: texts.map(() => true),
        unread: 0,
      }),
      write: async () => ({ text: values.shift() ?? "", logp: Math.log(0.7), tokens: 1, whole: true }),
    });
    return { ...filled, newTokens: wordsOf(item), milliseconds: 1 };
  }

  async write({ prefix, item, maxTokens, stop, onText, signal }: WriteRequest): Promise<Written> {
    this.#begin("write", prefix, item, signal);
    const whole = this.#script.text?.(item) ?? "some text";
    const ends = (stop ?? []).map((text) => whole.indexOf(text)).filter((at) => at >= 0);
    const words = whole.slice(0, Math.min(whole.length, ...ends)).split(" ");
    const text = words.slice(0, maxTokens).join(" ");
    onText?.(text);
    const truncated = words.length > maxTokens;
    return { text, truncated, confidence: 0.5, newTokens: wordsOf(item), outputTokens: wordsOf(text), milliseconds: 1 };
  }

  async measure(prefix: PrefixId, item: string): Promise<{ tokens: number; limit: number }> {
    this.#find(prefix);
    return { tokens: wordsOf(item), limit: this.#limit };
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  get #limit(): number {
    return this.#script.limit ?? 500;
  }

  #find(id: PrefixId): Prefix {
    const prefix = this.prefixes.get(id);
    if (!prefix) throw new ModelError("E_PREFIX", `no prefix ${id} was prepared`);
    return prefix;
  }

  #begin(call: string, id: PrefixId, item: string, signal: AbortSignal | undefined): Prefix {
    signal?.throwIfAborted();
    if (this.closed) throw new ModelError("E_ENGINE_CLOSED", "the engine was closed");
    const prefix = this.#find(id);
    const [tokens, limit] = [wordsOf(item), this.#limit];
    if (tokens > limit) {
      throw new ModelError("E_TOO_LONG", `the item has ${tokens} tokens and there is room for ${limit}`, {
        value: { tokens, limit },
      });
    }
    this.asked.push({ call, item });
    return prefix;
  }
}

/** An encoder that counts words: texts that share words are near. */
export class FakeEncoder implements EncoderEngine {
  readonly model = { name: "fake", digest: "fedcba9876543210", bytes: 1, contextTokens: 20 };
  readonly dimensions = 64;
  readonly embedded: string[] = [];
  closed = false;

  async embed(text: string, signal?: AbortSignal): Promise<Embedding> {
    // As a process would, it answers later: who gives up in the meantime is heard.
    await Promise.resolve();
    signal?.throwIfAborted();
    if (this.closed) throw new ModelError("E_ENGINE_CLOSED", "the engine was closed");
    const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
    if (words.length === 0) throw new ModelError("E_EMPTY", "an empty text has no vector");
    const value = { tokens: words.length, limit: this.model.contextTokens };
    if (value.tokens > value.limit) {
      throw new ModelError("E_TOO_LONG", `the text has ${value.tokens} tokens and the encoder reads ${value.limit}`, {
        value,
      });
    }
    this.embedded.push(text);
    const vector = new Float32Array(this.dimensions);
    for (const word of words) vector[Number.parseInt(shortHash(word).slice(0, 6), 16) % this.dimensions]! += 1;
    const length = Math.hypot(...vector);
    return { vector: vector.map((number) => number / length), tokens: words.length };
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

function share(choice: string, item: string): number {
  return item.toLowerCase().includes(choice.toLowerCase()) ? Math.log(0.5) : Math.log(0.01);
}

function wordsOf(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}
