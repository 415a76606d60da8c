/** A schema that a stranger sent: whether anybody should work with it, before anything else looks into it. */

import { type PatternWork, patternWork } from "./runaway-pattern.ts";

const mostCharacters = 50_000;
const mostDepth = 40;
/** Schemas that one value may meet, references followed. */
const mostParts = 5_000;
const mostPattern = 1_000;
const mostReference = 1_000;
/** Steps of a matcher: some seconds. */
const mostSteps = 3e9;

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

/** Whether the schema's patterns could keep a text of the value busy for long. `schemaTrouble` found nothing in it. */
export function tooLongForPatterns(schema: object): (value: unknown) => boolean {
  const { factors } = new Walk(schema).unfolded();
  const stepsOf = (length: number): number =>
    factors.reduce((steps, factor, power) => steps + factor * length ** power, 0);
  return (value) => textLengths(value).reduce((steps, length) => steps + stepsOf(length), 0) > mostSteps;
}

/** Lengths of all texts in a value, names of fields among them. */
function textLengths(value: unknown): readonly number[] {
  if (typeof value === "string") return [value.length];
  if (Array.isArray(value)) return value.flatMap(textLengths);
  return isObject(value) ? Object.entries(value).flatMap(([name, each]) => [name.length, ...textLengths(each)]) : [];
}

/** A schema with its references followed; what leads back to itself counts once. */
interface Unfolded {
  readonly parts: number;
  /** What its patterns cost, summed: by the power of the text's length. */
  readonly factors: readonly number[];
}

const nothing: Unfolded = { parts: 0, factors: [] };

class Walk {
  readonly #root: object;
  readonly #find: (reference: string) => unknown;
  readonly #flags: readonly string[];
  readonly #known = new Map<object, Unfolded>();
  readonly #works = new Map<string, PatternWork | null>();

  constructor(root: object, { find, takesAnyPattern = false }: SchemaReading = {}) {
    this.#root = root;
    this.#find = find ?? ((reference) => this.#pointed(reference));
    this.#flags = takesAnyPattern ? ["u", ""] : ["u"];
  }

  trouble(): string | null {
    const found = this.#look(this.#root, 0);
    if (found !== null) return found;
    return this.unfolded().parts > mostParts ? `the schema unfolds to more than ${mostParts} parts` : null;
  }

  unfolded(part: unknown = this.#root): Unfolded {
    if (typeof part !== "object" || part === null) return nothing;
    const known = this.#known.get(part);
    if (known) return known;
    this.#known.set(part, { parts: 1, factors: [] });
    let parts = 1;
    const factors: number[] = [];
    const add = (power: number, factor: number): void => {
      factors[power] = (factors[power] ?? 0) + factor;
    };
    for (const [key, value] of Object.entries(part)) {
      const inside = this.unfolded(key === "$ref" && typeof value === "string" ? this.#find(value) : value);
      parts += inside.parts;
      for (const [power, factor] of inside.factors.entries()) add(power, factor ?? 0);
      for (const pattern of patternsAt(key, value)) {
        const work = this.#workOf(pattern);
        if (work) add(work.power, work.factor);
      }
    }
    const whole = { parts: Math.min(parts, mostParts + 1), factors };
    this.#known.set(part, whole);
    return whole;
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
      if (this.#workOf(pattern) === null) return "the schema has a pattern that may run away";
    }
    return null;
  }

  #workOf(pattern: string): PatternWork | null {
    const known = this.#works.get(pattern);
    if (known !== undefined) return known;
    const work = pattern.length > mostPattern ? null : patternWork(pattern);
    this.#works.set(pattern, work);
    return work;
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
