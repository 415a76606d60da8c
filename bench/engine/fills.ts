// Fills of real schemas by the real engine, each judged by ajv: a filled value fits, or the fill was refused in words.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats, { type FormatName } from "ajv-formats";
import { PawlError } from "../../src/core/errors.ts";
import type { JsonSchema } from "../../src/core/schema.ts";
import { openChat } from "../../src/engine/chat.ts";
import { planOf } from "../../src/engine/plan.ts";

export interface FillsOptions {
  /** Folder of JSON Schemas, one a file, in a folder for each source. */
  readonly schemas: string;
  /** GGUF file. */
  readonly model: string;
  /** How many fills; they go round the schemas, each round with another text. */
  readonly fills: number;
  /** Most tokens of one. Default 256. */
  readonly maxTokens?: number;
  readonly contextTokens?: number;
}

export interface Fills {
  readonly fills: number;
  readonly valid: number;
  /** Of those, how many the limit cut somewhere short. */
  readonly validCutShort: number;
  /** Refusals by code, and by code and keyword where a keyword was named. */
  readonly refused: { readonly [code: string]: number };
  readonly refusedBy: { readonly [codeAndKeyword: string]: number };
  /** Values that ajv refused, with the file they were for. */
  readonly violations: readonly { readonly file: string; readonly error: string }[];
  /** Errors that are no refusals. */
  readonly failures: readonly string[];
  readonly mostTokens: number;
  readonly msPerFill: number;
  /** Schemas there are, those that are planned for, and those for which at least one fill was valid. */
  readonly schemas: number;
  readonly supported: number;
  readonly filled: number;
  /** Schemas that are not planned for, by the keyword that is named. */
  readonly unsupported: { readonly [keyword: string]: number };
}

const REFUSALS = ["E_SCHEMA_UNSUPPORTED", "E_FILL_INVALID", "E_FILL_TRUNCATED", "E_NO_VALUE", "E_TOO_LONG"];
/** The formats that we hold ourselves to. `time` is not among them: we also take it without an offset. */
const FORMATS: FormatName[] = ["date", "date-time", "email", "hostname", "uuid", "uri", "ipv4"];

const TEXTS = [
  "Anna Smith (anna.smith@example.com) moves to 12 Church Street, London on 12 March 2026 and needs 3 boxes.",
  "Server 10.0.0.7 failed at 2026-02-03T14:30:00Z with status 503; see https://status.example.com/incidents/91.",
  "Invoice 4711: 2 chairs at 89.90 and a table at 240, paid by card on 05/06/2026.",
  "Please cancel order 6f1c2b4e-8a53-4f0e-9d2b-0b6a5e0c7d11, I no longer want it.",
  "Release 2.4.1 adds dark mode, fixes the login, and drops support for version 1.",
  "The meeting is on April 2nd, 2026 at 9:30 in room B; Tom, Lea and Max will come.",
  "Temperature 21.5, humidity 40 percent, window open: false.",
  "",
  "How tall is the Eiffel Tower, and when was it built? 330 metres, 1889.",
];

