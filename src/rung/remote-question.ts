/** The question as it is sent where values are taken out: without patterns and formats, which no placeholder fits. */

import { Question } from "../core/question.ts";
import type { JsonSchema } from "../core/schema.ts";

const loosened = new WeakMap<object, JsonSchema>();

/** The same question with looser schemas. What comes back is held to the author's own, which has the last word. */
export function withoutPatterns(question: Question): Question {
  if (question.fields === null && question.tools.length === 0) return question;
  const { name, path, about, parse, reread } = question;
  const fields = question.fields && loose(question.fields);
  const tools = question.tools.map((tool) => ({ ...tool, input: loose(tool.input) }));
  const { verb, ask, cue, options, otherwise, maxTokens, stop, onText, split, check } = question;
  const spec = { verb, ask, cue, options, otherwise, fields, tools, maxTokens, stop, onText, split, check };
  return new Question(name, path, spec, () => about, parse, reread);
}

function loose(schema: JsonSchema): JsonSchema {
  const known = loosened.get(schema);
  if (known) return known;
  const made = looser(schema) as JsonSchema;
  loosened.set(schema, made);
  return made;
}

/** Keywords go only where a schema stands: a property may well be called `format`. */
function looser(schema: unknown): unknown {
  if (typeof schema !== "object" || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(looser);
  const entries = Object.entries(schema).flatMap(([key, value]: [string, unknown]) => {
    if (["pattern", "format", "minLength", "maxLength"].includes(key)) return [];
    if (["enum", "const", "default", "examples", "required"].includes(key)) return [[key, value]];
    const isMap = ["properties", "$defs", "definitions", "patternProperties", "dependentSchemas"].includes(key);
    if (!isMap || typeof value !== "object" || value === null) return [[key, looser(value)]];
    return [[key, Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, looser(inner)]))]];
  });
  return Object.fromEntries(entries);
}
