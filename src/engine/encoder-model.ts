/** The sentence encoder inside the engine's process: a text in, a unit vector out. */

import type { LlamaEmbeddingContext } from "node-llama-cpp";
import { ModelError } from "../core/errors.ts";
import type { Embedding } from "./engine.ts";
import { loadModel } from "./load.ts";
import type { OpenEncoder, Opened } from "./protocol.ts";

export class EncoderModel {
  readonly opened: Opened;
  readonly #context: LlamaEmbeddingContext;
  readonly #tokenize: (text: string) => readonly number[];

  private constructor(
    context: LlamaEmbeddingContext,
    tokenize: (text: string) => readonly number[],
    opened: Omit<Opened, "template" | "tuning">,
  ) {
    this.#context = context;
    this.#tokenize = tokenize;
    this.opened = { ...opened, template: "none", tuning: null };
  }

  static async open(sent: OpenEncoder): Promise<EncoderModel> {
    const { llama, model } = await loadModel(sent.path, sent.threads, sent.gpu);
    // Not more than it was trained on: beyond it the numbers mean nothing. Our import knows that better than the
    // network's shape does. A context takes one token less than its size.
    const { pawl } = model.fileInfo.metadata as { readonly pawl?: { readonly max_tokens?: number } };
    const trained = Math.min(model.trainContextSize, (pawl?.max_tokens ?? Number.POSITIVE_INFINITY) + 1);
    const contextSize = Math.min(sent.contextTokens, trained);
    const context = await model.createEmbeddingContext({ contextSize, batchSize: contextSize, threads: sent.threads });
    return new EncoderModel(context, (text) => model.tokenize(text, false), {
      contextTokens: contextSize - 1,
      dimensions: model.embeddingVectorSize,
      bytes: model.size,
      gpu: llama.gpu,
    });
  }

  /** Rejects with `E_TOO_LONG` beyond the context and with `E_EMPTY` where a text has no token at all. */
  async embed(text: string): Promise<Embedding> {
    // Tokenised here with special tokens off: text is data, `[SEP]` in it is five letters.
    const own = [...this.#tokenize(text)];
    if (own.length === 0) throw new ModelError("E_EMPTY", "an empty text has no vector");
    const tokens = own.length + 2;
    if (tokens > this.opened.contextTokens) {
      throw new ModelError(
        "E_TOO_LONG",
        `the text has ${own.length} tokens and the encoder reads ${this.opened.contextTokens - 2}`,
        {
          value: { tokens: own.length, limit: this.opened.contextTokens - 2 },
        },
      );
    }
    const { vector } = await this.#context.getEmbeddingFor(own as never);
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    if (!(length > 0) || vector.length !== this.opened.dimensions) {
      throw new ModelError("E_EMPTY", "the encoder gave no vector for this text");
    }
    return { vector: Float32Array.from(vector, (value) => value / length), tokens };
  }
}
