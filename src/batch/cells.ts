/** From a table's cells, which are all texts, to what a loop takes in. */

import { UsageError } from "../core/errors.ts";
import type { JsonSchema } from "../core/schema.ts";

type Row = Readonly<Record<string, unknown>>;
type Properties = { readonly [name: string]: { readonly type?: unknown } };

/**
 * A reader of a table's rows: where the loop's input says `number`, `integer` or `boolean`, a cell that spells one
 * becomes one, and an empty cell of an optional column is left out. Every other cell stays the text that it is, and
 * so does one that does not spell what is asked: the schema then says so.
 */
export function cellReader(inputJson: JsonSchema): (row: Row) => Row {
  const properties = (inputJson.properties ?? {}) as Properties;
  const required = new Set((inputJson.required ?? []) as string[]);
  const typed = Object.entries(properties).filter(([, { type }]) => typesOf(type).some((name) => name in spellings));
  if (typed.length === 0) return (row) => row;
  return (row) => {
    const read = new Map(Object.entries(row));
    for (const [name, { type }] of typed) {
      const cell = read.get(name);
      if (typeof cell !== "string") continue;
      const types = typesOf(type);
      if (cell.trim() === "") {
        if (types.includes("string")) continue;
        if (types.includes("null")) read.set(name, null);
        else if (!required.has(name)) read.delete(name);
        continue;
      }
      if (types.includes("string")) continue;
      for (const spelt of types) {
        const value = spellings[spelt]?.(cell.trim());
        if (value !== undefined) read.set(name, value);
      }
    }
    // Unlike assignment, this makes an own property even of `__proto__`.
    return Object.fromEntries(read);
  };
}

const spellings: { readonly [type: string]: (cell: string) => unknown } = {
  number: numberIn,
  integer: numberIn,
  boolean: (cell) => (cell === "true" ? true : cell === "false" ? false : undefined),
};

function numberIn(cell: string): number | undefined {
  // Not a zip code, a telephone number or a number that would lose digits: those must come back as they were.
  if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(cell)) return undefined;
  const value = Number(cell);
  return Number.isFinite(value) && (Number.isSafeInteger(value) || !/^-?\d+$/.test(cell)) ? value : undefined;
}

function typesOf(type: unknown): readonly string[] {
  return typeof type === "string" ? [type] : Array.isArray(type) ? (type as string[]) : [];
}

/** Throws a `UsageError` `E_NO_COLUMN` where a table lacks a column that the loop's input needs. */
export function requireColumns(first: Row, inputJson: JsonSchema): void {
  const required = (inputJson.required ?? []) as string[];
  const missing = required.filter((name) => !Object.hasOwn(first, name));
  if (missing.length === 0) return;
  const quote = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");
  const lacks = missing.length === 1 ? `the column ${quote(missing)}` : `the columns ${quote(missing)}`;
  throw new UsageError(
    "E_NO_COLUMN",
    `the loop needs ${lacks}, which the data does not have; it has ${quote(Object.keys(first))}`,
    { value: missing },
  );
}
