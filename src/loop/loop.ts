/** A loop: a named, versioned definition of what to do with one item. */

import { UsageError } from "../core/errors.ts";
import { shortHash } from "../core/hash.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
import { type Infer, type JsonSchema, type Schema, toJsonSchema } from "../core/schema.ts";
import type { Step } from "./step-types.ts";

export interface RunLimits {
  /** Most steps in one run; 100 by default. A turn of `step.loop` counts as one, and so does an approval. */
  readonly steps?: number;
  /** Most seconds spent in steps, waiting for people not counted; 600 by default. */
  readonly seconds?: number;
  /** Most money, in the config's currency; unlimited by default. With it, a rung without a price is refused. */
  readonly spend?: number;
}

export interface LoopDefinition<In extends Schema, Out extends Schema> {
  /** Lower-case letters, digits and `-`. */
  readonly name: string;
  /** Changes when the loop means something else. By default a hash of its code, schemas and limits. */
  readonly version?: string;
  readonly input: In;
  readonly output: Out;
  readonly limits?: RunLimits;
  /** Pure between steps: time, chance, models and the world are reached only through `step`. */
  readonly run: (item: Infer<In>, step: Step) => Promise<Infer<Out>>;
}

export interface Loop {
  readonly name: string;
  readonly version: string;
  readonly input: Schema;
  readonly output: Schema;
  readonly limits: { readonly steps: number; readonly seconds: number; readonly spend: number | null };
  readonly inputJson: JsonSchema;
  /** `null` where the output cannot be expressed in JSON Schema. */
  readonly outputJson: JsonSchema | null;
  run(item: unknown, step: Step): Promise<Json>;
}

/** Defines a loop. Throws `UsageError` at once when the definition cannot work. */
export function defineLoop<In extends Schema, Out extends Schema>(definition: LoopDefinition<In, Out>): Loop {
  const { name, input, output, limits = {} } = definition;
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new UsageError("E_LOOP_NAME", `a loop's name is lower-case letters, digits and "-": "${name}" is not`, {
      value: name,
    });
  }
  refuseUnknown("E_LOOP", `loop ${name}`, definition, ["name", "version", "input", "output", "limits", "run"]);
  refuseUnknown("E_LOOP_LIMIT", `the limits of loop ${name}`, limits, ["steps", "seconds", "spend"]);
  for (const [limit, value] of Object.entries(limits)) {
    if (typeof value !== "number" || !(value > 0)) {
      throw new UsageError("E_LOOP_LIMIT", `loop ${name}: limit ${limit} must be a number above 0`, { value });
    }
  }
  const inputJson = toJsonSchema(input, `the input of loop ${name}`);
  const outputJson = orNull(() => toJsonSchema(output, `the output of loop ${name}`));
  const version =
    definition.version ?? shortHash(canonicalJson([String(definition.run), inputJson, outputJson, limits])).slice(0, 8);
  return {
    name,
    version,
    input,
    output,
    limits: { steps: limits.steps ?? 100, seconds: limits.seconds ?? 600, spend: limits.spend ?? null },
    inputJson,
    outputJson,
    run: (item, step) => definition.run(item as Infer<In>, step) as Promise<Json>,
  };
}

function orNull<T>(make: () => T): T | null {
  try {
    return make();
  } catch {
    return null;
  }
}

/** Whether a value is a loop made by `defineLoop`, also by another copy of this package. */
export function isLoop(value: unknown): value is Loop {
  if (typeof value !== "object" || value === null) return false;
  const loop = value as Partial<Loop>;
  return typeof loop.name === "string" && typeof loop.version === "string" && typeof loop.run === "function";
}
