import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { UsageError } from "../core/errors.ts";
import { csvRows } from "./csv.ts";
import { decodeText } from "./encoding.ts";
import { type ReadOptions, readRows } from "./read.ts";
import type { Row } from "./row.ts";

const folder = mkdtempSync(join(tmpdir(), "pawl-read-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function put(content: string | Uint8Array, ending = "csv"): string {
  const path = join(folder, `${files++}.${ending}`);
  writeFileSync(path, content);
  return path;
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

async function rowsOf(file: string, options?: ReadOptions): Promise<Row[]> {
  return collect(readRows(file, options));
}

/** Each row as `line: {…}` or `line: reason`. */
async function shown(content: string | Uint8Array, ending?: string, options?: ReadOptions): Promise<string[]> {
  const rows = await rowsOf(put(content, ending), options);
  return rows.map((row) => `${row.line}: ${row.kind === "row" ? JSON.stringify(row.value) : row.reason}`);
}

async function refusal(file: string, options?: ReadOptions): Promise<string> {
  const error = await rowsOf(file, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UsageError);
  return `${(error as UsageError).code} ${(error as UsageError).message.replaceAll(folder, "")}`;
}

describe("CSV", () => {
  test("gives rows with position, line and size", async () => {
    expect(await rowsOf(put("id,text\n1,a\n\n2,bc\n"))).toEqual([
      { kind: "row", position: 1, line: 2, bytes: 4, value: { id: "1", text: "a" } },
      { kind: "row", position: 2, line: 4, bytes: 5, value: { id: "2", text: "bc" } },
    ]);
  });

  test("keeps quoted line ends, delimiters and quotes, and counts their lines, also with CRLF", async () => {
    expect(await shown('id,text\r\n1,"a\r\nb, ""c"""\r\n2,""\r\n')).toEqual([
      '2: {"id":"1","text":"a\\r\\nb, \\"c\\""}',
      '4: {"id":"2","text":""}',
    ]);
  });

  test("reads the line ends of the old Mac, where the header ends in one", async () => {
    expect(await shown('id,text\r1,a\r2,"b\rc"\r3,d')).toEqual([
      '2: {"id":"1","text":"a"}',
      '3: {"id":"2","text":"b\\rc"}',
      '5: {"id":"3","text":"d"}',
    ]);
    expect(await shown("id,text\n1,a\rb\n")).toEqual(['2: {"id":"1","text":"a\\rb"}']);
  });

  test("reads quotes inside an unquoted field as they are", async () => {
    expect(await shown('id,text\n1,a 12" pipe\n')).toEqual(['2: {"id":"1","text":"a 12\\" pipe"}']);
  });

  test("sets a row with a wrong number of fields aside", async () => {
    expect(await shown("id,text\n1\n2,a,b\n3,c\n")).toEqual([
      "2: 1 field, where the header has 2",
      "3: 3 fields, where the header has 2",
      '4: {"id":"3","text":"c"}',
    ]);
  });

  test("sets a quote that is never closed aside alone, and goes on with the next line", async () => {
    expect(await shown('id,text\n1,"abc\n2,d\n3,e\n')).toEqual([
      '2: the quote that opens column "text" is never closed; reading went on with line 3',
      '3: {"id":"2","text":"d"}',
      '4: {"id":"3","text":"e"}',
    ]);
  });

  test("takes the lines inside a broken quoted field for no rows", async () => {
    expect(await shown('id,text\n1,"he said "hi" to me\nand, then\nleft"\n2,b\n')).toEqual([
      '2: a quote inside column "text" is neither doubled nor at the field\'s end; lines 2 to 4 are set aside together',
      '5: {"id":"2","text":"b"}',
    ]);
    expect(await shown('id,text\n1,"cut off\nin the middle of a text')).toEqual([
      '2: the quote that opens column "text" is never closed; lines 2 to 3 are set aside together',
    ]);
  });

  test("says which quote comes after a space", async () => {
    expect(await shown('id,text\n1, "a"\n')).toEqual(['2: a space stands before the quote of column "text"']);
  });

  test("does not hold a record that is too long, and finds the next", async () => {
    const long = "x".repeat(300_000);
    expect(await shown(`id,text\n1,${long}\n2,b\n`, "csv", { maxRecord: 1000 })).toEqual([
      "2: the record is longer than 1,000 characters",
      '3: {"id":"2","text":"b"}',
    ]);
    expect(await shown(`id,text\n1,"${long}\n\n${long}"\n2,b\n`, "csv", { maxRecord: 1000 })).toEqual([
      '2: the record is longer than 1,000 characters: perhaps the quote that opens column "text" is not closed; ' +
        "lines 2 to 4 are set aside together",
      '5: {"id":"2","text":"b"}',
    ]);
    const rows = Array.from({ length: 20_000 }, (_, index) => `${index},row\n`).join("");
    const [first, ...rest] = await shown(`id,text\nx,"open\n${rows}`, "csv", { maxRecord: 1000 });
    expect(first).toBe('2: the quote that opens column "text" is never closed; reading went on with line 3');
    expect(rest).toHaveLength(20_000);
  });

  test("reads a file of unclosed quotes in bounded time", async () => {
    const rows = await shown(`id,text\n${'1,"a\n2,b\n'.repeat(20_000)}`, "csv", { maxRecord: 10_000 });
    expect(rows).toHaveLength(65);
    expect(rows.at(-1)).toMatch(/^66: the quote that opens column "text" is never closed; lines 66 to 40001 are/);
  });

  test("reads a row of 1 MB", async () => {
    const text = 'é"\n'.repeat(300_000);
    const rows = await rowsOf(put(`id,text\n1,"${text.replaceAll('"', '""')}"\n2,b\n`));
    expect(rows.map((row) => row.line)).toEqual([2, 300_003]);
    expect(rows[0]).toMatchObject({ value: { text }, bytes: 1_500_005 });
  });

  test("keeps a column called __proto__ as data", async () => {
    const [row] = await rowsOf(put("id,__proto__\n1,x\n"));
    const value = row?.kind === "row" ? row.value : {};
    expect(Object.entries(value)).toEqual([
      ["id", "1"],
      ["__proto__", "x"],
    ]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  test("is empty with a header only, and refused without one", async () => {
    expect(await shown("id,text\n")).toEqual([]);
    expect(await refusal(put(""))).toMatch(/^E_EMPTY \/\d+\.csv is empty$/);
    expect(await refusal(put("\n \n"))).toMatch(/^E_EMPTY/);
    expect(await refusal(put(gzipSync(""), "csv.gz"))).toMatch(/^E_EMPTY/);
  });

  test("refuses a header that names no columns, or one twice", async () => {
    expect(await refusal(put("id,,text\n"))).toMatch(/E_HEADER .*, line 1: column 2 of the header has no name/);
    expect(await refusal(put("id,a,id\n"))).toMatch(/E_HEADER .* two columns have the name "id": 1 and 3/);
    expect(await refusal(put('id,"a\n1,2\n'))).toMatch(/E_HEADER .* the quote that opens column 2 is never closed/);
  });

  test("asks for the delimiter where the header shows that it is another", async () => {
    const file = put("id;text\n1;a,b\n");
    expect(await refusal(file)).toMatch(/E_DELIMITER .* if ";" divides it, say --delimiter ";"/);
    expect(await rowsOf(file, { delimiter: ";" })).toMatchObject([{ value: { id: "1", text: "a,b" } }]);
    expect(await rowsOf(file, { delimiter: "," })).toMatchObject([{ reason: "2 fields, where the header has 1" }]);
    expect(await refusal(file, { delimiter: "::" })).toMatch(/E_DELIMITER/);
  });

  test("reads TSV", async () => {
    expect(await shown("id\ttext\n1\ta,b\n", "tsv")).toEqual(['2: {"id":"1","text":"a,b"}']);
  });

  test("reads what csv-parse reads, however the file is cut into pieces", async () => {
    const cell = fc.oneof(
      fc.string({ unit: fc.constantFrom("a", " ", ",", '"', "\n", "\r", "é", "😀"), maxLength: 6 }),
      fc.string({ unit: "binary", maxLength: 4 }),
    );
    const lineEnd = fc.constantFrom("\n", "\r\n");
    const table = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(table, lineEnd, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (cells, end, size, last) => {
        const quoted = cells.map((row) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(","));
        const text = `a,b,c${end}${quoted.join(end)}${last ? end : ""}`;
        const expected = parse(text, { columns: true, record_delimiter: end });
        const bytes = Buffer.from(text);
        async function* pieces() {
          for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
        }
        const decoded = decodeText(pieces(), undefined, "test");
        const options = { file: "test", delimiter: undefined, usual: ",", maxRecord: 1000 } as const;
        const rows = await collect(csvRows(decoded, options));
        expect(rows.map((row) => (row.kind === "row" ? row.value : row))).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  test("never throws and never repeats a line, whatever the bytes", async () => {
    const noise = fc.array(fc.constantFrom("a", ",", '"', "\n", "\r\n", "\r", " "), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(noise, async (parts) => {
        const rows = await collect(
          csvRows(decodeText(bytesIn(`a,b\n${parts.join("")}`), undefined, "test"), {
            file: "test",
            delimiter: ",",
            usual: ",",
            maxRecord: 20,
          }),
        );
        const lines = rows.map((row) => row.line);
        expect(lines).toEqual([...new Set(lines)].sort((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });
});

async function* bytesIn(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

describe("JSON Lines", () => {
  test("gives objects, also nested ones and those with __proto__", async () => {
    expect(await shown('{"id":1,"a":{"b":[1]}}\r\n\n  \n{"__proto__":2}', "jsonl")).toEqual([
      '1: {"id":1,"a":{"b":[1]}}',
      '4: {"__proto__":2}',
    ]);
  });

  test("sets what is no JSON aside, with its column and without quoting it", async () => {
    expect(await shown('{"a":x}\n{"a":1\n{"a" 1}\n{"a":"b\n{"a":1}}\n{"a":tru}\nnonsense\n{"a":1}', "jsonl")).toEqual([
      '1: not JSON: unexpected "x", at column 6',
      "2: not JSON: the line ends too early, at column 7",
      "3: not JSON: expected ':' after property name, at column 6",
      "4: not JSON: the line ends too early, at column 8",
      '5: not JSON: unexpected "}", at column 8',
      '6: not JSON: unexpected "}", at column 9',
      '7: not JSON: unexpected "o", at column 2',
      '8: {"a":1}',
    ]);
  });

  test("sets JSON that is no object aside", async () => {
    expect(await shown('{}\n[1]\n"a"\nnull\n3', "ndjson")).toEqual([
      "1: {}",
      "2: the row is an array, not an object",
      "3: the row is a string, not an object",
      "4: the row is null, not an object",
      "5: the row is a number, not an object",
    ]);
  });

  test("reads a row of 1 MB, and does not hold one that is too long", async () => {
    const long = JSON.stringify({ text: "é".repeat(1_000_000) });
    const file = put(`${long}\n{"a":1}\n`, "jsonl");
    expect((await rowsOf(file)).map((row) => [row.kind, row.bytes])).toEqual([
      ["row", 2_000_012],
      ["row", 8],
    ]);
    expect(await rowsOf(file, { maxRecord: 1000 })).toMatchObject([
      { kind: "bad", line: 1, bytes: 2_000_012, reason: "the record is longer than 1,000 characters" },
      { kind: "row", line: 2 },
    ]);
  });

  test("refuses an empty file and a document over several lines", async () => {
    expect(await refusal(put("\n", "jsonl"))).toMatch(/^E_EMPTY/);
    expect(await refusal(put('[\n{"a":1}\n]', "jsonl"))).toMatch(/^E_FORMAT .* jq -c/);
  });
});

describe("encodings", () => {
  const table = "id,text\n1,café €\n";

  test("takes off the byte order mark, and reads UTF-16 by it", async () => {
    const utf16le = Buffer.from(`\ufeff${table}`, "utf16le");
    for (const bytes of [`\ufeff${table}`, utf16le, Buffer.from(utf16le).swap16()]) {
      expect(await shown(bytes)).toEqual(['2: {"id":"1","text":"café €"}']);
    }
  });

  test("sets a row aside that is not UTF-8, and no other", async () => {
    const bytes = Buffer.concat([
      Buffer.from("id,text\n1,caf"),
      Buffer.from([0xe9]),
      Buffer.from("\n2,café\n3,a replacement \ufffd of its own\n"),
    ]);
    const reason =
      'column "text" is not valid UTF-8; if the file comes from an older Windows program, say --encoding windows-1252';
    expect(await shown(bytes)).toEqual([
      `2: ${reason}`,
      '3: {"id":"2","text":"café"}',
      '4: {"id":"3","text":"a replacement \ufffd of its own"}',
    ]);
    const json = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xe9]), Buffer.from('"}\n{"a":1}')]);
    expect(await shown(json, "jsonl")).toEqual([`1: ${reason.replace('column "text"', "the row")}`, '2: {"a":1}']);
  });

  test("reads the encoding that is asked for", async () => {
    const bytes = Buffer.from("id,text\n1,caf\xe9 \x80\n", "latin1");
    expect(await shown(bytes, "csv", { encoding: "windows-1252" })).toEqual(['2: {"id":"1","text":"café €"}']);
    const japanese = Buffer.from([0x69, 0x64, 0x0a, 0x83, 0x65, 0x0a, 0xff, 0x0a]);
    expect(await shown(japanese, "csv", { encoding: "sjis" })).toEqual([
      '2: {"id":"テ"}',
      '3: column "id" holds bytes that are wrong in shift_jis: is --encoding right?',
    ]);
    expect(await shown(Buffer.from(table, "utf16le"), "csv", { encoding: "utf-16le" })).toHaveLength(1);
  });

  test("finds half a surrogate pair in UTF-16", async () => {
    const bytes = Buffer.from("\ufeffid\n\ud83d\n\ud83d\ude00\n", "utf16le");
    expect(await shown(bytes)).toEqual([
      '2: column "id" holds bytes that are wrong in utf-16le: is --encoding right?',
      '3: {"id":"😀"}',
    ]);
  });

  test("refuses what is no text", async () => {
    expect(await refusal(put(Buffer.from(table, "utf16le")))).toMatch(/E_ENCODING .* --encoding utf-16le/);
    expect(await refusal(put("PK\x03\x04..."))).toMatch(/E_FORMAT .* spreadsheet/);
    expect(await refusal(put(table), { encoding: "klingon" })).toMatch(/E_ENCODING --encoding klingon: no such/);
    expect(await refusal(put(Buffer.from("caf\xe9,a\n", "latin1")))).toMatch(/E_ENCODING .* the header is not valid/);
  });
});

describe("files", () => {
  test("that are not there, or are folders, or have no known ending are named", async () => {
    expect(await refusal(join(folder, "no.csv"))).toBe("E_NO_FILE there is no file /no.csv");
    expect(await refusal(join(folder, "no"))).toBe("E_NO_FILE there is no file /no");
    expect(await refusal(folder)).toBe("E_DIRECTORY  is a folder, not a file");
    expect(await refusal(put("[]", "json"))).toMatch(/^E_FORMAT .* say --format csv, tsv or jsonl; .* jq -c/);
    expect(await refusal(folder, { format: "csv" })).toMatch(/^E_DIRECTORY/);
  });

  test("are unzipped, whatever their name; damaged ones are said to be", async () => {
    const packed = gzipSync(`id,text\n${"1,abcdefg\n".repeat(1000)}`);
    expect(await rowsOf(put(packed, "csv.gz"))).toHaveLength(1000);
    expect(await rowsOf(put(packed))).toHaveLength(1000);
    expect(await rowsOf(put(Buffer.concat([packed, packed]), "csv.gz"))).toHaveLength(2001);
    expect(await refusal(put(packed.subarray(0, -20), "csv.gz"))).toMatch(/^E_DAMAGED/);
  });

  test("are closed when the reader stops early or the signal comes", async () => {
    const file = put(`id\n${"1\n".repeat(200_000)}`);
    for await (const row of readRows(file)) {
      expect(row.position).toBe(1);
      break;
    }
    const abort = new AbortController();
    const reading = (async () => {
      for await (const row of readRows(file, { signal: abort.signal })) if (row.position === 5) abort.abort();
    })();
    await expect(reading).rejects.toThrow(/abort/i);
    await expect(rowsOf(file, { signal: abort.signal })).rejects.toThrow(/abort/i);
  });

  test("come from standard input, where the first character tells the format", () => {
    const script = `
      const { readRows } = await import(${JSON.stringify(join(import.meta.dirname, "read.ts"))});
      for await (const row of readRows("-")) console.log(row.line, JSON.stringify(row.value));`;
    const read = (input: string | Uint8Array) =>
      execFileSync(process.execPath, ["--input-type=module", "-e", script], { input, encoding: "utf8" });
    expect(read('\n{"a":1}\n')).toBe('2 {"a":1}\n');
    expect(read(gzipSync("a,b\n1,2\n"))).toBe('2 {"a":"1","b":"2"}\n');
  });
});
