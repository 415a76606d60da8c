/**
 * What a JSON Schema asks of whoever fills it. A keyword that filling cannot honour is an error that names it:
 * none is ever ignored silently. Knows nothing of models.
 */

import { UsageError } from "../core/errors.ts";
import type { JsonSchema } from "../core/schema.ts";
import { FORMATS } from "./formats.ts";

export type Scalar = string | number | boolean | null;

export type Plan =
  /** One of these, told apart by reading. A single one is written by the host. */
  | { readonly kind: "among"; readonly values: readonly Scalar[] }
  | {
      readonly kind: "string";
      readonly patterns: readonly string[];
      readonly format: string | null;
      readonly min: number;
      readonly max: number | null;
    }
  | { readonly kind: "number"; readonly integer: boolean; readonly min: number; readonly max: number }
  | {
      readonly kind: "array";
      readonly items: Plan;
      readonly min: number;
      readonly max: number;
      /** The author would have allowed more items than are ever filled. */
      readonly capped: boolean;
      readonly unique: boolean;
    }
  | { readonly kind: "object"; readonly members: readonly Member[] }
  | { readonly kind: "nullable"; readonly plan: Plan };

export interface Member {
  readonly name: string;
  readonly plan: Plan;
  readonly required: boolean;
}

/** Integers in a range of at most this many are read rather than written. */
const READABLE_RANGE = 32;
/** An array without `maxItems` ends here at the latest; so does one whose `maxItems` is larger. */
const MOST_ITEMS = 32;
const DEEPEST = 8;

/** They say something to people, or what the host does anyway: it writes the properties and nothing else. */
const HARMLESS = new Set([
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
  "$schema",
  "$id",
  "$comment",
  "$defs",
  "definitions",
  "$anchor",
  "id",
  "contentEncoding",
  "contentMediaType",
]);

const KNOWN: { readonly [type: string]: readonly string[] } = {
  string: ["minLength", "maxLength", "pattern", "format"],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
  integer: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "format"],
  boolean: [],
  null: [],
  array: ["items", "minItems", "maxItems", "uniqueItems"],
  object: ["properties", "required", "additionalProperties", "propertyNames"],
};

/** The plan of an object schema. Throws a `UsageError` with code `E_SCHEMA_UNSUPPORTED` naming path and keyword. */
export function planOf(schema: JsonSchema): Plan & { readonly kind: "object" } {
  const plan = new Planner(schema).plan(schema, "", 0);
  if (plan.kind !== "object") throw unsupported("", "type", "only an object can be filled");
  return plan;
}

class Planner {
  readonly #root: JsonSchema;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  plan(raw: unknown, path: string, depth: number): Plan {
    if (raw === null || typeof raw !== "object" || Array.isArray(raw))
      throw unsupported(path, String(raw), "no schema");
    if (depth > DEEPEST) throw unsupported(path, "$ref", `nested deeper than ${DEEPEST}`);
    const schema = raw as JsonSchema;
    if ("$ref" in schema) {
      const beside = Object.keys(schema).find((key) => key !== "$ref" && !HARMLESS.has(key));
      if (beside !== undefined) throw unsupported(path, beside, "it stands beside a $ref");
    }
    if ("$ref" in schema) return this.plan(this.#resolve(schema.$ref, path), path, depth + 1);
    if ("const" in schema) return this.#among(schema, [schema.const], "const", path);
    if (Array.isArray(schema.enum)) return this.#among(schema, schema.enum, "enum", path);
    for (const keyword of ["anyOf", "oneOf"]) {
      if (Array.isArray(schema[keyword])) return this.#either(schema, schema[keyword], keyword, path, depth);
    }
    const types = Array.isArray(schema.type) ? schema.type : [schema.type];
    const real = types.filter((type) => type !== "null");
    if (types.length === 1 && types[0] === "null")
      return this.#checked(schema, "null", path, { kind: "among", values: [null] });
    if (schema.type === undefined) {
      const keyword = Object.keys(schema).find((key) => !HARMLESS.has(key)) ?? "type";
      throw unsupported(path, keyword, "it says no type");
    }
    if (real.length !== 1) throw unsupported(path, "type", `${JSON.stringify(schema.type)} is not one type`);
    const plan = this.#typed(schema, String(real[0]), path, depth);
    return real.length < types.length ? nullable(plan) : plan;
  }

