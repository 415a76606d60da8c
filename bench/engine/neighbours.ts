// The labelled tickets nearest to a ticket, by the encoder.
import { openEncoder } from "../../src/engine/encoder.ts";
import { nearest } from "../../src/vectors/nearest.ts";
import { tableOf, type VectorTable } from "../../src/vectors/table.ts";
import type { Labelled } from "./data.ts";

export class Neighbours {
  readonly #labelled: readonly Labelled[];
  readonly #table: VectorTable;
  readonly #queries: readonly Float32Array[];

  private constructor(labelled: readonly Labelled[], table: VectorTable, queries: readonly Float32Array[]) {
    this.#labelled = labelled;
    this.#table = table;
    this.#queries = queries;
  }

  /** Embeds both lists; the encoder's process is ended before a chat model begins. */
  static async read(path: string, labelled: readonly Labelled[], tickets: readonly Labelled[]): Promise<Neighbours> {
    console.log(`  embedding ${labelled.length + tickets.length} tickets`);
    const encoder = await openEncoder(path);
    const embed = async (rows: readonly Labelled[]): Promise<Float32Array[]> => {
      const vectors: Float32Array[] = [];
      for (const { text } of rows) vectors.push((await encoder.embed(text)).vector);
      return vectors;
    };
    try {
      return new Neighbours(labelled, tableOf(await embed(labelled)), await embed(tickets));
    } finally {
      await encoder.close();
    }
  }

  get size(): number {
    return this.#labelled.length;
  }

  /** The `k` nearest to the ticket of that number, the nearest first. */
  nearest(ticket: number, k: number): readonly Labelled[] {
    return nearest(this.#queries[ticket]!, this.#table, k).map(({ index }) => this.#labelled[index]!);
  }
}
