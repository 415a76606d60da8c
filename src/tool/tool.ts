/** A tool: a typed action with an effect, limits and prerequisites. */

import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ToolError, UsageError } from "../core/errors.ts";
import type { Effect } from "../core/question.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
import { type Infer, type JsonSchema, type Schema, toJsonSchema } from "../core/schema.ts";

export interface ToolLimits {
  /** Most calls in one run. */
  readonly perRun?: number;
  /** Most calls in one `step.loop`. */
  readonly perStep?: number;
  /** Longest that one call may take; 30 by default. */
  readonly seconds?: number;
}

export interface CallContext {
  /** `run/path`: the same for every try of the same call. Pass it on as an idempotency key. */
  readonly key: string;
  /** Aborts when the call's time is up or the run is stopped. */
  readonly signal: AbortSignal;
}

// Registered, so that a loop which brings its own copy of this package is still understood.
const missing: unique symbol = Symbol.for("pawl: not found");

/** What a tool returns for a valid call about something that does not exist. */
export interface NotFound {
  readonly [missing]: string;
}

/** Says that a valid call found nothing: an outcome of its own, not an error. */
export function notFound(reason: string): NotFound {
  return { [missing]: reason };
}

/** The reason of a `notFound`, or `undefined` for any other value. */
export function notFoundReason(value: unknown): string | undefined {
  return typeof value === "object" && value !== null && missing in value ? (value as NotFound)[missing] : undefined;
}

/** A tool that must have succeeded first, and for which arguments. */
export interface Prerequisite {
  readonly tool: AnyTool;
  /**
   * Whether an earlier successful call allows this one. By default every argument that both tools name must be
   * equal; those arguments are narrowed to the earlier values before the model is asked.
   */
  readonly match?: (args: never, earlier: never) => boolean;
}

export interface Tool<Name extends string = string, In extends Schema = Schema, Out extends Schema = Schema> {
  readonly name: Name;
  readonly description: string;
  readonly effect: Effect;
  readonly input: In;
  readonly output: Out;
  readonly after: readonly Prerequisite[];
  readonly limits: ToolLimits;
  readonly inputJson: JsonSchema;
  run(args: Infer<In>, context: CallContext): unknown;
}

/** Any tool, for lists. Arguments are checked by the tool's own schema before `run` sees them. */
export interface AnyTool {
  readonly name: string;
  readonly description: string;
  readonly effect: Effect;
  readonly input: Schema;
  readonly output: Schema;
  readonly after: readonly Prerequisite[];
  readonly limits: ToolLimits;
  readonly inputJson: JsonSchema;
  run(args: never, context: CallContext): unknown;
}

export interface ToolDefinition<Name extends string, In extends Schema, Out extends Schema> {
  /** Lower-case letters, digits and `_`, a letter first; unique among the tools offered together. */
  readonly name: Name;
  readonly description: string;
  /** Schema of the arguments: an object. */
  readonly input: In;
  readonly output: Out;
  readonly effect: Effect;
  readonly limits?: ToolLimits;
  /** Offered only once these succeeded in the same run. */
  readonly after?: readonly (AnyTool | Prerequisite)[];
  /** Sync or async. Throwing is an outcome (`failed`), as is a value that does not fit `output`. */
  readonly run: (
    args: Infer<In>,
    context: CallContext,
  ) =>
    | StandardSchemaV1.InferInput<Out & StandardSchemaV1>
    | NotFound
    | Promise<StandardSchemaV1.InferInput<Out & StandardSchemaV1> | NotFound>;
}

/** Defines a tool. Throws `ToolError` or `UsageError` at once when the definition cannot work. */
export function defineTool<const Name extends string, In extends Schema, Out extends Schema>(
  definition: ToolDefinition<Name, In, Out>,
): Tool<Name, In, Out> {
  const { name, description, effect, input, output, limits = {} } = definition;
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    throw new ToolError("E_TOOL_NAME", `a tool's name is lower-case letters, digits and _: "${name}" is not`, {
      value: name,
    });
  }
  if (!["read", "write", "irreversible"].includes(effect)) {
    throw new ToolError("E_TOOL_EFFECT", `tool ${name}: effect must be read, write or irreversible`, { value: effect });
  }
  // A tool may be made out of another one: `inputJson` is what such a spread brings along.
  const known = ["name", "description", "input", "output", "effect", "limits", "after", "run", "inputJson"];
  refuseUnknown("E_TOOL", `tool ${name}`, definition, known);
  refuseUnknown("E_TOOL_LIMIT", `the limits of tool ${name}`, limits, ["perRun", "perStep", "seconds"]);
  for (const [limit, value] of Object.entries(limits)) {
    if (typeof value !== "number" || !(value > 0)) {
      throw new ToolError("E_TOOL_LIMIT", `tool ${name}: limit ${limit} must be a number above 0`, { value });
    }
  }
  const inputJson = toJsonSchema(input, `the input of tool ${name}`);
  if (inputJson.type !== "object") {
    throw new UsageError("E_SCHEMA", `the input of tool ${name} must be an object schema`, {
      value: inputJson.type,
    });
  }
  const after = (definition.after ?? []).map((entry) => ("tool" in entry ? entry : { tool: entry }));
  return { name, description, effect, input, output, limits, after, inputJson, run: definition.run };
}