  #typed(schema: JsonSchema, type: string, path: string, depth: number): Plan {
    switch (type) {
      case "boolean":
        return this.#checked(schema, type, path, { kind: "among", values: [true, false] });
      case "string":
        return this.#checked(schema, type, path, stringPlan(schema, path));
      case "integer":
      case "number":
        return this.#checked(schema, type, path, numberPlan(schema, type === "integer", path));
      case "array": {
        if (!("items" in schema)) throw unsupported(path, "items", "an array needs to say what is in it");
        const max = Math.min(MOST_ITEMS, numberOr(schema.maxItems, MOST_ITEMS));
        const min = numberOr(schema.minItems, 0);
        if (min > max) throw unsupported(path, "minItems", `more than ${max}`);
        const items = this.plan(schema.items, `${path}[]`, depth + 1);
        return this.#checked(schema, type, path, {
          kind: "array",
          capped: numberOr(schema.maxItems, Number.POSITIVE_INFINITY) > MOST_ITEMS,
          items,
          min,
          max,
          unique: schema.uniqueItems === true,
        });
      }
      case "object": {
        const properties = schema.properties;
        if (properties === null || typeof properties !== "object" || Object.keys(properties).length === 0) {
          // A record has open keys, which nobody can read off a question.
          const open = schema.additionalProperties ?? true;
          if (open !== false && path !== "") throw unsupported(path, "additionalProperties", "keys are not known");
          return this.#checked(schema, type, path, { kind: "object", members: [] });
        }
        const required = new Set(Array.isArray(schema.required) ? schema.required : []);
        const members = Object.entries(properties).map(([name, inner]) => ({
          name,
          plan: this.plan(inner, path === "" ? name : `${path}.${name}`, depth + 1),
          required: required.has(name),
        }));
        return this.#checked(schema, type, path, { kind: "object", members });
      }
      default:
        throw unsupported(path, "type", `"${type}" is unknown`);
    }
  }

  #among(schema: JsonSchema, raw: readonly unknown[], keyword: string, path: string): Plan {
    const values = raw.map((value) => {
      if (value === null || ["string", "number", "boolean"].includes(typeof value)) return value as Scalar;
      throw unsupported(path, keyword, "only texts, numbers, booleans and null can be read");
    });
    if (values.length === 0) throw unsupported(path, keyword, "it is empty");
    for (const other of Object.keys(schema)) {
      if (other !== keyword && other !== "type" && !HARMLESS.has(other))
        throw unsupported(path, other, `beside ${keyword}`);
    }
    return { kind: "among", values: [...new Set(values)] };
  }

  #either(schema: JsonSchema, branches: readonly unknown[], keyword: string, path: string, depth: number): Plan {
    for (const other of Object.keys(schema)) {
      if (other !== keyword && other !== "type" && !HARMLESS.has(other))
        throw unsupported(path, other, `beside ${keyword}`);
    }
    const plans = branches.map((branch) => this.plan(branch, path, depth + 1));
    const scalars = plans.flatMap((plan) => (plan.kind === "among" ? plan.values : []));
    const others = plans.filter((plan) => plan.kind !== "among");
    if (others.length === 0) return { kind: "among", values: [...new Set(scalars)] };
    const [only] = others;
    if (only && others.length === 1 && scalars.every((value) => value === null))
      return scalars.length > 0 ? nullable(only) : only;
    throw unsupported(path, keyword, "only fixed values, or one schema and null, can be told apart");
  }

  #checked(schema: JsonSchema, type: string, path: string, plan: Plan): Plan {
    const known = KNOWN[type] ?? [];
    for (const keyword of Object.keys(schema)) {
      if (keyword === "type" || known.includes(keyword) || HARMLESS.has(keyword)) continue;
      throw unsupported(path, keyword, `of a ${type}`);
    }
    return plan;
  }

  #resolve(reference: unknown, path: string): unknown {
    if (typeof reference !== "string" || !reference.startsWith("#")) throw unsupported(path, "$ref", String(reference));
    let at: unknown = this.#root;
    for (const part of reference.slice(1).split("/").filter(Boolean)) {
      const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
      at = at !== null && typeof at === "object" && Object.hasOwn(at, key) ? (at as JsonSchema)[key] : undefined;
    }
    if (at === undefined) throw unsupported(path, "$ref", `${reference} is not there`);
    return at;
  }
}

function stringPlan(schema: JsonSchema, path: string): Plan {
  const pattern = schema.pattern;
  const format = schema.format;
  if (typeof format === "string" && !Object.hasOwn(FORMATS, format))
    throw unsupported(path, "format", `"${format}" is unknown`);
  if (typeof pattern === "string") {
    try {
      new RegExp(pattern);
    } catch {
      throw unsupported(path, "pattern", `${pattern} is no regular expression`);
    }
  }
  return {
    kind: "string",
    patterns: typeof pattern === "string" ? [pattern] : [],
    format: typeof format === "string" ? format : null,
    min: numberOr(schema.minLength, 0),
    max: typeof schema.maxLength === "number" ? schema.maxLength : null,
  };
}

function numberPlan(schema: JsonSchema, integer: boolean, path: string): Plan {
  // A nudge past an exclusive bound: one for integers, and for the rest the check outside decides.
  const step = integer ? 1 : 0;
  const whole = (value: number, up: boolean) => (integer ? (up ? Math.ceil(value) : Math.floor(value)) : value);
  const low = Math.max(numberOr(schema.minimum, -Infinity), numberOr(schema.exclusiveMinimum, -Infinity) + step);
  const high = Math.min(numberOr(schema.maximum, Infinity), numberOr(schema.exclusiveMaximum, Infinity) - step);
  const [min, max] = [whole(low, true), whole(high, false)];
  if (min > max) throw unsupported(path, "maximum", "no number lies between the bounds");
  if (integer && max - min < READABLE_RANGE) {
    return { kind: "among", values: Array.from({ length: max - min + 1 }, (_, index) => min + index) };
  }
  return { kind: "number", integer, min, max };
}

function nullable(plan: Plan): Plan {
  if (plan.kind === "among") return { kind: "among", values: [...new Set([...plan.values, null])] };
  return plan.kind === "nullable" ? plan : { kind: "nullable", plan };
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

function unsupported(path: string, keyword: string, why: string): UsageError {
  const where = path === "" ? "the schema" : `the field ${path}`;
  return new UsageError("E_SCHEMA_UNSUPPORTED", `${where} cannot be filled: "${keyword}" (${why})`, { value: keyword });
}
