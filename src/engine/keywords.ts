/**
 * The vocabulary of JSON Schema, drafts 4 to 2020-12, as far as it asserts something, and where schemas stand inside
 * schemas. What is not in here says something to people and nothing about values, as the standard has it.
 */

import { UsageError } from "../core/errors.ts";
import type { JsonSchema } from "../core/schema.ts";
import type { References } from "./references.ts";

/** Assertions that are neither planned for nor checked. */
const REFUSED = [
  "$dynamicRef",
  "$recursiveRef",
  "unevaluatedProperties",
  "unevaluatedItems",
  "extends",
  "disallow",
  "divisibleBy",
];

const SCHEMAS = ["allOf", "anyOf", "oneOf", "prefixItems"];
const NAMED = ["properties", "patternProperties", "dependentSchemas"];
const NUMBERS = ["minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems"];
const COUNTS = ["minProperties", "maxProperties", "minContains", "maxContains"];

/** Whether this is a schema with keywords, and no boolean one. */
export function isSchema(value: unknown): value is JsonSchema {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/**
 * Walks what a value could be held to. Throws `E_SCHEMA_UNSUPPORTED` at the first assertion that would have to be
 * ignored: one that is not known here, one that is malformed, a reference that leads nowhere.
 */
export function refuseUnsupported(root: JsonSchema, references: References): void {
  const seen = new Set<unknown>();
  const visit = (schema: unknown, path: string): void => {
    if (typeof schema === "boolean" || seen.has(schema)) return;
    if (!isSchema(schema)) throw unsupported(path, String(schema), "no schema");
    seen.add(schema);
    refuseMalformed(schema, path);
    if ("$ref" in schema) visit(references.find(schema.$ref, path), path);
    for (const [inner, child] of [...besidesOf(schema, path), ...insideOf(schema, path)]) visit(child, inner);
  };
  visit(root, "");
  refuseLoops(seen, references);
}

/** Refuses a schema that asks a value to fit itself once more: nobody could ever say whether it does. */
function refuseLoops(schemas: Iterable<unknown>, references: References): void {
  const settled = new Set<unknown>();
  const follow = (schema: unknown, above: Set<unknown>): void => {
    if (!isSchema(schema) || settled.has(schema)) return;
    if (above.has(schema)) throw unsupported("", "$ref", "it leads back to itself without a field between");
    above.add(schema);
    if ("$ref" in schema) follow(references.find(schema.$ref, ""), above);
    for (const [, child] of besidesOf(schema, "")) follow(child, above);
    above.delete(schema);
    settled.add(schema);
  };
  for (const schema of schemas) follow(schema, new Set());
}

function refuseMalformed(schema: JsonSchema, path: string): void {
  const refuse = (keyword: string, why: string): never => {
    throw unsupported(path, keyword, why);
  };
  for (const keyword of REFUSED) if (keyword in schema && schema[keyword] !== true) refuse(keyword, "not supported");
  for (const keyword of [...NUMBERS, ...COUNTS])
    if (keyword in schema && typeof schema[keyword] !== "number") refuse(keyword, "no number");
  // In draft 4 an exclusive bound is a switch beside the bound.
  for (const keyword of ["exclusiveMinimum", "exclusiveMaximum"])
    if (keyword in schema && !["number", "boolean"].includes(typeof schema[keyword])) refuse(keyword, "no number");
  if ("uniqueItems" in schema && typeof schema.uniqueItems !== "boolean")
    refuse("uniqueItems", "neither true nor false");
  for (const keyword of SCHEMAS)
    if (keyword in schema && !Array.isArray(schema[keyword])) refuse(keyword, "no list of schemas");
  for (const keyword of [...NAMED, "dependencies", "dependentRequired"])
    if (keyword in schema && !isSchema(schema[keyword])) refuse(keyword, "no schemas by name");
  for (const keyword of ["required", "enum"])
    if (keyword in schema && !Array.isArray(schema[keyword])) refuse(keyword, "no list");
  for (const type of typesOf(schema) ?? []) if (!TYPES.has(type)) refuse("type", `"${type}" is unknown`);
  for (const pattern of [schema.pattern, ...Object.keys(schema.patternProperties ?? {})])
    if (pattern !== undefined && regex(String(pattern)) === null)
      refuse("pattern", `${String(pattern)} is no regular expression`);
}

const TYPES = new Set(["string", "number", "integer", "boolean", "null", "array", "object"]);

/** The types that a schema names; `null` where it names none. */
export function typesOf(schema: JsonSchema): readonly string[] | null {
  if (schema.type === undefined) return null;
  return (Array.isArray(schema.type) ? schema.type : [schema.type]).map(String);
}

/** A pattern as the standard reads it, with Unicode where it allows that; `null` where it is none. */
export function regex(pattern: string): RegExp | null {
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(pattern, flags);
    } catch {}
  }
  return null;
}

type Child = readonly [path: string, schema: unknown];

/** The schemas that this one holds the same value to. */
function besidesOf(schema: JsonSchema, path: string): Child[] {
  const single = ["not", "if", "then", "else"].filter((keyword) => keyword in schema).map((keyword) => schema[keyword]);
  const several = ["allOf", "anyOf", "oneOf"].flatMap((keyword) => (schema[keyword] as unknown[]) ?? []);
  const dependent = Object.values({ ...(schema.dependencies as object), ...(schema.dependentSchemas as object) });
  return [...single, ...several, ...dependent.filter((each) => !Array.isArray(each))].map((child) => [path, child]);
}

/** The schemas for what is inside the value. */
function insideOf(schema: JsonSchema, path: string): Child[] {
  const named = { ...(schema.properties as object), ...(schema.patternProperties as object) };
  const rest = ["additionalProperties", "propertyNames"].filter((keyword) => keyword in schema);
  const lists = ["items", "prefixItems", "additionalItems", "contains"].flatMap((keyword) => schema[keyword] ?? []);
  return [
    ...Object.entries(named).map(([name, child]): Child => [below(path, name), child]),
    ...rest.map((keyword): Child => [path, schema[keyword]]),
    ...lists.map((child): Child => [`${path}[]`, child]),
  ];
}

/** The dotted path of a field inside another. */
export function below(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** The error of a schema that cannot be filled; its value is the keyword. */
export function unsupported(path: string, keyword: string, why: string): UsageError {
  const where = path === "" ? "the schema" : `the field ${path}`;
  return new UsageError("E_SCHEMA_UNSUPPORTED", `${where} cannot be filled: "${keyword}" (${why})`, { value: keyword });
}
