/** Labelled examples, and those of them that are nearest to a text: what a model is shown before it is asked. */

import { UsageError } from "../core/errors.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
import type { EncoderEngine } from "../engine/engine.ts";
import { nearest } from "../vectors/nearest.ts";
import { tableOf, type VectorTable } from "../vectors/table.ts";
import type { OpenNeeds } from "./rung.ts";
import { openTextVectors, type TextVectors } from "./text-vectors.ts";

export interface Example {
  readonly text: string;
  readonly answer: string;
}

export interface NearExample extends Example {
  /** Cosine to the text that was asked about, -1 to 1. */
  readonly similarity: number;
}

export class Examples {
  readonly #texts: TextVectors;
  readonly #labelled: readonly Example[];
  readonly #table: VectorTable;

  private constructor(texts: TextVectors, labelled: readonly Example[], table: VectorTable) {
    this.#texts = texts;
    this.#labelled = labelled;
    this.#table = table;
  }

  /** Reads each example once; the cache has it ever after. Throws a `UsageError` `E_EXAMPLES` for one without a text. */
  static async open(texts: TextVectors, labelled: readonly Example[], signal?: AbortSignal): Promise<Examples> {
    const empty = labelled.findIndex(({ text }) => text.trim() === "");
    if (empty !== -1) throw new UsageError("E_EXAMPLES", `example ${empty + 1} has no text`, { value: empty });
    const read = await Promise.all(labelled.map(({ text }) => texts.of(text, { signal })));
    return new Examples(texts, labelled, tableOf(read.map(({ vector }) => vector)));
  }

  /**
   * The `k` nearest, nearest first. An example with the very text is among them: who measures on labelled items must
   * not give these as examples too. Rejects as `TextVectors.of` does.
   */
  async nearest(text: string, k: number, signal?: AbortSignal): Promise<readonly NearExample[]> {
    if (this.#table.count === 0) return [];
    const { vector } = await this.#texts.of(text, { signal });
    return nearest(vector, this.#table, k).map(({ index, similarity }) => ({ ...this.#labelled[index]!, similarity }));
  }
}

export interface ExamplesOptions {
  /** Examples by the name of their step; `answer` is an option's name. */
  readonly of: { readonly [step: string]: readonly Example[] };
  /** How many are shown. Default 1: more made the default model slower and no better. */
  readonly count?: number;
  /** The encoder that says which are near, by catalogue name or path. Default `minilm`. */
  readonly encoder?: string;
  /** An encoder that is open already. It is not closed with the rung. */
  readonly engine?: EncoderEngine;
}

/** The examples of all steps that have some, over one encoder. */
export class StepExamples {
  readonly #texts: TextVectors;
  readonly #of: ReadonlyMap<string, Examples>;
  readonly #count: number;

  private constructor(texts: TextVectors, of: ReadonlyMap<string, Examples>, count: number) {
    this.#texts = texts;
    this.#of = of;
    this.#count = count;
  }

  /** Rejects as `openTextVectors` and `Examples.open` do, and with `E_CONFIG` for an option that is none. */
  static async open(options: ExamplesOptions, needs: Pick<OpenNeeds, "vectors" | "say">): Promise<StepExamples> {
    refuseUnknown("E_CONFIG", "model({ examples })", options, ["of", "count", "encoder", "engine"]);
    const { of, count = 1, encoder = "minilm", engine } = options;
    if (!Number.isInteger(count) || count < 1)
      throw new UsageError("E_CONFIG", `model({ examples }): count is ${count}, it takes a whole number from 1`);
    const texts = await openTextVectors(encoder, needs, { engine });
    try {
      const opened = new Map<string, Examples>();
      for (const [step, labelled] of Object.entries(of)) opened.set(step, await Examples.open(texts, labelled));
      return new StepExamples(texts, opened, count);
    } catch (thrown) {
      await texts.close();
      throw thrown;
    }
  }

  /** Those to show before an item, the nearest last, where a small model minds it most; none for a step without any. */
  async before(step: string, text: string, signal: AbortSignal): Promise<readonly Example[]> {
    const near = await this.#of.get(step)?.nearest(text, this.#count, signal);
    return near?.toReversed() ?? [];
  }

  async close(): Promise<void> {
    await this.#texts.close();
  }
}
