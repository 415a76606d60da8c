/**
 * Whether a value fits a JSON Schema, and where not. Planning makes a fit likely; this is what makes it certain:
 * nothing leaves the engine that has not passed. Covers every assertion that `refuseUnsupported` lets through.
 */

import { canonicalJson } from "../core/json.ts";
import type { JsonSchema } from "../core/schema.ts";
import { fitsFormat } from "./formats.ts";
import { below, isSchema, regex, typesOf } from "./keywords.ts";
import type { References } from "./references.ts";

/** What a value breaks: the first keyword found, and the dotted path of the value that it is about. */
export interface Fault {
  readonly path: string;
  readonly keyword: string;
}

export class Check {
  readonly #references: References;

  constructor(references: References) {
    this.#references = references;
  }

  /** Whether the value fits; `fault` says where not. */
  fits(schema: unknown, value: unknown): boolean {
    return this.fault(schema, value, "") === null;
  }

  /** The first thing that the value breaks, `path` being where it stands. */
  fault(schema: unknown, value: unknown, path: string): Fault | null {
    if (typeof schema === "boolean") return schema ? null : { path, keyword: "false" };
    if (!isSchema(schema)) return { path, keyword: "schema" };
    return (
      this.#reference(schema, value, path) ??
      kindFault(schema, value, path) ??
      this.#combined(schema, value, path) ??
      (typeof value === "string" ? textFault(schema, value, path) : null) ??
      (typeof value === "number" ? numberFault(schema, value, path) : null) ??
      (Array.isArray(value) ? this.#array(schema, value, path) : null) ??
      (isSchema(value) ? this.#object(schema, value, path) : null)
    );
  }

  #reference(schema: JsonSchema, value: unknown, path: string): Fault | null {
    return "$ref" in schema ? this.fault(this.#references.find(schema.$ref, path), value, path) : null;
  }

  #combined(schema: JsonSchema, value: unknown, path: string): Fault | null {
    for (const each of listOf(schema.allOf)) {
      const fault = this.fault(each, value, path);
      if (fault) return fault;
    }
    const fitting = (keyword: string) => listOf(schema[keyword]).filter((each) => this.fits(each, value)).length;
    if ("anyOf" in schema && fitting("anyOf") === 0) return { path, keyword: "anyOf" };
    if ("oneOf" in schema && fitting("oneOf") !== 1) return { path, keyword: "oneOf" };
    if ("not" in schema && this.fits(schema.not, value)) return { path, keyword: "not" };
    if (!("if" in schema)) return null;
    const branch = this.fits(schema.if, value) ? "then" : "else";
    return branch in schema ? this.fault(schema[branch], value, path) : null;
  }

  #array(schema: JsonSchema, value: readonly unknown[], path: string): Fault | null {
    const broken = (keyword: string): Fault => ({ path, keyword });
    if (value.length < numberOr(schema.minItems, 0)) return broken("minItems");
    if (value.length > numberOr(schema.maxItems, Infinity)) return broken("maxItems");
    if (schema.uniqueItems === true && new Set(value.map(canonicalJson)).size < value.length)
      return broken("uniqueItems");
    if ("contains" in schema) {
      const count = value.filter((item) => this.fits(schema.contains, item)).length;
      if (count < numberOr(schema.minContains, 1)) return broken("contains");
      if (count > numberOr(schema.maxContains, Infinity)) return broken("maxContains");
    }
    for (const [index, item] of value.entries()) {
      const fault = this.fault(itemSchema(schema, index), item, `${path}[${index}]`);
      if (fault) return fault;
    }
    return null;
  }

