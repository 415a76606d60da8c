/** Rows out of a data file, one at a time: CSV, TSV or JSON Lines, plain or gzipped, of any size. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { addAbortSignal, pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { messageOf, StorageError, UsageError } from "../core/errors.ts";
import { csvRows } from "./csv.ts";
import { decodeText, type Text } from "./encoding.ts";
import { jsonlRows } from "./jsonl.ts";
import type { Row } from "./row.ts";

export type Format = "csv" | "tsv" | "jsonl";

export interface ReadOptions {
  /** A label that `TextDecoder` knows; by default UTF-8. A byte order mark in the file overrules it. */
  readonly encoding?: string | undefined;
  /** By default the file name's ending decides; for `-` the first character does. */
  readonly format?: Format | undefined;
  /** CSV: the one character (or `tab`) between fields; by default a comma, in TSV a tab. */
  readonly delimiter?: string | undefined;
  /** The most characters a record may have; a longer one is a bad row. */
  readonly maxRecord?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const defaultMaxRecord = 10_000_000;

/**
 * Reads a data file, or standard input where `file` is `-`. Holds one piece of the file and one record in memory.
 *
 * What is wrong with one record is a bad row; reading goes on behind it. What is wrong with the file is thrown by
 * the first `next()`, as a `UsageError`: `E_NO_FILE`, `E_DIRECTORY`, `E_UNREADABLE`, `E_EMPTY` (not even a
 * header), `E_FORMAT`, `E_ENCODING`, `E_HEADER`, `E_DELIMITER`. Later a `UsageError` `E_DAMAGED` (a gzip file
 * that is cut short) or a `StorageError` `E_READ` may come, or the signal's reason.
 */
export async function* readRows(file: string, options: ReadOptions = {}): AsyncGenerator<Row, void, undefined> {
  const maxRecord = options.maxRecord ?? defaultMaxRecord;
  const named = options.format ?? (await formatByName(file));
  const text = decodeText(unzipped(bytesOf(file, options.signal), file), options.encoding, file);
  const [format, whole] = named ? [named, text] : await formatByStart(text);
  if (format === "jsonl") {
    yield* jsonlRows(whole, { file, maxRecord });
  } else {
    const delimiter = options.delimiter === "tab" ? "\t" : options.delimiter;
    yield* csvRows(whole, { file, maxRecord, delimiter, usual: format === "tsv" ? "\t" : "," });
  }
}

/** The format that a file name's ending stands for; `null` for `-`, whose content must tell. */
async function formatByName(file: string): Promise<Format | null> {
  if (file === "-") return null;
  const ending = /\.([^./\\]+?)(\.gz)?$/i.exec(file)?.[1]?.toLowerCase();
  if (ending === "csv" || ending === "tsv" || ending === "jsonl") return ending;
  if (ending === "ndjson") return "jsonl";
  // That a file is not there matters more than how it is called.
  const found = await stat(file).catch((thrown: unknown) => unreadable(file, thrown));
  if (found instanceof Error) throw found;
  if (found.isDirectory()) throw directory(file);
  const hint = ending === "json" ? "; one object a line makes it JSON Lines: jq -c '.[]' FILE > FILE.jsonl" : "";
  const message = `${file}: the ending tells no format: say --format csv, tsv or jsonl${hint}`;
  throw new UsageError("E_FORMAT", message, { value: file });
}

async function formatByStart(text: Text): Promise<[Format, Text]> {
  const iterator = text[Symbol.asyncIterator]();
  let start = "";
  for (;;) {
    const next = await iterator.next();
    if (next.done) break;
    start += next.value;
    if (start.trimStart() !== "") break;
  }
  const format = /^\s*[{[]/.test(start) ? "jsonl" : "csv";
  return [format, { encoding: () => text.encoding(), [Symbol.asyncIterator]: () => replay([start], iterator) }];
}

async function* bytesOf(file: string, signal: AbortSignal | undefined): AsyncGenerator<Buffer, void, undefined> {
  signal?.throwIfAborted();
  const stream: Readable = file === "-" ? process.stdin : createReadStream(file);
  if (signal) addAbortSignal(signal, stream);
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (thrown) {
    signal?.throwIfAborted();
    throw unreadable(file, thrown);
  }
}

function unreadable(file: string, thrown: unknown): Error {
  const details = { cause: thrown, value: file };
  switch (codeOf(thrown)) {
    case "ENOENT":
    case "ENOTDIR":
      return new UsageError("E_NO_FILE", `there is no file ${file}`, details);
    case "EISDIR":
      return directory(file);
    case "EACCES":
    case "EPERM":
      return new UsageError("E_UNREADABLE", `${file} may not be read: ${messageOf(thrown)}`, details);
    default:
      return new StorageError("E_READ", `${file} cannot be read: ${messageOf(thrown)}`, details);
  }
}

function directory(file: string): UsageError {
  return new UsageError("E_DIRECTORY", `${file} is a folder, not a file`, { value: file });
}

/** Undoes gzip where the first two bytes say so, whatever the name: a renamed file reads all the same. */
async function* unzipped(bytes: AsyncIterable<Buffer>, file: string): AsyncGenerator<Buffer, void, undefined> {
  const iterator = bytes[Symbol.asyncIterator]();
  let start: Buffer = Buffer.alloc(0);
  while (start.length < 2) {
    const next = await iterator.next();
    if (next.done) break;
    start = Buffer.concat([start, next.value]);
  }
  const whole = replay([start], iterator);
  if (start[0] !== 0x1f || start[1] !== 0x8b) {
    yield* whole;
    return;
  }
  const gunzip = createGunzip();
  // Errors reach the reader below through `gunzip`, so the callback has nothing to add.
  pipeline(Readable.from(whole, { objectMode: false }), gunzip, () => {});
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (thrown) {
    if (!codeOf(thrown)?.startsWith("Z_")) throw thrown;
    const message = `${file} is a damaged or shortened gzip file: ${messageOf(thrown)}`;
    throw new UsageError("E_DAMAGED", message, { cause: thrown, value: file });
  }
}

/** What was read to look at it, then the rest; ends the rest when it is itself ended early. */
async function* replay<T>(start: readonly T[], rest: AsyncIterator<T>): AsyncGenerator<T, void, undefined> {
  try {
    yield* start;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : undefined;
}
