/** Standard Schema in, JSON Schema out, and parsing that returns its issues instead of throwing them. */

import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { messageOf, UsageError } from "./errors.ts";

/** Any schema library's schema: zod 4, valibot, arktype and others. */
export type Schema<Output = unknown> = StandardSchemaV1<unknown, Output> | StandardSchemaV1<never, Output>;
export type Infer<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : never;
export type InferInput<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : never;
export type JsonSchema = { readonly [key: string]: unknown };

export interface Issue {
  /** Dotted path to the wrong value; empty for the whole. */
  readonly path: string;
  readonly message: string;
}
/** A parsed value, or the first issue; `fault` names trouble that no repair can mend. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly issue: Issue; readonly fault?: "unknown_tool" | "second_call" };

function firstIssue(issues: readonly StandardSchemaV1.Issue[]): Issue {
  const issue = issues[0];
  const path = (issue?.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
  return { path, message: issue?.message ?? "the value does not fit its schema" };
}

/** Validates a value. Sync schemas answer at once, so that a hot path need not wait for them. */
export function parse<T>(schema: Schema<T>, value: unknown): Parsed<T> | Promise<Parsed<T>> {
  let result: StandardSchemaV1.Result<T> | Promise<StandardSchemaV1.Result<T>>;
  try {
    result = schema["~standard"].validate(value);
  } catch (thrown) {
    return { ok: false, issue: { path: "", message: `the schema threw: ${messageOf(thrown)}` } };
  }
  return result instanceof Promise ? result.then(toParsed, fromThrown<T>) : toParsed(result);
}

function toParsed<T>(result: StandardSchemaV1.Result<T>): Parsed<T> {
  // A schema of somebody's own may break its contract; that is an issue, not a crash.
  if (typeof result !== "object" || result === null) {
    return { ok: false, issue: { path: "", message: "the schema gave no result" } };
  }
  return result.issues ? { ok: false, issue: firstIssue(result.issues) } : { ok: true, value: result.value };
}

function fromThrown<T>(thrown: unknown): Parsed<T> {
  return { ok: false, issue: { path: "", message: `the schema threw: ${messageOf(thrown)}` } };
}

const explicit = new WeakMap<object, JsonSchema>();

/** Attaches a JSON Schema to a schema whose library cannot produce one itself. Returns the same schema. */
export function withJsonSchema<S extends Schema>(schema: S, jsonSchema: JsonSchema): S {
  explicit.set(schema, jsonSchema);
  return schema;
}

/**
 * The JSON Schema (draft 2020-12) of what the schema takes in: this is what a model is held to.
 * Throws a `UsageError` with code `E_SCHEMA` when the library offers none or the schema cannot be expressed.
 */
export function toJsonSchema(schema: Schema, what: string): JsonSchema {
  const attached = explicit.get(schema);
  if (attached) return attached;
  const standard = schema["~standard"] as StandardSchemaV1.Props & Partial<StandardJSONSchemaV1.Props>;
  if (!standard.jsonSchema) {
    throw new UsageError(
      "E_SCHEMA",
      `${what}: ${standard.vendor} gives no JSON Schema; attach one with withJsonSchema(schema, { ... })`,
    );
  }
  try {
    const { $schema: _dialect, ...jsonSchema } = standard.jsonSchema.input({ target: "draft-2020-12" });
    return jsonSchema;
  } catch (thrown) {
    throw new UsageError("E_SCHEMA", `${what} cannot be expressed in JSON Schema: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}
