/** A client's JSON Schema as a schema that a step can be asked with. */

import { UsageError } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import { makeRoom } from "../core/make-room.ts";
import { type JsonSchema, type Schema, withJsonSchema } from "../core/schema.ts";
import { schemaTrouble } from "../core/schema-trouble.ts";
import { TookTooLong, withinTime } from "../core/within-time.ts";
import { Check } from "../engine/check.ts";
import { refuseUnsupported } from "../engine/keywords.ts";
import { References } from "../engine/references.ts";

/**
 * Schemas by their text, `null` those that once took too long: the same one comes with every request, and what is worked
 * out of it is kept by its object.
 */
const known = new Map<string, Schema | null>();
const mostKnown = 500;
/** Milliseconds for which everybody may have to wait for one value's check. */
const longestCheck = 250;
/** What a check can come back to again and again; without it, it takes a look at each part of a value. */
const mayTakeLong = /"(?:pattern|patternProperties|\$ref|uniqueItems)":/;

/**
 * The schema, which says of a value whether it fits. Throws a `UsageError`: `E_SCHEMA_UNSUPPORTED` where it asserts what
 * cannot be checked here (an answer that nobody checked would look like one that was), `E_SCHEMA_REFUSED` where checking
 * might take for ever.
 */
export function schemaOf(jsonSchema: JsonSchema): Schema {
  const text = canonicalJson(jsonSchema);
  const found = known.get(text);
  if (found) return found;
  if (found === null) throw refused("to check a value against it took too long");
  const references = new References(jsonSchema);
  refuseTrouble(jsonSchema, references);
  const check = (value: unknown) => new Check(references).fault(jsonSchema, value, "");
  const isBounded = mayTakeLong.test(text);
  const schema: Schema = {
    "~standard": {
      version: 1,
      vendor: "pawl",
      validate(value: unknown) {
        try {
          const fault = isBounded ? withinTime(longestCheck, () => check(value)) : check(value);
          return fault ? { issues: [{ message: `it breaks "${fault.keyword}"`, path: [fault.path] }] } : { value };
        } catch (thrown) {
          if (!(thrown instanceof TookTooLong)) throw thrown;
          remember(text, null);
          return { issues: [{ message: "it takes too long to check" }] };
        }
      },
    },
  };
  return remember(text, withJsonSchema(schema, jsonSchema));
}

/** Looks through it once, in no more time than a check may take: every reference may lead through all of it. */
function refuseTrouble(jsonSchema: JsonSchema, references: References): void {
  const find = (reference: string): unknown => references.find(reference, "");
  try {
    withinTime(longestCheck, () => {
      const trouble = schemaTrouble(jsonSchema, { find, takesAnyPattern: true });
      if (trouble !== null) throw refused(trouble);
      refuseUnsupported(jsonSchema, references);
    });
  } catch (thrown) {
    throw thrown instanceof TookTooLong ? refused("to look through it takes too long") : thrown;
  }
}

function remember<S extends Schema | null>(text: string, schema: S): S {
  known.delete(text);
  makeRoom(known, mostKnown);
  known.set(text, schema);
  return schema;
}

function refused(why: string): UsageError {
  return new UsageError("E_SCHEMA_REFUSED", `this schema is not taken: ${why}`);
}
