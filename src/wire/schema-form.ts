/** JSON Schemas brought into the form that structured outputs want. */

import type { JsonSchema } from "../core/schema.ts";
import { isFields } from "./fields.ts";

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const one = [
  "items",
  "additionalProperties",
  "unevaluatedItems",
  "unevaluatedProperties",
  "not",
  "if",
  "then",
  "else",
  "contains",
  "propertyNames",
];
const many = ["anyOf", "oneOf", "allOf", "prefixItems"];
const named = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/** What a strict schema may not say (documentation of OpenAI's structured outputs). */
const notStrict = [
  "oneOf",
  "allOf",
  "not",
  "if",
  "then",
  "else",
  "patternProperties",
  "propertyNames",
  "dependentSchemas",
  "dependentRequired",
  "prefixItems",
  "contains",
  "minLength",
  "maxLength",
  "uniqueItems",
  "default",
];

/** The schema with each schema inside it, and then itself, changed; but for those that are to be left as they are. */
function mapped(
  schema: JsonSchema,
  change: (schema: JsonSchema) => JsonSchema,
  isLeft: (schema: JsonSchema) => boolean = () => false,
): JsonSchema {
  if (isLeft(schema)) return schema;
  const deeper = (value: unknown): unknown => (isFields(value) ? mapped(value, change, isLeft) : value);
  const copy: { [key: string]: unknown } = {};
  for (const [key, value] of Object.entries(schema)) {
    if (one.includes(key)) copy[key] = deeper(value);
    else if (many.includes(key) && Array.isArray(value)) copy[key] = value.map(deeper);
    else if (named.includes(key) && isFields(value)) {
      copy[key] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, deeper(inner)]));
    } else copy[key] = value;
  }
  return change(copy);
}

/** Several schemas judge one value: each of them lets in the properties of the others, and closed it would not. */
function combines(schema: JsonSchema): boolean {
  const has = (key: string): boolean => Object.hasOwn(schema, key);
  // A list of one, alone, is a way to write a reference.
  const inAll = Array.isArray(schema.allOf) ? schema.allOf.length : 0;
  const judges = inAll + ["properties", "$ref", "anyOf", "oneOf"].filter(has).length;
  return judges > 1 || ["not", "if", "then", "else", "dependentSchemas"].some(has);
}

/**
 * Objects let in nothing beyond their properties, unless the schema itself says what else they let in, or that is said
 * by several together.
 */
export function withoutMore(schema: JsonSchema): JsonSchema {
  let refers = false;
  mapped(schema, (inner) => {
    refers ||= combines(inner) && JSON.stringify(inner).includes('"$ref"');
    return inner;
  });
  // Any part of the schema may be one of the several.
  if (refers) return schema;
  const close = (inner: JsonSchema): JsonSchema =>
    isFields(inner.properties) && inner.additionalProperties === undefined && inner.unevaluatedProperties === undefined
      ? { ...inner, additionalProperties: false }
      : inner;
  return mapped(schema, close, combines);
}

/** Whether a strict mode takes it: all properties required, none beyond them, no keyword that it does not know. */
export function isStrict(schema: JsonSchema): boolean {
  let strict = true;
  mapped(schema, (inner) => {
    if (notStrict.some((key) => Object.hasOwn(inner, key))) strict = false;
    const isObject = inner.type === "object" || isFields(inner.properties);
    const names = Object.keys(isFields(inner.properties) ? inner.properties : {});
    const required: readonly unknown[] = Array.isArray(inner.required) ? inner.required : [];
    if (isObject && (inner.additionalProperties !== false || names.some((name) => !required.includes(name)))) {
      strict = false;
    }
    return inner;
  });
  return strict;
}

/** Bounds that Anthropic's structured outputs refuse (documentation); the author's schema checks them all the same. */
const bounds = [
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "maxItems",
  "uniqueItems",
];

export function withoutBounds(schema: JsonSchema): JsonSchema {
  return mapped(schema, (inner) => {
    const kept = Object.entries(inner).filter(
      ([key, value]) => !bounds.includes(key) && !(key === "minItems" && typeof value === "number" && value > 1),
    );
    return Object.fromEntries(kept);
  });
}

/**
 * A schema that is to stand inside another: its definitions apart, under names of their own, and its references
 * pointing there. A reference to the whole, or to a part that is no definition, points into the whole as a definition.
 */
export function embedded(
  schema: JsonSchema,
  prefix: string,
): { readonly inner: JsonSchema; readonly definitions: JsonSchema } {
  const { $defs, definitions, $schema: _dialect, $id: _id, ...rest } = schema;
  let pointsToWhole = false;
  const pointed = (inner: JsonSchema): JsonSchema => {
    if (typeof inner.$ref !== "string") return inner;
    const own = /^#\/(?:\$defs|definitions)\/(.*)$/s.exec(inner.$ref)?.[1];
    if (own !== undefined) return { ...inner, $ref: `#/$defs/${prefix}_${own}` };
    const path = /^#(\/.*)?$/s.exec(inner.$ref);
    if (!path) return inner;
    pointsToWhole = true;
    return { ...inner, $ref: `#/$defs/${prefix}${path[1] ?? ""}` };
  };
  const own = { ...(isFields($defs) ? $defs : {}), ...(isFields(definitions) ? definitions : {}) };
  const moved = Object.entries(own).map(([name, inner]): [string, unknown] => [
    `${prefix}_${name}`,
    isFields(inner) ? mapped(inner, pointed) : inner,
  ]);
  const inner = mapped(rest, pointed);
  return { inner, definitions: Object.fromEntries([...moved, ...(pointsToWhole ? [[prefix, inner] as const] : [])]) };
}
