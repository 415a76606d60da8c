/**
 * CSV to rows (RFC 4180), with the exact line of every record, and going on behind a broken one.
 *
 * Written out here because that is what the libraries do not give: csv-parse counts a quoted CRLF as two lines,
 * decodes wrong bytes silently, and loses every row behind a quote that is not closed. The tests compare the two.
 */

import { UsageError } from "../core/errors.ts";
import { type Text, wrongEncoding } from "./encoding.ts";
import type { Row } from "./row.ts";

interface CsvOptions {
  readonly file: string;
  /** One character; `undefined` is a comma, unless the header shows that it cannot be. */
  readonly delimiter: string | undefined;
  /** What stands for an undefined delimiter. */
  readonly usual: "," | "\t";
  /** The most characters a record may have. */
  readonly maxRecord: number;
}

/** See `readRows`. The first record is the header. Throws a `UsageError`: `E_EMPTY`, `E_HEADER`, `E_DELIMITER`. */
export async function* csvRows(text: Text, options: CsvOptions): AsyncGenerator<Row, void, undefined> {
  const { file } = options;
  const scanner = new CsvScanner(options);
  let position = 0;
  for await (const [chunk, end] of withEnd(text)) {
    for (const record of scanner.read(chunk, end)) {
      if (scanner.columns.length === 0) {
        scanner.columns = columnsOf(record, text.encoding(), options);
        continue;
      }
      position++;
      const { line, bytes } = record;
      const reason = faultOf(record, scanner.columns, text.encoding());
      if (reason !== null) yield { kind: "bad", position, line, bytes, reason };
      else yield { kind: "row", position, line, bytes, value: toObject(scanner.columns, record.fields) };
    }
  }
  if (scanner.columns.length === 0) throw new UsageError("E_EMPTY", `${file} is empty`, { value: file });
}

async function* withEnd(text: Text): AsyncGenerator<readonly [string, boolean], void, undefined> {
  for await (const chunk of text) yield [chunk, false];
  yield ["", true];
}

function columnsOf(record: CsvRecord, encoding: string, { file, delimiter, usual }: CsvOptions): readonly string[] {
  const names = record.fields;
  const wrong = (code: string, message: string) =>
    new UsageError(code, `${file}, line ${record.line}: ${message}`, { value: names.slice(0, 100) });
  if (!names.every((name) => name.isWellFormed())) throw wrong("E_ENCODING", wrongEncoding("the header", encoding));
  if (record.fault !== null) throw wrong("E_HEADER", `the header cannot be read: ${record.fault}`);
  const nameless = names.indexOf("");
  if (nameless >= 0) throw wrong("E_HEADER", `column ${nameless + 1} of the header has no name`);
  const second = names.findIndex((name, index) => names.indexOf(name) < index);
  if (second >= 0) {
    const first = names.indexOf(names[second]!);
    throw wrong("E_HEADER", `two columns have the name "${names[second]}": ${first + 1} and ${second + 1}`);
  }
  const others = [",", ";", "\t", "|"].filter((other) => other !== usual);
  const single = names.length === 1 && delimiter === undefined ? names[0]! : "";
  const other = others.find((candidate) => single.includes(candidate));
  if (other !== undefined) {
    const shown = other === "\t" ? "tab" : `"${other}"`;
    throw wrong(
      "E_DELIMITER",
      `the header is one column, "${names[0]}": if ${shown} divides it, say --delimiter ${shown}`,
    );
  }
  return names;
}

function faultOf(record: CsvRecord, columns: readonly string[], encoding: string): string | null {
  if (record.fault !== null) return record.fault;
  const { fields } = record;
  if (fields.length !== columns.length) {
    return `${fields.length} field${fields.length === 1 ? "" : "s"}, where the header has ${columns.length}`;
  }
  const wrong = fields.findIndex((field) => !field.isWellFormed());
  return wrong < 0 ? null : wrongEncoding(`column "${columns[wrong]}"`, encoding);
}

function toObject(columns: readonly string[], fields: readonly string[]): Record<string, string> {
  // Unlike assignment, this makes an own property of `__proto__` too.
  return Object.fromEntries(columns.map((column, index) => [column, fields[index]!]));
}

interface CsvRecord {
  /** 1-based line on which it starts. */
  readonly line: number;
  readonly bytes: number;
  readonly fields: readonly string[];
  readonly fault: string | null;
}

type State = "field start" | "plain" | "quoted" | "after quote";

const LF = 10;
const CR = 13;

/** How often one file may be read again from behind an unclosed quote: it bounds the time a hostile file takes. */
const maxRewinds = 32;

/**
 * Cuts text into records, fed in pieces of any size. A quote inside a quoted field that is neither doubled nor
 * last is a fault, but the field goes on to the next quote that can end it, so that lines inside it are not taken
 * for rows. Only where none comes is the line behind the opening one read again, and only if it is a row by itself.
 */