  #object(schema: JsonSchema, value: JsonSchema, path: string): Fault | null {
    const names = Object.keys(value);
    const missing = (wanted: unknown) => listOf(wanted).some((name) => !Object.hasOwn(value, String(name)));
    if (missing(schema.required)) return { path, keyword: "required" };
    if (names.length < numberOr(schema.minProperties, 0)) return { path, keyword: "minProperties" };
    if (names.length > numberOr(schema.maxProperties, Infinity)) return { path, keyword: "maxProperties" };
    for (const keyword of ["dependentRequired", "dependencies", "dependentSchemas"]) {
      for (const [name, asked] of Object.entries(schema[keyword] ?? {})) {
        if (!Object.hasOwn(value, name)) continue;
        if (Array.isArray(asked) ? missing(asked) : !this.fits(asked, value)) return { path, keyword };
      }
    }
    for (const name of names) {
      if ("propertyNames" in schema && !this.fits(schema.propertyNames, name))
        return { path, keyword: "propertyNames" };
      for (const inner of memberSchemas(schema, name)) {
        const fault =
          inner === false
            ? { path, keyword: "additionalProperties" }
            : this.fault(inner, value[name], below(path, name));
        if (fault) return fault;
      }
    }
    return null;
  }
}

/** What a schema asks of the item at this place. */
export function itemSchema(schema: JsonSchema, index: number): unknown {
  const first = schema.prefixItems ?? schema.items;
  if (!Array.isArray(first)) return schema.items ?? true;
  if (index < first.length) return first[index];
  return (schema.prefixItems === undefined ? schema.additionalItems : schema.items) ?? true;
}

/** What a schema asks of the property of this name. */
export function memberSchemas(schema: JsonSchema, name: string): unknown[] {
  const own = isSchema(schema.properties) && Object.hasOwn(schema.properties, name) ? [schema.properties[name]] : [];
  const matching = Object.entries(schema.patternProperties ?? {}).filter(([pattern]) => regex(pattern)?.test(name));
  const named = [...own, ...matching.map(([, inner]) => inner)];
  return named.length > 0 ? named : [schema.additionalProperties ?? true];
}

function kindFault(schema: JsonSchema, value: unknown, path: string): Fault | null {
  const types = typesOf(schema);
  if (types !== null && !types.some((type) => isOf(type, value))) return { path, keyword: "type" };
  const same = (other: unknown) => canonicalJson(other) === canonicalJson(value);
  if ("const" in schema && !same(schema.const)) return { path, keyword: "const" };
  if (Array.isArray(schema.enum) && !schema.enum.some(same)) return { path, keyword: "enum" };
  return null;
}

function isOf(type: string, value: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isSchema(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

function textFault(schema: JsonSchema, value: string, path: string): Fault | null {
  const length = [...value].length;
  if (length < numberOr(schema.minLength, 0)) return { path, keyword: "minLength" };
  if (length > numberOr(schema.maxLength, Infinity)) return { path, keyword: "maxLength" };
  if (schema.pattern !== undefined && !regex(String(schema.pattern))?.test(value)) return { path, keyword: "pattern" };
  return fitsFormat(schema.format, value) ? null : { path, keyword: "format" };
}

function numberFault(schema: JsonSchema, value: number, path: string): Fault | null {
  const { min, max, above, under } = boundsOf(schema);
  if (value < min || (above && value === min)) return { path, keyword: "minimum" };
  if (value > max || (under && value === max)) return { path, keyword: "maximum" };
  if (typeof schema.multipleOf !== "number") return null;
  // In floating point 0.3 / 0.1 is a little less than 3: as much as four roundings may come to is forgiven.
  const times = value / schema.multipleOf;
  const isWhole = Math.abs(times - Math.round(times)) <= 4 * Number.EPSILON * Math.abs(times);
  return isWhole ? null : { path, keyword: "multipleOf" };
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** The bound itself is left out. */
  readonly above: boolean;
  readonly under: boolean;
}

/** The bounds of a number; draft 4 says `exclusiveMinimum: true` beside a `minimum`. */
export function boundsOf(schema: JsonSchema): Bounds {
  const [low, high] = [numberOr(schema.minimum, -Infinity), numberOr(schema.maximum, Infinity)];
  const min = Math.max(low, numberOr(schema.exclusiveMinimum, -Infinity));
  const max = Math.min(high, numberOr(schema.exclusiveMaximum, Infinity));
  return {
    min,
    max,
    above: schema.exclusiveMinimum === true || schema.exclusiveMinimum === min,
    under: schema.exclusiveMaximum === true || schema.exclusiveMaximum === max,
  };
}

/** The list that a keyword holds; none where it is missing. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The number that a keyword holds, or what stands for a missing one. */
export function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
