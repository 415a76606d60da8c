/** A client's JSON Schema as a schema that a step can be asked with. */

import { UsageError } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import { type PatternWork, patternWork } from "../core/runaway-pattern.ts";
import { type JsonSchema, type Schema, withJsonSchema } from "../core/schema.ts";
import { schemaTrouble } from "../core/schema-trouble.ts";
import { Check, type Fault } from "../engine/check.ts";
import { isSchema, refuseUnsupported } from "../engine/keywords.ts";
import { References } from "../engine/references.ts";

/** Schemas by their text: the same one comes with every request, and what is worked out of it is kept by its object. */
const known = new Map<string, Schema>();
const mostKnown = 500;

/**
 * The schema, which says of a value whether it fits. Throws a `UsageError`: `E_SCHEMA_UNSUPPORTED` where it asserts what
 * cannot be checked here (an answer that nobody checked would look like one that was), `E_SCHEMA_REFUSED` where checking
 * might take for ever.
 */
export function schemaOf(jsonSchema: JsonSchema): Schema {
  const text = canonicalJson(jsonSchema);
  const found = known.get(text);
  if (found) return found;
  if (known.size >= mostKnown) known.delete(known.keys().next().value ?? "");
  const references = new KnownReferences(jsonSchema);
  const trouble = schemaTrouble(jsonSchema, {
    find: (reference) => references.find(reference, ""),
    takesAnyPattern: true,
  });
  if (trouble !== null) throw new UsageError("E_SCHEMA_REFUSED", `this schema is not taken: ${trouble}`);
  refuseUnsupported(jsonSchema, references);
  const works = new Map<string, PatternWork | null>();
  const workOf = (pattern: string): PatternWork | null => {
    const work = works.get(pattern);
    if (work !== undefined) return work;
    const made = patternWork(pattern);
    works.set(pattern, made);
    return made;
  };
  const schema: Schema = {
    "~standard": {
      version: 1,
      vendor: "pawl",
      validate(value: unknown) {
        const fault = new BoundedCheck(references, workOf).fault(jsonSchema, value, "");
        return fault ? { issues: [{ message: `it breaks "${fault.keyword}"`, path: [fault.path] }] } : { value };
      },
    },
  };
  known.set(text, withJsonSchema(schema, jsonSchema));
  return schema;
}

/** Looks for each reference once. */
class KnownReferences extends References {
  readonly #found = new Map<unknown, unknown>();

  override find(reference: unknown, path: string): unknown {
    if (!this.#found.has(reference)) this.#found.set(reference, super.find(reference, path));
    return this.#found.get(reference);
  }
}

/** Schemas that may be held against parts of one value, and what else it may cost, in nanoseconds or so. */
const mostLooks = 50_000;
const mostWork = 1e9;

/**
 * A check of one value that ends: a schema that contains itself several times can be held against a deep value in more
 * ways than anybody could try. Throws where it would be too much; the value does not fit then.
 */
class BoundedCheck extends Check {
  readonly #workOf: (pattern: string) => PatternWork | null;
  #looks = 0;
  #work = 0;

  constructor(references: References, workOf: (pattern: string) => PatternWork | null) {
    super(references);
    this.#workOf = workOf;
  }

  override fault(schema: unknown, value: unknown, path: string): Fault | null {
    this.#looks++;
    if (isSchema(schema)) this.#work += this.#matching(schema, value) + comparing(schema, value);
    if (this.#looks > mostLooks || this.#work > mostWork) throw new Error("it takes too long to check");
    return super.fault(schema, value, path);
  }

  /** Most that the patterns of a schema can cost with this value. */
  #matching({ pattern, patternProperties }: JsonSchema, value: unknown): number {
    if (typeof value === "string") return pattern === undefined ? 0 : this.#steps(String(pattern), value);
    if (!isSchema(patternProperties) || !isSchema(value)) return 0;
    const names = Object.keys(value);
    const each = Object.keys(patternProperties).flatMap((own) => names.map((name) => this.#steps(own, name)));
    return each.reduce((sum, steps) => sum + steps, 0);
  }

  #steps(pattern: string, text: string): number {
    const work = this.#workOf(pattern);
    return work ? 50 + work.factor * text.length ** work.power : Infinity;
  }
}

/** What it costs to compare a value with all that is listed. */
function comparing(schema: JsonSchema, value: unknown): number {
  const listed = Array.isArray(schema.enum) ? schema.enum.length : 0;
  const times = listed + ("const" in schema || schema.uniqueItems === true ? 1 : 0);
  return times === 0 ? 0 : times * (500 + 10 * (JSON.stringify(value)?.length ?? 0));
}