class CsvScanner {
  /** The header's names, empty until it was read. */
  columns: readonly string[] = [];
  readonly #options: CsvOptions;
  readonly #delimiter: number;
  /** Text from `#start`, where the current record starts; the scan has come to `#at`. */
  #text = "";
  #start = 0;
  #at = 0;
  #line = 1;
  #state: State = "field start";
  #fields: string[] = [];
  /** 0-based place of the field being read; `#fields` is not filled where the record is passed over. */
  #index = 0;
  #fieldStart = 0;
  /** What is unescaped already of a quoted field. */
  #piece = "";
  #quoted = false;
  /** Where the last quoted field of the record opens. */
  #opened = 0;
  #fault: string | null = null;
  /** Set while a record that is too long is passed over without being kept. */
  #lost: { lines: number; bytes: number; end: string; fault: string } | null = null;
  /** "\r" in files of the old Mac; learned from the header's end. In other files a lone CR is part of the text. */
  #newline: "\n" | "\r" | null = null;
  #rewinds = 0;

  constructor(options: CsvOptions) {
    const delimiter = options.delimiter ?? options.usual;
    if (delimiter.length !== 1 || '"\r\n'.includes(delimiter)) {
      const message = `--delimiter ${JSON.stringify(delimiter)}: one character is needed, neither quote nor line end`;
      throw new UsageError("E_DELIMITER", message, { value: delimiter });
    }
    this.#options = options;
    this.#delimiter = delimiter.charCodeAt(0);
  }

