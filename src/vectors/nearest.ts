/** The rows of a table that are nearest to a vector: every row is looked at, so nothing is missed. */

import { dot, normalise, type VectorTable } from "./table.ts";

export interface Near {
  /** Row of the table. */
  readonly index: number;
  /** Cosine, -1 to 1. */
  readonly similarity: number;
}

/** The `k` nearest rows, nearest first; of equals the earlier row first. */
export function nearest(vector: Float32Array, table: VectorTable, k: number): readonly Near[] {
  if (table.count > 0 && vector.length !== table.dimensions) {
    throw new RangeError(`the vector has ${vector.length} numbers and the table's have ${table.dimensions}`);
  }
  const unit = normalise(Float32Array.from(vector));
  const found: Near[] = [];
  for (let index = 0; index < table.count; index++) {
    const similarity = dot(unit, 0, table.numbers, index * table.dimensions, table.dimensions);
    if (found.length >= k && similarity <= (found.at(-1)?.similarity ?? Number.POSITIVE_INFINITY)) continue;
    let place = found.length;
    while (place > 0 && found[place - 1]!.similarity < similarity) place--;
    found.splice(place, 0, { index, similarity });
    if (found.length > k) found.pop();
  }
  return found;
}
