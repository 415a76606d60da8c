/** The word vectors of a set of texts as one sparse matrix over the buckets that occur, ready to train on. */

import { dampened, inverseFrequency, WordCounter, type WordSettings } from "./words.ts";

/** Rows of non-zero numbers: row `i` has the entries from `starts[i]` to `starts[i + 1]`, its columns ascending. */
export interface SparseRows {
  readonly columns: number;
  readonly starts: Int32Array;
  readonly places: Int32Array;
  readonly values: Float64Array;
}

export interface WordTable {
  readonly rows: SparseRows;
  /** The bucket of each column, ascending. */
  readonly buckets: Uint32Array;
  /** The weight of each column: its inverse document frequency in these texts. */
  readonly weights: Float32Array;
}

/** Counts, weighs and scales to length 1. Only buckets that at least `leastTexts` of the texts have get a column. */
export function wordTable(texts: readonly string[], settings: WordSettings, leastTexts = 1): WordTable {
  const counter = new WordCounter(settings);
  const having = new Uint32Array(2 ** settings.bits);
  const met: { readonly buckets: Uint32Array; readonly counts: Uint32Array }[] = [];
  for (const text of texts) {
    const size = counter.read(text);
    const buckets = counter.buckets.slice(0, size).sort();
    met.push({ buckets, counts: buckets.map((bucket) => counter.counts[bucket]!) });
    for (const bucket of buckets) having[bucket]!++;
  }
  const buckets = Uint32Array.from(kept(having, leastTexts));
  const columnOf = new Int32Array(having.length).fill(-1);
  const weights = new Float32Array(buckets.length);
  for (const [column, bucket] of buckets.entries()) {
    columnOf[bucket] = column;
    weights[column] = inverseFrequency(texts.length, having[bucket]!);
  }
  const total = met.reduce((sum, row) => sum + row.buckets.filter((bucket) => columnOf[bucket]! >= 0).length, 0);
  const starts = new Int32Array(texts.length + 1);
  const places = new Int32Array(total);
  const values = new Float64Array(total);
  let at = 0;
  for (const [row, { buckets: own, counts }] of met.entries()) {
    let squares = 0;
    for (const [place, bucket] of own.entries()) {
      const column = columnOf[bucket]!;
      if (column < 0) continue;
      const value = dampened(counts[place]!) * weights[column]!;
      places[at] = column;
      values[at++] = value;
      squares += value * value;
    }
    const length = Math.sqrt(squares);
    for (let entry = starts[row]!; entry < at; entry++) values[entry]! /= length;
    starts[row + 1] = at;
  }
  return { rows: { columns: buckets.length, starts, places, values }, buckets, weights };
}

function* kept(having: Uint32Array, least: number): Generator<number> {
  for (const [bucket, texts] of having.entries()) if (texts >= least && texts > 0) yield bucket;
}
