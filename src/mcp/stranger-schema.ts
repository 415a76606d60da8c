/**
 * A schema that a server sent, as the checks that it stands for. It is read by an interpreter, never compiled: a
 * compiler would run code that a stranger had a hand in.
 */

import type { JsonSchema, Schema } from "../core/schema.ts";
import { withJsonSchema } from "../core/schema.ts";
import { TookTooLong, withinTime } from "../core/within-time.ts";
import type { ClientParts } from "./packages.ts";
import { strangerText } from "./stranger-text.ts";

const mostWords = 400;
/** Milliseconds for which everybody may have to wait for one value's check. */
const longestCheck = 250;

/** The schema as a schema of Pawl, with the words in it shortened and cleaned. `schemaTrouble` found nothing in it. */
export function strangerSchema<T>(schema: JsonSchema, { validators }: ClientParts): Schema<T> {
  // One each: validators keep what they read by `$id`, and a server may give two schemas the same.
  const check = new validators.CfWorkerJsonSchemaValidator().getValidator<T>(schema);
  const made: Schema<T> = {
    "~standard": {
      version: 1,
      vendor: "mcp",
      validate: (value: unknown) => {
        try {
          const result = withinTime(longestCheck, () => check(value));
          if (result.valid) return { value: result.data };
          return { issues: [{ message: strangerText(result.errorMessage, mostWords) }] };
        } catch (thrown) {
          if (!(thrown instanceof TookTooLong)) throw thrown;
          return { issues: [{ message: "it takes too long to check" }] };
        }
      },
    },
  };
  const { $schema: _dialect, ...shown } = withFewWords(schema) as JsonSchema;
  return withJsonSchema(made, shown);
}

const wordKeys = ["title", "description", "$comment"];

/** The same schema, with what it says to its readers made fit for them. What it checks stays as it is. */
function withFewWords(part: unknown, isNames = false): unknown {
  if (Array.isArray(part)) return part.map((one) => withFewWords(one));
  if (!isObject(part)) return part;
  const entries = Object.entries(part).map(([key, value]) => {
    if (!isNames && wordKeys.includes(key)) return [key, strangerText(value, mostWords)];
    if (!isNames && ["enum", "const", "default", "examples", "required"].includes(key)) return [key, value];
    return [key, withFewWords(value, !isNames && ["properties", "$defs", "definitions"].includes(key))];
  });
  return Object.fromEntries(entries);
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
