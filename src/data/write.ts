/** Tables out: CSV, TSV and JSON Lines, and files that are there whole or not at all. */

import { randomBytes } from "node:crypto";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { messageOf, StorageError, UsageError } from "../core/errors.ts";
import type { Format } from "./read.ts";

const gzipped = promisify(gzip);

/** Takes the next piece of text. Awaiting it keeps memory bounded. */
export type Write = (text: string) => Promise<void>;

export interface Table {
  readonly format: Format;
  /** The header with its line end; empty for JSON Lines. */
  readonly head: string;
  /** One row with its line end. Values of other columns are left out; absent ones are empty, in JSON `null`. */
  row(value: Readonly<Record<string, unknown>>): string;
}

/**
 * Writes tables of these columns as text, in the format of that name or of a path that ends like it (`.csv`,
 * `.tsv`, `.jsonl`, `.ndjson`, each also `.gz`); `-` is JSON Lines. Throws a `UsageError` `E_FORMAT`.
 *
 * CSV is quoted by RFC 4180 with LF line ends. Objects and arrays stand in it as JSON. A text that starts like a
 * spreadsheet formula (`=`, `+`, `-`, `@`) is written as it is: changing data would be worse here, so import such
 * columns as text. Half a surrogate pair, which UTF-8 cannot hold, is spelled out, as `\ud83d`.
 */
export function openTable(pathOrFormat: string, columns: readonly string[]): Table {
  const format = formatOf(pathOrFormat);
  if (format === "jsonl") {
    const row = (value: Readonly<Record<string, unknown>>) =>
      `${JSON.stringify(Object.fromEntries(columns.map((column) => [column, own(value, column) ?? null])))}\n`;
    return { format, head: "", row };
  }
  const delimiter = format === "csv" ? "," : "\t";
  const line = (cells: readonly unknown[]) =>
    // An empty line would be read as none.
    cells.length === 1 && textOf(cells[0]) === ""
      ? '""\n'
      : `${cells.map((cell) => quoted(textOf(cell), delimiter)).join(delimiter)}\n`;
  return { format, head: line(columns), row: (value) => line(columns.map((column) => own(value, column))) };
}

function own(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function formatOf(pathOrFormat: string): Format {
  const ending = /([^./\\]+?)(\.gz)?$/i.exec(pathOrFormat)?.[1]?.toLowerCase();
  if (ending === "csv" || ending === "tsv" || ending === "jsonl") return ending;
  if (ending === "ndjson" || pathOrFormat === "-") return "jsonl";
  const message = `${pathOrFormat}: the ending tells no format; .csv, .tsv and .jsonl can be written`;
  throw new UsageError("E_FORMAT", message, { value: pathOrFormat });
}

function textOf(cell: unknown): string {
  if (cell === undefined || cell === null) return "";
  const text = typeof cell === "string" ? cell : typeof cell === "object" ? JSON.stringify(cell) : String(cell);
  return text.isWellFormed()
    ? text
    : text.replace(/\p{Surrogate}/gu, (half) => `\\u${half.charCodeAt(0).toString(16)}`);
}

function quoted(text: string, delimiter: string): string {
  // A mark or a space at the start would not survive some readers unquoted.
  const plain = !text.includes(delimiter) && !/["\r\n]|^[\ufeff\s]/.test(text);
  return plain ? text : `"${text.replaceAll('"', '""')}"`;
}

/**
 * Has a file written so that `path` holds either all of it or what it held before: a new file in the same folder,
 * forced to disk, then renamed. A path that ends in `.gz` is compressed; `-` is standard output, and a device or
 * pipe is written directly.
 *
 * What `fill` throws is thrown on. Throws a `StorageError` (`E_DISK_FULL`, `E_WRITE`, `E_CLOSED` for a reader of
 * the pipe that went away) or a `UsageError` (`E_NO_FOLDER`, `E_DIRECTORY`), each with the path.
 */
export async function writeAtomically(path: string, fill: (write: Write) => Promise<void>): Promise<void> {
  if (path === "-") return throughBuffer(toStandardOutput, false, fill);
  const compress = path.toLowerCase().endsWith(".gz");
  const target = await targetOf(path);
  if (target.direct) {
    await using file = await opened(target.path, "w", path);
    return await throughBuffer((bytes) => disk(path, () => file.appendFile(bytes)), compress, fill);
  }
  const temporary = join(dirname(target.path), `.${basename(target.path)}.${randomBytes(4).toString("hex")}.tmp`);
  try {
    {
      await using file = await opened(temporary, "wx", path);
      if (target.mode !== undefined) await file.chmod(target.mode).catch(() => {});
      await throughBuffer((bytes) => disk(path, () => file.appendFile(bytes)), compress, fill);
      await disk(path, () => file.sync());
    }
    await disk(path, () => rename(temporary, target.path));
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
  await syncFolder(dirname(target.path));
}

interface Target {
  readonly path: string;
  /** Not a plain file: renaming onto it would replace a device or a pipe. */
  readonly direct: boolean;
  readonly mode?: number;
}

async function targetOf(path: string): Promise<Target> {
  const found = await stat(path).catch(() => null);
  if (found === null) return { path, direct: false };
  if (found.isDirectory()) throw new UsageError("E_DIRECTORY", `${path} is a folder, not a file`, { value: path });
  // Behind a link, the file is replaced and the link stays.
  return { path: await realpath(path), direct: !found.isFile(), mode: found.mode & 0o777 };
}

function opened(file: string, flags: string, path: string): Promise<FileHandle> {
  return disk(path, () => open(file, flags));
}

const bufferSize = 1 << 18;

async function throughBuffer(
  append: (bytes: Buffer) => Promise<void>,
  compress: boolean,
  fill: (write: Write) => Promise<void>,
): Promise<void> {
  let held: string[] = [];
  let size = 0;
  let flushed = false;
  async function flush(): Promise<void> {
    const bytes = Buffer.from(held.join(""));
    held = [];
    size = 0;
    flushed = true;
    // Gzip files may be laid end to end, so each piece is one.
    await append(compress ? await gzipped(bytes) : bytes);
  }
  await fill(async (text) => {
    held.push(text);
    size += text.length;
    if (size >= bufferSize) await flush();
  });
  if (size > 0 || !flushed) await flush();
}

async function disk<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    throw unwritable(path, thrown);
  }
}

function unwritable(path: string, thrown: unknown): Error {
  const details = { cause: thrown, value: path };
  switch (thrown instanceof Error && "code" in thrown ? thrown.code : undefined) {
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return new StorageError("E_DISK_FULL", `${path} cannot be written: the disk is full`, details);
    case "ENOENT":
    case "ENOTDIR":
      return new UsageError("E_NO_FOLDER", `${path} cannot be written: its folder is not there`, details);
    case "EPIPE":
      return new StorageError("E_CLOSED", `${path}: nobody reads it any more`, details);
    default:
      return new StorageError("E_WRITE", `${path} cannot be written: ${messageOf(thrown)}`, details);
  }
}

function toStandardOutput(bytes: Buffer): Promise<void> {
  // A closed pipe is also emitted, and would end the process if nobody listened.
  if (process.stdout.listenerCount("error") === 0) process.stdout.on("error", () => {});
  return disk(
    "standard output",
    () =>
      new Promise((resolve, reject) => {
        process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
  );
}

/** Makes the rename itself last. Not every system can do this to a folder. */
async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, "r");
    await handle.sync();
  } catch {
    // The file is whole either way; after a power cut the old one may be there.
  }
}
