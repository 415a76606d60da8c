/** The sentence encoder inside the engine's process: a text in, a unit vector out. */

import type { LlamaEmbeddingContext } from "node-llama-cpp";
import { ModelError } from "../core/errors.ts";
import type { Embedding } from "./engine.ts";
import { loadModel } from "./load.ts";
import type { Pass } from "./pass.ts";
import type { OpenEncoder, Opened } from "./protocol.ts";

export class EncoderModel {
  readonly opened: Opened;
  readonly #context: LlamaEmbeddingContext;
  readonly #tokenize: (text: string) => readonly number[];
  readonly #limit: number;

  private constructor(
    context: LlamaEmbeddingContext,
    tokenize: (text: string) => readonly number[],
    limit: number,
    dimensions: number,
  ) {
    this.#context = context;
    this.#tokenize = tokenize;
    this.#limit = limit;
    this.opened = { contextTokens: limit, dimensions, template: "none" };
  }

  static async open(sent: OpenEncoder): Promise<EncoderModel> {
    const { model } = await loadModel(sent.path, sent.threads, sent.gpu);
    // Not more than it was trained on: beyond it the numbers mean nothing.
    const contextSize = Math.min(sent.contextTokens, model.trainContextSize);
    const context = await model.createEmbeddingContext({ contextSize, batchSize: contextSize, threads: sent.threads });
    return new EncoderModel(context, (text) => model.tokenize(text, false), contextSize - 1, model.embeddingVectorSize);
  }

  /** Rejects with `E_TOO_LONG` beyond the context and with `E_EMPTY` where a text has no token at all. */
  async embed(text: string, pass: Pass): Promise<Embedding> {
    // Tokenised here with special tokens off: text is data, `[SEP]` in it is five letters.
    const own = [...this.#tokenize(text)];
    if (own.length === 0) throw new ModelError("E_EMPTY", "an empty text has no vector");
    const tokens = own.length + 2;
    if (tokens > this.#limit) {
      throw new ModelError("E_TOO_LONG", `the text has ${own.length} tokens and the encoder reads ${this.#limit - 2}`, {
        value: { tokens: own.length, limit: this.#limit - 2 },
      });
    }
    const { vector } = await this.#context.getEmbeddingFor(own as never);
    pass.done();
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    if (!(length > 0) || vector.length !== this.opened.dimensions) {
      throw new ModelError("E_EMPTY", "the encoder gave no vector for this text");
    }
    return { vector: Float32Array.from(vector, (value) => value / length), tokens };
  }
}
