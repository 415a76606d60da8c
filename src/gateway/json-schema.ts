/** A client's JSON Schema as a schema that a step can be asked with. */

import { canonicalJson } from "../core/json.ts";
import { type JsonSchema, type Schema, withJsonSchema } from "../core/schema.ts";
import { Check } from "../engine/check.ts";
import { refuseUnsupported } from "../engine/keywords.ts";
import { References } from "../engine/references.ts";

/** Schemas by their text: the same one comes with every request, and what is worked out of it is kept by its object. */
const known = new Map<string, Schema>();
const mostKnown = 500;

/**
 * The schema, which says of a value whether it fits. Throws a `UsageError` `E_SCHEMA_UNSUPPORTED` where it asserts what
 * cannot be checked here: an answer that nobody checked would look like one that was.
 */
export function schemaOf(jsonSchema: JsonSchema): Schema {
  const text = canonicalJson(jsonSchema);
  const found = known.get(text);
  if (found) return found;
  if (known.size >= mostKnown) known.delete(known.keys().next().value ?? "");
  const references = new References(jsonSchema);
  refuseUnsupported(jsonSchema, references);
  const check = new Check(references);
  const schema: Schema = {
    "~standard": {
      version: 1,
      vendor: "pawl",
      validate(value: unknown) {
        const fault = check.fault(jsonSchema, value, "");
        return fault ? { issues: [{ message: `it breaks "${fault.keyword}"`, path: [fault.path] }] } : { value };
      },
    },
  };
  known.set(text, withJsonSchema(schema, jsonSchema));
  return schema;
}
