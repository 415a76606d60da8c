/** JSON Lines to rows: one object a line. */

import { UsageError } from "../core/errors.ts";
import { type Text, wrongEncoding } from "./encoding.ts";
import type { Row } from "./row.ts";

interface JsonlOptions {
  readonly file: string;
  /** The most characters a line may have. */
  readonly maxRecord: number;
}

type Parsed = { readonly value: Record<string, unknown> } | { readonly reason: string };

/** See `readRows`. Blank lines are skipped; a file of nothing else is a `UsageError` `E_EMPTY`. */
export async function* jsonlRows(text: Text, options: JsonlOptions): AsyncGenerator<Row, void, undefined> {
  let position = 0;
  let line = 0;
  for await (const entry of linesOf(text, options.maxRecord)) {
    line++;
    if (entry.text.trim() === "") continue;
    if (position === 0) refuseDocument(entry.text, options.file);
    position++;
    const place = { position, line, bytes: entry.bytes };
    const parsed = entry.cut
      ? { reason: `the record is longer than ${options.maxRecord.toLocaleString("en")} characters` }
      : parseLine(entry.text, text.encoding());
    yield "value" in parsed ? { kind: "row", ...place, value: parsed.value } : { kind: "bad", ...place, ...parsed };
  }
  if (position === 0) throw new UsageError("E_EMPTY", `${options.file} is empty`, { value: options.file });
}

interface Line {
  readonly text: string;
  readonly bytes: number;
  /** The line was too long: `text` is only its start. */
  readonly cut: boolean;
}

async function* linesOf(text: Text, limit: number): AsyncGenerator<Line, void, undefined> {
  let held = "";
  let lostBytes = 0;
  let cut = false;
  const line = (end: string, newline: 0 | 1): Line => {
    const whole = cut ? held : held + end;
    const bytes = Buffer.byteLength(held) + lostBytes + Buffer.byteLength(end) + newline;
    const entry = { text: whole, bytes, cut: cut || whole.length > limit };
    held = "";
    lostBytes = 0;
    cut = false;
    return entry;
  };
  for await (const chunk of text) {
    let from = 0;
    for (let to = chunk.indexOf("\n"); to >= 0; to = chunk.indexOf("\n", from)) {
      yield line(chunk.slice(from, to), 1);
      from = to + 1;
    }
    const rest = chunk.slice(from);
    if (cut) {
      lostBytes += Buffer.byteLength(rest);
    } else {
      held += rest;
      if (held.length > limit) {
        const start = held.slice(0, 100);
        lostBytes = Buffer.byteLength(held) - Buffer.byteLength(start);
        held = start;
        cut = true;
      }
    }
  }
  if (held !== "") yield line("", 0);
}

function parseLine(text: string, encoding: string): Parsed {
  if (!text.isWellFormed()) return { reason: wrongEncoding("the row", encoding) };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    return { reason: `not JSON: ${fault(text, thrown as SyntaxError)}` };
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    // JSON.parse makes own properties even of `__proto__`.
    return { value: value as Record<string, unknown> };
  }
  const what = value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
  return { reason: `the row is ${what}, not an object` };
}

/** Where the text stops being JSON, and why. The engine's own message would quote the data. */
function fault(text: string, error: SyntaxError): string {
  const end = text.trimEnd().length;
  const at = faultAt(error, end) ?? bisect(text);
  if (at >= end) return `the line ends too early, at column ${end + 1}`;
  const said = /^(.*?) in JSON at position /.exec(error.message)?.[1];
  const why = said ? said.charAt(0).toLowerCase() + said.slice(1) : `unexpected ${JSON.stringify(text[at])}`;
  return `${why}, at column ${at + 1}`;
}

/** 0-based place that the error names; the text's length where it says that more must come. */
function faultAt(error: SyntaxError, length: number): number | null {
  const position = /at position (\d+)/.exec(error.message)?.[1];
  if (position !== undefined) return Number(position);
  return error.message.startsWith("Unexpected end") ? length : null;
}

/** The engine does not place an unexpected token. It stands behind the longest start that could still become JSON. */
function bisect(text: string): number {
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (couldGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function couldGoOn(start: string): boolean {
  try {
    JSON.parse(start);
    return true;
  } catch (thrown) {
    const at = faultAt(thrown as SyntaxError, start.length);
    return at !== null && at >= start.length;
  }
}

/** A JSON document spread over lines would become nothing but bad rows: better said once. */
function refuseDocument(text: string, file: string): void {
  const first = text.trim();
  if (first !== "[" && first !== "{") return;
  const message = `${file} is one JSON document over several lines, not one object a line: jq -c '.[]' makes it so`;
  throw new UsageError("E_FORMAT", message, { value: file });
}
