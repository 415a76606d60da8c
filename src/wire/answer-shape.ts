/** The JSON that an answer is to be, as a schema, and how it is taken out of that again. */

import type { Json } from "../core/json.ts";
import { namesOf, type Question } from "../core/question.ts";
import type { JsonSchema } from "../core/schema.ts";
import { isFields } from "./fields.ts";
import { embedded, isStrict, withoutMore } from "./schema-form.ts";

export interface AnswerShape {
  readonly schema: { readonly [key: string]: Json };
  /** The property that holds the answer; `null` where the whole is the answer. */
  readonly inside: string | null;
  /** Whether every property is required and none beyond them is let in, as a strict schema must have it. */
  readonly strict: boolean;
}

const INSIDE = "answer";

function wrapped(inner: JsonSchema, definitions: JsonSchema): AnswerShape {
  const schema = asJson({
    type: "object",
    properties: { [INSIDE]: inner },
    required: [INSIDE],
    additionalProperties: false,
    ...(Object.keys(definitions).length > 0 ? { $defs: definitions } : {}),
  });
  return { schema, inside: INSIDE, strict: isStrict(schema) };
}

export function nameShape(names: readonly string[]): AnswerShape {
  return wrapped({ type: "string", enum: names }, {});
}

/** The fields themselves; where there is a way out, either they or its name. */
export function fieldsShape({ fields, otherwise }: Pick<Question, "fields" | "otherwise">): AnswerShape {
  const schema = withoutMore(fields ?? {});
  if (otherwise === null && schema.type === "object") {
    const whole = asJson(schema);
    return { schema: whole, inside: null, strict: isStrict(whole) };
  }
  const { inner, definitions } = embedded(schema, "fields");
  return wrapped(otherwise === null ? inner : { anyOf: [inner, { type: "string", enum: [otherwise] }] }, definitions);
}

/** One of the calls: `{ tool, args }`. What is no tool (the way out, the end of a loop) has no arguments. */
export function callShape(question: Pick<Question, "options" | "otherwise" | "tools">): AnswerShape {
  const all: { [name: string]: unknown } = {};
  const tools = new Map(question.tools.map((tool) => [tool.name, tool]));
  const branches = namesOf(question).map((name, index) => {
    const tool = tools.get(name);
    const { inner, definitions } = embedded(withoutMore(tool?.input ?? noArguments), `tool${index}`);
    Object.assign(all, definitions);
    return {
      type: "object",
      properties: { tool: { type: "string", enum: [name] }, args: inner },
      required: ["tool", "args"],
      additionalProperties: false,
    };
  });
  return wrapped({ anyOf: branches }, all);
}

export const noArguments: JsonSchema = { type: "object", properties: {}, required: [], additionalProperties: false };

/** A schema is JSON by its nature; what is not is left out, as on its way over the wire. */
export function asJson(schema: JsonSchema): { readonly [key: string]: Json } {
  return JSON.parse(JSON.stringify(schema)) as { readonly [key: string]: Json };
}

/** The answer inside what was said, and whether it stood where it should. */
export function unwrap(shape: AnswerShape, said: unknown): { readonly value: unknown; readonly fits: boolean } {
  if (shape.inside === null) return { value: said, fits: isFields(said) };
  if (isFields(said) && Object.hasOwn(said, shape.inside)) return { value: said[shape.inside], fits: true };
  return { value: said, fits: false };
}
