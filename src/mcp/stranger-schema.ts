/**
 * A schema that a server sent: whether it may be worked with at all, and the checks that it stands for. It is read by
 * an interpreter, never compiled: a compiler would run code that a stranger had a hand in.
 */

import type { JsonSchema, Schema } from "../core/schema.ts";
import { withJsonSchema } from "../core/schema.ts";
import type { ClientParts } from "./packages.ts";
import { mayRunAway } from "./runaway-pattern.ts";
import { strangerText } from "./stranger-text.ts";

const mostCharacters = 50_000;
const mostDepth = 40;
/** Schemas that one value may meet, references followed. */
const mostParts = 5_000;
const mostPattern = 300;
const mostWords = 400;

/** Why nobody should work with the schema, or `null`. */
export function schemaTrouble(schema: unknown): string | null {
  if (!isObject(schema)) return "it has no schema";
  try {
    if (JSON.stringify(schema).length > mostCharacters) return `its schema has more than ${mostCharacters} characters`;
    return new Walk(schema).trouble();
  } catch {
    // The stack ends before such a schema does.
    return "its schema cannot be read";
  }
}

class Walk {
  readonly #root: object;
  readonly #sizes = new Map<object, number>();

  constructor(root: object) {
    this.#root = root;
  }

  trouble(): string | null {
    const found = this.#look(this.#root, 0);
    if (found !== null) return found;
    return this.#size(this.#root) > mostParts ? `its schema unfolds to more than ${mostParts} parts` : null;
  }

  #look(part: unknown, depth: number): string | null {
    if (depth > mostDepth) return `its schema is more than ${mostDepth} levels deep`;
    if (typeof part !== "object" || part === null) return null;
    for (const [key, value] of Object.entries(part)) {
      const wrong = this.#keyTrouble(key, value) ?? this.#look(value, depth + 1);
      if (wrong !== null) return wrong;
    }
    return null;
  }

  #keyTrouble(key: string, value: unknown): string | null {
    if (key === "__proto__") return "its schema names __proto__";
    if (key === "$ref" && typeof value === "string") {
      if (!/^#(?:$|\/)/.test(value)) return "its schema refers to something outside itself";
      return this.#at(value) === undefined ? "its schema refers to something that is not there" : null;
    }
    if (key === "$dynamicRef" || key === "$recursiveRef") return `its schema uses ${key}`;
    const patterns =
      key === "pattern" && typeof value === "string"
        ? [value]
        : key === "patternProperties" && isObject(value)
          ? Object.keys(value)
          : [];
    for (const pattern of patterns) {
      if (pattern.length > mostPattern || mayRunAway(pattern)) return "its schema has a pattern that may run away";
      try {
        new RegExp(pattern, "u");
      } catch {
        return "its schema has a pattern that is none";
      }
    }
    return null;
  }

  /** Parts of a schema with its references followed; one that leads back to itself counts once. */
  #size(part: unknown): number {
    if (typeof part !== "object" || part === null) return 0;
    const known = this.#sizes.get(part);
    if (known !== undefined) return known;
    this.#sizes.set(part, 1);
    let size = 1;
    for (const [key, value] of Object.entries(part)) {
      size += this.#size(key === "$ref" && typeof value === "string" ? this.#at(value) : value);
    }
    this.#sizes.set(part, Math.min(size, mostParts + 1));
    return size;
  }

  #at(pointer: string): unknown {
    let at: unknown = this.#root;
    for (const step of pointer.split("/").slice(1)) {
      const key = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
      at = typeof at === "object" && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined;
    }
    return at;
  }
}

/** The schema as a schema of Pawl, with the words in it shortened and cleaned. `schemaTrouble` found nothing in it. */
export function strangerSchema<T>(schema: JsonSchema, { validators }: ClientParts): Schema<T> {
  // One each: validators keep what they read by `$id`, and a server may give two schemas the same.
  const check = new validators.CfWorkerJsonSchemaValidator().getValidator<T>(schema);
  const made: Schema<T> = {
    "~standard": {
      version: 1,
      vendor: "mcp",
      validate: (value: unknown) => {
        const result = check(value);
        if (result.valid) return { value: result.data };
        return { issues: [{ message: strangerText(result.errorMessage, mostWords) }] };
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
