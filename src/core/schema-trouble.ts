/** A schema that a stranger sent: whether anybody should work with it, before anything else looks into it. */

import { mayRunAway } from "./runaway-pattern.ts";

const mostCharacters = 50_000;
const mostDepth = 40;
/** Schemas that one value may meet, references followed. */
const mostParts = 5_000;
const mostPattern = 1_000;
const mostReference = 1_000;

/** How whoever works with the schema reads it. */
export interface SchemaReading {
  /** What a reference leads to, `undefined` for nothing. By default only pointers into the schema itself lead somewhere. */
  readonly find?: (reference: string) => unknown;
  /** Whether a pattern may be one without Unicode. */
  readonly takesAnyPattern?: boolean;
}

/** Why nobody should work with the schema, or `null`. */
export function schemaTrouble(schema: unknown, reading: SchemaReading = {}): string | null {
  if (!isObject(schema)) return "there is no schema";
  try {
    if (JSON.stringify(schema).length > mostCharacters) return `the schema has more than ${mostCharacters} characters`;
    return new Walk(schema, reading).trouble();
  } catch (thrown) {
    // The stack ends before such a schema does.
    if (thrown instanceof RangeError) return "the schema is nested too deeply";
    if (thrown instanceof URIError) return "the schema refers to something that is not there";
    throw thrown;
  }
}

class Walk {
  readonly #root: object;
  readonly #find: (reference: string) => unknown;
  readonly #flags: readonly string[];
  readonly #known = new Map<object, number>();

  constructor(root: object, { find, takesAnyPattern = false }: SchemaReading = {}) {
    this.#root = root;
    this.#find = find ?? ((reference) => this.#pointed(reference));
    this.#flags = takesAnyPattern ? ["u", ""] : ["u"];
  }

  trouble(): string | null {
    const found = this.#look(this.#root, 0);
    if (found !== null) return found;
    return this.#unfolded(this.#root) > mostParts ? `the schema unfolds to more than ${mostParts} parts` : null;
  }

  /** Parts of the schema with its references followed; what leads back to itself counts once. */
  #unfolded(part: unknown): number {
    if (typeof part !== "object" || part === null) return 0;
    const known = this.#known.get(part);
    if (known !== undefined) return known;
    this.#known.set(part, 1);
    let parts = 1;
    for (const [key, value] of Object.entries(part)) {
      parts += this.#unfolded(key === "$ref" && typeof value === "string" ? this.#find(value) : value);
    }
    this.#known.set(part, Math.min(parts, mostParts + 1));
    return parts;
  }

  #look(part: unknown, depth: number): string | null {
    if (depth > mostDepth) return `the schema is more than ${mostDepth} levels deep`;
    if (typeof part !== "object" || part === null) return null;
    for (const [key, value] of Object.entries(part)) {
      const wrong = this.#keyTrouble(key, value) ?? this.#look(value, depth + 1);
      if (wrong !== null) return wrong;
    }
    return null;
  }

  #keyTrouble(key: string, value: unknown): string | null {
    if (key === "__proto__") return "the schema names __proto__";
    if (key === "$ref" && typeof value === "string") {
      if (value.length > mostReference) return `the schema has a reference of more than ${mostReference} characters`;
      return this.#find(value) === undefined
        ? "the schema refers to something that is not there, or outside itself"
        : null;
    }
    if (key === "$dynamicRef" || key === "$recursiveRef") return `the schema uses ${key}`;
    for (const pattern of patternsAt(key, value)) {
      if (!isPattern(pattern, this.#flags)) return "the schema has a pattern that is none";
      if (pattern.length > mostPattern || mayRunAway(pattern)) return "the schema has a pattern that may run away";
    }
    return null;
  }

  #pointed(pointer: string): unknown {
    if (!/^#(?:$|\/)/.test(pointer)) return undefined;
    let at: unknown = this.#root;
    for (const step of pointer.split("/").slice(1)) {
      const key = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
      at = typeof at === "object" && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined;
    }
    return at;
  }
}

/** The patterns that a keyword asks texts, or names of fields, to match. */
function patternsAt(key: string, value: unknown): readonly string[] {
  if (key === "pattern" && typeof value === "string") return [value];
  return key === "patternProperties" && isObject(value) ? Object.keys(value) : [];
}

function isPattern(pattern: string, each: readonly string[]): boolean {
  for (const flags of each) {
    try {
      new RegExp(pattern, flags);
      return true;
    } catch {}
  }
  return false;
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
