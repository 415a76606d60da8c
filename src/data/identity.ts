/** What makes a row the item that it is, however often the file is read. */

import { UsageError } from "../core/errors.ts";
import { shortHash } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";

/** How a row is known. */
export type Identity =
  | {
      readonly kind: "known";
      /** The item's stable id. */
      readonly item: string;
      /** 16 hexadecimal digits: equal for rows that say the same, in whatever order of columns. */
      readonly content: string;
    }
  | { readonly kind: "unknown"; readonly reason: string };

export interface Identifier {
  /** Where items get their ids, in words: `column "id"` or `hash of the row`. */
  readonly by: string;
  identify(row: Readonly<Record<string, unknown>>): Identity;
}

const longestId = 1000;

/**
 * Decides, by the first good row of a file, where its items get their ids: from the column asked for, else from a
 * column named `id`, else from a hash of the row. All rows are then known the same way: a later row without that
 * field is unknown, not hashed. Throws a `UsageError` `E_NO_COLUMN` where the column asked for is not there.
 */
export function identifier(
  first: Readonly<Record<string, unknown>>,
  options: { id?: string | undefined } = {},
): Identifier {
  const column = options.id ?? "id";
  if (Object.hasOwn(first, column)) {
    return { by: `column "${column}"`, identify: (row) => byColumn(row, column) };
  }
  if (options.id === undefined) return { by: "hash of the row", identify: byHash };
  const there = Object.keys(first).map((name) => `"${name}"`);
  throw new UsageError("E_NO_COLUMN", `there is no column "${column}"; there are ${there.join(", ")}`, {
    value: column,
  });
}

function byHash(row: Readonly<Record<string, unknown>>): Identity {
  const content = contentOf(row);
  return { kind: "known", item: content, content };
}

function byColumn(row: Readonly<Record<string, unknown>>, column: string): Identity {
  const unknown = (reason: string): Identity => ({ kind: "unknown", reason: `column "${column}" ${reason}` });
  if (!Object.hasOwn(row, column)) return unknown("is missing");
  const value = row[column];
  if (typeof value === "number") {
    // Two long numbers can be read as one: better no id than one shared by two items.
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER)
      return unknown("holds a number too long to be read exactly: quote it");
    return { kind: "known", item: String(value), content: contentOf(row) };
  }
  if (typeof value !== "string") return unknown(`holds ${value === null ? "null" : typeof value}, no id`);
  if (value.trim() === "") return unknown("is empty");
  if (value.length > longestId) return unknown(`holds an id of more than ${longestId} characters`);
  return { kind: "known", item: detached(value), content: contentOf(row) };
}

function contentOf(row: Readonly<Record<string, unknown>>): string {
  return shortHash(canonicalJson(row));
}

/** A copy: a field is a slice of the piece of file that it stood in, and whoever keeps ids would keep the file. */
function detached(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}
