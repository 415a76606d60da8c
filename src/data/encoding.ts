/**
 * Bytes to text, so that what could not be decoded can still be found: wrong bytes become lone surrogates, which
 * no correct text holds. A row with wrong bytes is therefore one that is not `isWellFormed()`.
 */

import { isUtf8 } from "node:buffer";
import { UsageError } from "../core/errors.ts";

export interface Text extends AsyncIterable<string> {
  /** The encoding in use, as `TextDecoder` spells it; known once reading has begun. */
  encoding(): string;
}

/** Stands for bytes that are wrong in the encoding. As a low half it never joins what follows it. */
const wrongBytes = "\udc80";

interface Decoder {
  readonly encoding: string;
  write(bytes: Buffer): string;
  end(): string;
}

/** A file's text, its byte order mark taken off. Throws a `UsageError`, `E_ENCODING` or `E_FORMAT`, when read. */
export function decodeText(bytes: AsyncIterable<Buffer>, label: string | undefined, file: string): Text {
  let decoder: Decoder | undefined;
  async function* read(): AsyncGenerator<string, void, undefined> {
    let held: Buffer = Buffer.alloc(0);
    for await (const chunk of bytes) {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      if (held.length < 4 && !decoder) continue;
      const text = decode(held);
      held = Buffer.alloc(0);
      if (text !== "") yield text;
    }
    const text = decode(held) + (decoder?.end() ?? "");
    if (text !== "") yield text;
  }
  function decode(piece: Buffer): string {
    if (decoder) return decoder.write(piece);
    const [chosen, mark] = chooseDecoder(piece, label, file);
    decoder = chosen;
    return chosen.write(piece.subarray(mark));
  }
  return { encoding: () => decoder?.encoding ?? "utf-8", [Symbol.asyncIterator]: read };
}

/** What to say of a row that holds wrong bytes, in `where` ("column ..."). */
export function wrongEncoding(where: string, encoding: string): string {
  if (encoding !== "utf-8") return `${where} holds bytes that are wrong in ${encoding}: is --encoding right?`;
  return `${where} is not valid UTF-8; if the file comes from an older Windows program, say --encoding windows-1252`;
}

/** The decoder for a file that starts with these bytes, and the length of its byte order mark. */
function chooseDecoder(start: Buffer, label: string | undefined, file: string): [Decoder, number] {
  const asked = label === undefined ? undefined : canonicalLabel(label);
  const hex = start.subarray(0, 4).toString("hex");
  if (hex === "504b0304") {
    const message = `${file} is a zip archive or a spreadsheet, not text: export it as CSV in UTF-8`;
    throw new UsageError("E_FORMAT", message, { value: file });
  }
  if (hex === "fffe0000" || hex === "0000feff") {
    throw new UsageError("E_ENCODING", `${file} is in UTF-32, which is not read: save it as UTF-8`, { value: file });
  }
  if (hex.startsWith("efbbbf")) return [utf8(), 3];
  if (hex.startsWith("fffe")) return [utf16("utf-16le"), 2];
  if (hex.startsWith("feff")) return [utf16("utf-16be"), 2];
  if (asked === "utf-16le" || asked === "utf-16be") return [utf16(asked), 0];
  if (start[0] === 0 || start[1] === 0) {
    const guess = start[0] === 0 ? "utf-16be" : "utf-16le";
    const message = `${file} holds zero bytes: it is not text, or in UTF-16 without a mark (then say --encoding ${guess})`;
    throw new UsageError("E_ENCODING", message, { value: file });
  }
  return [asked === undefined || asked === "utf-8" ? utf8() : legacy(asked), 0];
}

function canonicalLabel(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch (cause) {
    const message = `--encoding ${label}: no such encoding; for example utf-8, windows-1252, utf-16le, shift_jis`;
    throw new UsageError("E_ENCODING", message, { cause, value: label });
  }
}

function utf8(): Decoder {
  let held: Buffer = Buffer.alloc(0);
  return {
    encoding: "utf-8",
    write(bytes) {
      const all = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      const whole = all.length - unfinished(all);
      held = all.subarray(whole);
      return utf8Text(all.subarray(0, whole));
    },
    end: () => (held.length === 0 ? "" : wrongBytes),
  };
}

/** Length of the character at the end of which more bytes must come: 0 to 3. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

function utf8Text(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  // Line by line, so that a replacement character that stands in the file itself is not suspected elsewhere.
  let text = "";
  for (let from = 0; from < bytes.length; ) {
    let to = from;
    while (to < bytes.length && bytes[to] !== 10 && bytes[to] !== 13) to++;
    const line = bytes.subarray(from, to + 1);
    text += isUtf8(line) ? line.toString("utf8") : line.toString("utf8").replaceAll("\ufffd", wrongBytes);
    from = to + 1;
  }
  return text;
}

/** JavaScript's own strings are UTF-16, so half a pair stays visible as what it is. */
function utf16(encoding: "utf-16le" | "utf-16be"): Decoder {
  let held: Buffer = Buffer.alloc(0);
  return {
    encoding,
    write(bytes) {
      const all = Buffer.concat([held, bytes]);
      const whole = all.length - (all.length % 2);
      held = all.subarray(whole);
      const units = all.subarray(0, whole);
      return (encoding === "utf-16be" ? units.swap16() : units).toString("utf16le");
    },
    // A high half: it cannot complete one that stands before it.
    end: () => (held.length === 0 ? "" : "\ud800"),
  };
}

/** No such encoding but gb18030 can spell the replacement character, so wherever it comes out, bytes were wrong. */
function legacy(encoding: string): Decoder {
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  return {
    encoding,
    write: (bytes) => decoder.decode(bytes, { stream: true }).replaceAll("\ufffd", wrongBytes),
    end: () => decoder.decode().replaceAll("\ufffd", wrongBytes),
  };
}
