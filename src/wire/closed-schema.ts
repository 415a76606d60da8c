/** Whether a JSON Schema lets through a few values only, so that a closed question can be asked in its place. */

import type { JsonSchema } from "../core/schema.ts";
import { isFields } from "./fields.ts";
import { type IncomingOption, MOST_OPTIONS } from "./incoming.ts";

export interface ClosedAnswer {
  /** The object's only property; `null` where the value stands alone. */
  readonly property: string | null;
  readonly options: readonly IncomingOption[];
  /** Yes or no: the options are `yes` and `no`. */
  readonly isJudgement: boolean;
  /** What the property's own description says; empty where it says nothing. */
  readonly description: string;
}

/** References that lead in a circle end somewhere. */
const MOST_HOPS = 8;
/** A short schema can unfold to any number: so many are looked at. One a value, and as many that only lead to others. */
const MOST_VISITS = 2 * MOST_OPTIONS;
/** Each visit may follow a few. */
const MOST_REFERENCE = 1_000;

/** `null` where more than a few values would fit, or where they could not be told apart by name. */
export function closedAnswer(schema: JsonSchema): ClosedAnswer | null {
  const root = resolved(schema, schema);
  const entries = isFields(root.properties) ? Object.entries(root.properties) : [];
  const [only] = entries;
  if (!only) return closed(null, root, schema);
  const [property, inner] = only;
  return entries.length === 1 && isFields(inner) ? closed(property, resolved(inner, schema), schema) : null;
}

function closed(property: string | null, schema: JsonSchema, root: JsonSchema): ClosedAnswer | null {
  const description = typeof schema.description === "string" ? schema.description : "";
  const values = valuesOf(schema, root);
  if (values === null || values.length < 2 || values.length > MOST_OPTIONS) return null;
  const isJudgement = values.length === 2 && values.every((value) => typeof value === "boolean");
  const options = isJudgement ? yesAndNo : values.map((value) => ({ name: String(value), value, description: "" }));
  const names = new Set(options.map(({ name }) => name));
  return names.size < options.length || names.has("") ? null : { property, options, isJudgement, description };
}

const yesAndNo: readonly IncomingOption[] = [
  { name: "yes", value: true, description: "" },
  { name: "no", value: false, description: "" },
];

/** All values that fit, in the schema's order; `null` where they are not counted out, or not within the bounds. */
function valuesOf(schema: JsonSchema, root: JsonSchema): readonly IncomingOption["value"][] | null {
  const values = new Set<IncomingOption["value"]>();
  let left: readonly unknown[] = [schema];
  for (let visits = 0; visits < MOST_VISITS && left.length <= MOST_VISITS; visits++) {
    if (left.length === 0) return [...values];
    const [first, ...others] = left;
    const inside = isFields(first) ? insideOf(resolved(first, root)) : null;
    if (inside === null) return null;
    for (const value of inside.values) values.add(value);
    left = [...inside.branches, ...others];
  }
  return null;
}

/** The values that a schema lists itself, or the schemas of which one must fit; `null` where it has neither. */
function insideOf(schema: JsonSchema): {
  readonly values: readonly IncomingOption["value"][];
  readonly branches: readonly unknown[];
} | null {
  if (isValue(schema.const)) return { values: [schema.const], branches: [] };
  if (Array.isArray(schema.enum)) {
    const list: readonly unknown[] = schema.enum;
    return list.length <= MOST_VISITS && list.every(isValue) ? { values: list, branches: [] } : null;
  }
  const branches: unknown = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(branches)) return { values: [], branches };
  return schema.type === "boolean" ? { values: [true, false], branches: [] } : null;
}

function isValue(value: unknown): value is IncomingOption["value"] {
  return typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && !Number.isNaN(value));
}

/** The schema that a reference within the document points to, or the schema itself. */
function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  let at: JsonSchema = schema;
  for (let hops = 0; hops < MOST_HOPS; hops++) {
    const whole = Array.isArray(at.allOf) && at.allOf.length === 1 && isFields(at.allOf[0]) ? at.allOf[0] : at;
    const { $ref: reference } = whole;
    if (typeof reference !== "string" || !reference.startsWith("#") || reference.length > MOST_REFERENCE) return whole;
    const found = reference
      .slice(1)
      .split("/")
      .filter((part) => part !== "")
      .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
      .reduce<unknown>((inside, part) => (isFields(inside) ? inside[part] : undefined), root);
    if (!isFields(found)) return whole;
    at = found;
  }
  return at;
}
