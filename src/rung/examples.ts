/** Labelled examples, and those of them that are nearest to a text: what a model is shown before it is asked. */

import { UsageError } from "../core/errors.ts";
import { nearest } from "../vectors/nearest.ts";
import { tableOf, type VectorTable } from "../vectors/table.ts";
import type { TextVectors } from "./text-vectors.ts";

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
