/** Whether a value fits a JSON Schema, as far as a person's slip of the finger goes. The loop's own schema decides. */

import type { Json } from "../core/json.ts";
import type { JsonSchema } from "../core/schema.ts";

/** The first thing that is wrong, in words, or `null`. Knows types, enumerations, constants, members and items. */
export function misfit(schema: JsonSchema, value: Json | undefined, path = ""): string | null {
  const at = path === "" ? "the value" : path;
  if (value === undefined) return `${at} is missing`;
  if (schema.const !== undefined && schema.const !== value) return `${at} must be ${JSON.stringify(schema.const)}`;
  if (Array.isArray(schema.enum) && !schema.enum.some((one) => JSON.stringify(one) === JSON.stringify(value))) {
    return `${at} must be one of ${schema.enum.map((one) => JSON.stringify(one)).join(", ")}`;
  }
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type as string[] | undefined);
  if (types && !types.some((type) => isOf(type, value))) return `${at} must be of type ${types.join(" or ")}`;
  if (typeof value === "string" && typeof schema.pattern === "string" && !matches(schema.pattern, value)) {
    return `${at} must match ${schema.pattern}`;
  }
  if (Array.isArray(value)) {
    return firstOf(value.map((one, index) => misfit((schema.items ?? {}) as JsonSchema, one, `${path}[${index}]`)));
  }
  if (typeof value !== "object" || value === null) return null;
  return misfitMembers(schema, value as { readonly [name: string]: Json | undefined }, path);
}

function misfitMembers(
  schema: JsonSchema,
  value: { readonly [name: string]: Json | undefined },
  path: string,
): string | null {
  const properties = (schema.properties ?? {}) as { readonly [name: string]: JsonSchema };
  const required = (schema.required ?? []) as readonly string[];
  const below = (name: string): string => (path === "" ? name : `${path}.${name}`);
  const missing = required.find((name) => value[name] === undefined);
  if (missing !== undefined) return `${below(missing)} is missing`;
  if (schema.additionalProperties === false) {
    const extra = Object.keys(value).find((name) => !Object.hasOwn(properties, name));
    if (extra !== undefined)
      return `${below(extra)} is not known here; there are ${Object.keys(properties).join(", ")}`;
  }
  const there = Object.entries(properties).filter(([name]) => value[name] !== undefined);
  return firstOf(there.map(([name, member]) => misfit(member, value[name], below(name))));
}

function firstOf(problems: readonly (string | null)[]): string | null {
  return problems.find((problem) => problem !== null) ?? null;
}

function isOf(type: string, value: Json): boolean {
  switch (type) {
    case "integer":
      return Number.isInteger(value);
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    // A pattern that this engine does not read cannot be checked here.
    return true;
  }
}