  /** The records that this piece completes; `end` says that no more comes. Blank lines are skipped. */
  *read(piece: string, end: boolean): Generator<CsvRecord, void, undefined> {
    this.#text = this.#text.slice(this.#start) + piece;
    this.#at -= this.#start;
    this.#fieldStart -= this.#start;
    this.#opened -= this.#start;
    this.#start = 0;
    for (;;) {
      if (this.#scan(end)) {
        const record = this.#complete();
        if (record) yield record;
      } else if (end && this.#state === "quoted") {
        yield this.#rewind(end) ?? this.#abandon();
      } else if (end || (!this.#lost && this.#at - this.#start <= this.#options.maxRecord)) {
        return;
      } else {
        const record = this.#lost === null && this.#state === "quoted" ? this.#rewind(end) : null;
        if (record === null) {
          this.#passOver();
          return;
        }
        yield record;
      }
    }
  }

  /** Goes on to the end of the record. `false`: the text ends first. */
  #scan(end: boolean): boolean {
    const text = this.#text;
    for (;;) {
      switch (this.#state) {
        case "field start":
          if (this.#at >= text.length && !(end && (this.#at > this.#start || this.#lost))) return false;
          this.#fieldStart = this.#at;
          this.#state = "plain";
          if (text[this.#at] === '"') {
            this.#opened = this.#at;
            this.#at++;
            this.#fieldStart = this.#at;
            this.#quoted = true;
            this.#state = "quoted";
          }
          break;
        case "plain": {
          const length = this.#separator(end, true);
          if (length === null) return false;
          const field = text.slice(this.#fieldStart, this.#at);
          if (field.charCodeAt(0) === 32 && field.trimStart().startsWith('"')) {
            this.#fault ??= `a space stands before the quote of ${this.#name()}`;
          }
          if (this.#separate(field, length)) return true;
          break;
        }
        case "quoted":
          if (!this.#closeQuote(end)) return false;
          break;
        case "after quote": {
          // `#closeQuote` has seen that a separator stands here.
          const length = this.#separator(end, false)!;
          const field = this.#piece + text.slice(this.#fieldStart, this.#at - 1);
          this.#piece = "";
          if (this.#separate(field, length)) return true;
          break;
        }
      }
    }
  }

  /** Ends a field at a separator of that length. Whether it ends the record too. */
  #separate(field: string, length: number): boolean {
    const last = this.#text.charCodeAt(this.#at) !== this.#delimiter;
    if (!this.#lost) this.#fields.push(field);
    this.#index++;
    this.#at += length;
    this.#state = "field start";
    return last;
  }

  /**
   * Length of the delimiter, line end or (0) end of text at `#at`, where one must stand, or with `seek` at the
   * next that comes, to which `#at` is moved. `null`: more text is needed. Without `seek`, -1: none stands here.
   */
  #separator(end: boolean, seek: boolean): number | null {
    const text = this.#text;
    for (; this.#at < text.length; this.#at++) {
      const code = text.charCodeAt(this.#at);
      if (code === this.#delimiter) return 1;
      if (code === LF) {
        this.#newline ??= "\n";
        return 1;
      }
      if (code === CR) {
        if (this.#at + 1 >= text.length && !end) return null;
        const pair = text.charCodeAt(this.#at + 1) === LF;
        this.#newline ??= pair ? "\n" : "\r";
        if (pair) return 2;
        if (this.#newline === "\r" || this.#at + 1 >= text.length) return 1;
      }
      if (!seek) return -1;
    }
    return end ? 0 : null;
  }

  /** Goes on to the field's closing quote, and behind it. `false`: the text ends first. */
  #closeQuote(end: boolean): boolean {
    const text = this.#text;
    for (;;) {
      const quote = text.indexOf('"', this.#at);
      if (quote < 0 || (quote + 1 >= text.length && !end)) {
        this.#at = quote < 0 ? text.length : quote;
        return false;
      }
      this.#at = quote + 1;
      if (text[this.#at] === '"') {
        this.#piece += text.slice(this.#fieldStart, this.#at);
        this.#at++;
        this.#fieldStart = this.#at;
        continue;
      }
      const length = this.#separator(end, false);
      if (length === null) {
        this.#at = quote;
        return false;
      }
      if (length >= 0) {
        this.#state = "after quote";
        return true;
      }
      this.#fault ??= `a quote inside ${this.#name()} is neither doubled nor at the field's end`;
    }
  }

  #complete(): CsvRecord | null {
    const raw = this.#text.slice(this.#start, this.#at);
    const line = this.#line;
    const lines = (this.#lost?.lines ?? 0) + (this.#quoted || this.#lost ? this.#linesIn(raw) : 1);
    const fields = this.#fields;
    const tooLong = raw.length > this.#options.maxRecord ? this.#tooLong() : null;
    let fault = this.#lost?.fault ?? tooLong ?? this.#fault;
    // The last record of a file may lack its line end.
    const end = raw.at(-1) ?? this.#lost?.end;
    const through = line + lines - (end === "\n" || end === "\r" || !this.#quoted ? 1 : 0);
    if (fault !== null && through > line) fault += `; lines ${line} to ${through} are set aside together`;
    const bytes = (this.#lost?.bytes ?? 0) + Buffer.byteLength(raw);
    const blank = fields.length === 1 && !this.#quoted && this.#isBlank(fields[0]!);
    this.#next(this.#at, line + lines);
    return blank && fault === null ? null : { line, bytes, fields, fault };
  }

  /** In a table of one column, spaces are a value. */
  #isBlank(field: string): boolean {
    return field === "" || (this.columns.length !== 1 && field.trim() === "");
  }

  /**
   * A quote is not closed, as far as can be seen. Sets the record aside up to the end of the line where the quote
   * opens and goes on behind it, if what stands there is a row by itself; else `null`.
   */
  #rewind(end: boolean): CsvRecord | null {
    const newline = this.#newline ?? "\n";
    const lineEnd = this.#text.indexOf(newline, this.#opened);
    if (lineEnd < 0 || this.#lost || this.columns.length < 2 || this.#rewinds >= maxRewinds) return null;
    const next = this.#text.indexOf(newline, lineEnd + 1);
    if (next < 0 && !end) return null;
    const candidate = this.#text.slice(lineEnd + 1, next < 0 ? undefined : next + 1);
    if (!this.#isRow(candidate)) return null;
    this.#rewinds++;
    const raw = this.#text.slice(this.#start, lineEnd + 1);
    const line = this.#line;
    const behind = line + this.#linesIn(raw);
    const fault = `the quote that opens ${this.#name()} is never closed; reading went on with line ${behind}`;
    this.#next(lineEnd + 1, behind);
    return { line, bytes: Buffer.byteLength(raw), fields: [], fault };
  }

  #isRow(line: string): boolean {
    const [record, more] = new CsvScanner(this.#options).read(line, true);
    return record?.fault === null && more === undefined && record.fields.length === this.columns.length;
  }

  /** The text ends inside a quoted field: nothing behind its quote can be told apart. */
  #abandon(): CsvRecord {
    const fault = `the quote that opens ${this.#name()} is never closed`;
    if (this.#lost) this.#lost.fault = fault;
    else this.#fault = fault;
    return this.#complete()!;
  }

  /** The record is too long to keep: counts what was read of it, and forgets it. */
  #passOver(): void {
    this.#lost ??= { lines: 0, bytes: 0, end: "", fault: this.#tooLong() };
    const passed = this.#text.slice(this.#start, this.#at);
    this.#lost.lines += this.#linesIn(passed);
    this.#lost.bytes += Buffer.byteLength(passed);
    this.#lost.end = passed.at(-1) ?? this.#lost.end;
    this.#fields = [];
    this.#piece = "";
    this.#start = this.#at;
    this.#fieldStart = this.#at;
  }

  #tooLong(): string {
    const limit = `the record is longer than ${this.#options.maxRecord.toLocaleString("en")} characters`;
    return this.#state === "quoted" ? `${limit}: perhaps the quote that opens ${this.#name()} is not closed` : limit;
  }

  #next(start: number, line: number): void {
    this.#start = start;
    this.#at = start;
    this.#line = line;
    this.#state = "field start";
    this.#fields = [];
    this.#index = 0;
    this.#piece = "";
    this.#quoted = false;
    this.#fault = null;
    this.#lost = null;
  }

  #linesIn(text: string): number {
    const newline = this.#newline ?? "\n";
    let count = 0;
    for (let at = text.indexOf(newline); at >= 0; at = text.indexOf(newline, at + 1)) count++;
    return count;
  }

  /** The field being read, in words. */
  #name(): string {
    const column = this.columns[this.#index];
    return column === undefined ? `column ${this.#index + 1}` : `column "${column}"`;
  }
}
