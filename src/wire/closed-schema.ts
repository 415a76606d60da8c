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
  const values = valuesOf(schema, root, 0);
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

/** All values that fit; `null` where they are not counted out. */
function valuesOf(schema: JsonSchema, root: JsonSchema, depth: number): readonly IncomingOption["value"][] | null {
  if (depth > MOST_HOPS) return null;
  if (isValue(schema.const)) return [schema.const];
  if (Array.isArray(schema.enum)) {
    const list: readonly unknown[] = schema.enum;
    return list.every(isValue) ? [...new Set(list)] : null;
  }
  const branches = schema.anyOf ?? schema.oneOf;
  if (!Array.isArray(branches)) return schema.type === "boolean" ? [true, false] : null;
  const each = branches.map((branch: unknown) =>
    isFields(branch) ? valuesOf(resolved(branch, root), root, depth + 1) : null,
  );
  const known = each.filter((values) => values !== null);
  return known.length === each.length ? [...new Set(known.flat())] : null;
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
    if (typeof reference !== "string" || !reference.startsWith("#")) return whole;
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
