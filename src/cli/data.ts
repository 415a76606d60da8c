/** A data file as `run` needs it: looked at before anything runs, then read from its start. */

import { stat } from "node:fs/promises";
import { UsageError } from "../core/errors.ts";
import { type Format, type ReadOptions, readRows } from "../data/read.ts";
import type { BadRow, GoodRow, Row } from "../data/row.ts";

export interface OpenedData {
  /** The first row that can be read, or `null` where there is none. */
  readonly first: GoodRow | null;
  /** All rows, from the start. */
  readonly rows: AsyncIterable<Row>;
  /** Its name says that it is a table: all rows have the same columns. */
  readonly isTable: boolean;
  /** Its values are cells, which are all texts; of standard input that is judged by the first row. */
  readonly hasCells: boolean;
}

/** More bad records than this before the first good one are no data file. */
const mostBad = 10_000;

/** Throws as `readRows` does, and a `UsageError` `E_NO_ROWS` where nothing but bad records stand at the start. */
export async function openData(file: string, options: ReadOptions): Promise<OpenedData> {
  const iterator = readRows(file, options)[Symbol.asyncIterator]();
  const looked: Row[] = [];
  let first: GoodRow | null = null;
  let firstBad: BadRow | null = null;
  while (first === null) {
    const next = await iterator.next();
    if (next.done) break;
    looked.push(next.value);
    if (next.value.kind === "row") {
      first = next.value;
      continue;
    }
    firstBad ??= next.value;
    if (looked.length >= mostBad) {
      await iterator.return?.(undefined);
      const message = `none of the first ${mostBad.toLocaleString("en")} records of ${file} can be read; line ${firstBad.line}: ${firstBad.reason}`;
      throw new UsageError("E_NO_ROWS", message, { value: file });
    }
  }
  async function* rows(): AsyncGenerator<Row, void, undefined> {
    try {
      while (looked.length > 0) yield looked.shift()!;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.(undefined);
    }
  }
  const named = isTable(file, options.format);
  const onlyTexts = first !== null && Object.values(first.value).every((value) => typeof value === "string");
  const isUnknown = file === "-" && !options.format;
  return { first, rows: rows(), isTable: named, hasCells: named || (isUnknown && onlyTexts) };
}

function isTable(file: string, format: Format | undefined): boolean {
  if (format) return format !== "jsonl";
  return /\.[ct]sv(\.gz)?$/i.test(file);
}

export interface DataSize {
  /** Records; `null` where counting them would take too long. */
  readonly total: number | null;
  /** Bytes, where they are those of the records. */
  readonly bytes: number | null;
}

/** Files up to this size are counted before they are run, in bytes. */
const countedUpTo = 50_000_000;
const countedUpToZipped = 5_000_000;

/** How many records there are, at most `limit`. */
export async function sizeOf(file: string, options: ReadOptions, limit: number | undefined): Promise<DataSize> {
  const found = file === "-" ? null : await stat(file);
  if (!found?.isFile()) return { total: null, bytes: null };
  const zipped = file.toLowerCase().endsWith(".gz");
  if (limit === undefined && found.size > (zipped ? countedUpToZipped : countedUpTo)) {
    return { total: null, bytes: zipped ? null : found.size };
  }
  let total = 0;
  for await (const _ of readRows(file, options)) {
    total++;
    if (total === limit) break;
  }
  return { total, bytes: null };
}