/** Fills schemas one after the other in one process with one thread. */
export async function measureFills(options: FillsOptions): Promise<Fills> {
  const { schemas: folder, model, fills, maxTokens = 256, contextTokens = 2048 } = options;
  const all = globSync("*/*.json", { cwd: folder }).sort();
  const schemas = all.map((file) => ({
    file,
    schema: JSON.parse(readFileSync(join(folder, file), "utf8")) as JsonSchema,
  }));
  const unsupported = new Counts();
  for (const { schema } of schemas) {
    const refusal = refusalOf(() => planOf(schema));
    if (refusal) unsupported.add(String(refusal.value));
  }
  const [refused, refusedBy] = [new Counts(), new Counts()];
  const violations: { file: string; error: string }[] = [];
  const failures: string[] = [];
  const filled = new Set<string>();
  let [valid, validCutShort, mostTokens, milliseconds] = [0, 0, 0, 0];
  const engine = await openChat(model, { processes: 1, threads: 1, contextTokens });
  try {
    const prefix = await engine.prepare({
      instructions: "Fill in the fields from the text.",
      cue: "Fields:",
      choices: [],
    });
    for (let index = 0; index < fills; index++) {
      const { file, schema } = schemas[index % schemas.length]!;
      const item = TEXTS[Math.floor(index / schemas.length) % TEXTS.length]!;
      const started = performance.now();
      try {
        const { value, truncated, outputTokens } = await engine.fill({
          prefix,
          item,
          fields: schema,
          lead: "",
          maxTokens,
        });
        mostTokens = Math.max(mostTokens, outputTokens);
        const error = judge(schema, value);
        if (error === null) {
          valid++;
          filled.add(file);
          if (truncated.length > 0) validCutShort++;
        } else violations.push({ file, error });
      } catch (thrown) {
        const code = thrown instanceof PawlError ? thrown.code : "";
        if (REFUSALS.includes(code)) {
          refused.add(code);
          refusedBy.add(`${code} ${keywordOf((thrown as PawlError).value)}`.trim());
        } else failures.push(`${file}: ${String(thrown)}`);
      }
      milliseconds += performance.now() - started;
    }
  } finally {
    await engine.close();
  }
  return {
    fills,
    valid,
    validCutShort,
    refused: refused.table,
    refusedBy: refusedBy.table,
    violations,
    failures,
    mostTokens,
    msPerFill: milliseconds / fills,
    schemas: schemas.length,
    supported: schemas.length - unsupported.total,
    filled: filled.size,
    unsupported: unsupported.table,
  };
}

class Counts {
  readonly table: { [key: string]: number } = {};
  total = 0;

  add(key: string): void {
    this.table[key] = (this.table[key] ?? 0) + 1;
    this.total++;
  }
}

function refusalOf(act: () => unknown): PawlError | null {
  try {
    act();
    return null;
  } catch (thrown) {
    if (thrown instanceof PawlError) return thrown;
    throw thrown;
  }
}

function keywordOf(value: unknown): string {
  if (typeof value === "string") return value;
  return value !== null && typeof value === "object" && "keyword" in value ? String(value.keyword) : "";
}

/** What ajv says against a value; `null` where it fits. Patterns are read with Unicode where they allow that. */
function judge(schema: JsonSchema, value: unknown): string | null {
  let why = "";
  for (const unicodeRegExp of [true, false]) {
    const options = { strict: false, logger: false, validateSchema: false, unicodeRegExp } as const;
    const ajv = String(schema.$schema).includes("2020-12") ? new Ajv2020(options) : new Ajv(options);
    addFormats.default(ajv, { formats: FORMATS, mode: "full" });
    try {
      const fits = ajv.compile(modern(schema));
      return fits(value) ? null : ajv.errorsText(fits.errors);
    } catch (thrown) {
      why = `ajv cannot judge it: ${String(thrown)}`;
    }
  }
  return why;
}

/** Values, and schemas by names of the author's: what looks like a keyword in there is none. */
const VALUES = ["enum", "const", "default", "examples"];
const NAMED = ["properties", "patternProperties", "definitions", "$defs", "dependencies", "dependentSchemas"];

/** Draft 4 as ajv reads it: `id` only where it is an anchor, and exclusive bounds as numbers. */
function modern(schema: unknown, isNamed = false): JsonSchema {
  if (Array.isArray(schema)) return schema.map((each) => modern(each)) as unknown as JsonSchema;
  if (schema === null || typeof schema !== "object") return schema as unknown as JsonSchema;
  const given = schema as JsonSchema;
  const entries = Object.entries(given).flatMap(([key, value]): [string, unknown][] => {
    if (isNamed) return [[key, modern(value)]];
    if (key === "$schema") return [];
    if ((key === "id" || key === "$id") && typeof value === "string")
      return value.startsWith("#") ? [["$id", value]] : [];
    if (key === "exclusiveMinimum" && typeof value === "boolean") return value ? [[key, given.minimum]] : [];
    if (key === "exclusiveMaximum" && typeof value === "boolean") return value ? [[key, given.maximum]] : [];
    return [[key, VALUES.includes(key) ? value : modern(value, NAMED.includes(key))]];
  });
  return Object.fromEntries(entries);
}
