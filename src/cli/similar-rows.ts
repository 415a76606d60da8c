/** The rows of a data file with their texts' vectors: what `similar` compares. */

import { count, duration, rate } from "../batch/figures.ts";
import { PawlError, UsageError } from "../core/errors.ts";
import { type Identifier, identifier } from "../data/identity.ts";
import type { ReadOptions } from "../data/read.ts";
import type { GoodRow, Row } from "../data/row.ts";
import type { TextVectors } from "../rung/text-vectors.ts";
import { openData, sizeOf } from "./data.ts";
import type { LiveLine } from "./live-line.ts";
import { cleanLine } from "./text.ts";

/** An item as it is shown: nobody's whole text. */
export interface SimilarItem {
  readonly id: string;
  /** Line of the file on which it starts, 1-based. */
  readonly line: number;
  readonly excerpt: string;
}

export interface SetAside {
  readonly line: number;
  readonly reason: string;
}

export interface ReadItems {
  readonly items: readonly SimilarItem[];
  /** One for each item. */
  readonly vectors: readonly Float32Array[];
  readonly setAside: readonly SetAside[];
}

export interface ItemOptions extends ReadOptions {
  readonly text?: string | undefined;
  readonly id?: string | undefined;
  readonly limit?: number | undefined;
}

/** Texts that are with the encoder at a time: enough that none of its processes ever waits for a message. */
const IN_FLIGHT = 16;
const EXCERPT = 70;

/** Reads all rows. Throws as `openData` does, and a `UsageError` `E_NO_COLUMN` where no column is the text's. */
export async function readItems(
  file: string,
  texts: TextVectors,
  options: ItemOptions,
  progress: LiveLine,
): Promise<ReadItems> {
  const data = await openData(file, options);
  if (data.first === null) return { items: [], vectors: [], setAside: [] };
  const identity = identifier(data.first.value, { id: options.id });
  const column = textColumn(data.first.value, options);
  const { total } = await sizeOf(file, options, options.limit);
  const items: SimilarItem[] = [];
  const vectors: Float32Array[] = [];
  const setAside: SetAside[] = [];
  const started = performance.now();
  let rows = 0;
  const take = async (pending: Promise<ReadItem | SetAside> | undefined): Promise<void> => {
    const read = await pending;
    if (!read) return;
    if ("reason" in read) setAside.push(read);
    else {
      items.push(read.item);
      vectors.push(read.vector);
    }
    progress.show(() => progressText(items.length + setAside.length, total, (performance.now() - started) / 1000));
  };
  const pending: Promise<ReadItem | SetAside>[] = [];
  for await (const row of data.rows) {
    const reading = readItem(row, texts, identity, column);
    // The first that fails ends it all; the others must not count as failures that nobody saw.
    reading.catch(() => {});
    pending.push(reading);
    if (pending.length >= IN_FLIGHT) await take(pending.shift());
    if (++rows === options.limit) break;
  }
  while (pending.length > 0) await take(pending.shift());
  return { items, vectors, setAside };
}

interface ReadItem {
  readonly item: SimilarItem;
  readonly vector: Float32Array;
}

async function readItem(
  row: Row,
  texts: TextVectors,
  identity: Identifier,
  column: string,
): Promise<ReadItem | SetAside> {
  const { line } = row;
  if (row.kind === "bad") return { line, reason: row.reason };
  const known = identity.identify(row.value);
  if (known.kind === "unknown") return { line, reason: known.reason };
  const text = row.value[column];
  if (typeof text !== "string") return { line, reason: `column "${column}" holds no text` };
  try {
    const { vector } = await texts.of(text);
    return { item: { id: known.item, line, excerpt: excerptOf(text) }, vector };
  } catch (thrown) {
    // Of this text alone; anything else is the encoder's trouble.
    if (!(thrown instanceof PawlError) || !["E_EMPTY", "E_TOO_LONG"].includes(thrown.code)) throw thrown;
    return { line, reason: `column "${column}": ${thrown.message}` };
  }
}

function textColumn(first: GoodRow["value"], { text, id = "id" }: ItemOptions): string {
  const columns = Object.keys(first);
  const others = columns.filter((name) => name !== id);
  const wanted = text ?? (columns.includes("text") ? "text" : others.length === 1 ? others[0] : undefined);
  if (wanted !== undefined && columns.includes(wanted)) return wanted;
  const there = columns.map((name) => `"${name}"`).join(", ");
  const what = wanted === undefined ? "no column is called text" : `there is no column "${wanted}"`;
  throw new UsageError("E_NO_COLUMN", `${what}; name one with --text: there are ${there}`, { value: wanted });
}

function excerptOf(text: string): string {
  // Cut first: a text may be long, and only its beginning is cleaned.
  const start = cleanLine(text.slice(0, EXCERPT * 4).trim());
  const letters = [...start];
  return letters.length > EXCERPT ? `${letters.slice(0, EXCERPT - 1).join("")}…` : start;
}

function progressText(done: number, total: number | null, seconds: number): string {
  const speed = done / seconds;
  const of = total === null ? "" : ` of ${count(total)}`;
  const left = total === null ? "" : `, ${duration((total - done) / speed)} left`;
  return `${count(done)}${of} texts read, ${rate(speed)}${left}; safe to stop: vectors are kept`;
}
