/** A person's answer: from what was typed to a value that fits the question, and into the journal. */

import { UsageError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { namesOf, type QuestionRecord } from "../core/question.ts";
import type { JsonSchema } from "../core/schema.ts";
import type { Journal, RunRecord } from "../journal/journal.ts";
import type { Loop } from "../loop/loop.ts";
import type { Parts, RunEnd } from "../loop/run.ts";
import { runOn } from "../loop/run-on.ts";
import { misfit } from "./fit.ts";

/**
 * Reads an answer as text: an option's name (or that of the way out), JSON for arguments and fields, the text
 * itself where one is to be written. Throws a `UsageError` `E_VALUE` that says what would fit.
 */
export function readAnswer(question: QuestionRecord, text: string): Json {
  const { verb, otherwise } = question;
  if (otherwise !== null && text.trim() === otherwise) return otherwise;
  switch (verb) {
    case "choose":
    case "judge":
    case "score": {
      const name = text.trim();
      if (question.options.some((option) => option.name === name)) return name;
      throw wrong(`${JSON.stringify(name)} is none of: ${namesOf(question).join(", ")}`, text);
    }
    case "write":
      if (text.trim() === "") throw wrong("the text is empty", text);
      return text;
    case "extract":
    case "pick":
      return checkAnswer(question, fromJson(text));
  }
}

/** Checks a value that is JSON already, as far as its schema can be checked here. Throws `E_VALUE`. */
export function checkAnswer(question: QuestionRecord, value: Json): Json {
  if (value === question.otherwise && value !== null) return value;
  const problem = question.verb === "pick" ? pickProblem(question, value) : misfit(question.fields ?? {}, value);
  if (problem !== null) throw wrong(problem, value);
  return value;
}

function pickProblem(question: QuestionRecord, value: Json): string | null {
  if (typeof value !== "object" || value === null || !("tool" in value) || typeof value.tool !== "string") {
    return `a call is written {"tool": "NAME", "args": {...}}, with one of: ${namesOf(question).join(", ")}`;
  }
  const { tool: name, args = {} } = value;
  const tool = question.tools.find((offered) => offered.name === name);
  // The answer that ends a loop is an option without a tool behind it.
  if (!tool) return namesOf(question).includes(name) ? null : `${name} is none of: ${namesOf(question).join(", ")}`;
  return misfit(tool.input, args);
}

function fromJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (thrown) {
    throw wrong(`this is not JSON: ${(thrown as SyntaxError).message}`, text);
  }
}

function wrong(message: string, value: unknown): UsageError {
  return new UsageError("E_VALUE", message, { value });
}

/** A value of the question's shape to start editing from: empty texts, zeros, the first of an enumeration. */
export function skeleton(schema: JsonSchema): Json {
  if (schema.default !== undefined) return schema.default as Json;
  if (Array.isArray(schema.enum)) return (schema.enum[0] ?? null) as Json;
  const type = Array.isArray(schema.type) ? (schema.type as string[])[0] : schema.type;
  switch (type) {
    case "object": {
      const properties = Object.entries((schema.properties ?? {}) as { [name: string]: JsonSchema });
      return Object.fromEntries(properties.map(([name, member]) => [name, skeleton(member)]));
    }
    case "array":
      return [];
    case "number":
    case "integer":
      return 0;
    case "boolean":
      return false;
    case "string":
      return "";
    default:
      return null;
  }
}

/** What became of a run after an answer. */
export type Continued =
  | { readonly kind: "went on"; readonly end: RunEnd }
  /** Other questions of the run are still open. */
  | { readonly kind: "still waiting" }
  | { readonly kind: "busy"; readonly owner: string }
  /** The run is of another version of the loop. */
  | { readonly kind: "held"; readonly version: string };

/** Goes on with a run that was answered, unless the loop means something else by now. */
export async function continueRun(run: RunRecord, loop: Loop, parts: Parts): Promise<Continued> {
  if (run.version !== loop.version) return { kind: "held", version: loop.version };
  const taken = await parts.journal.take(run.number);
  if (taken.kind === "busy") return { kind: "busy", owner: taken.owner };
  if (taken.kind === "settled") {
    const { outcome } = taken.run;
    return outcome ? { kind: "went on", end: { kind: "ended", outcome } } : { kind: "still waiting" };
  }
  return { kind: "went on", end: await runOn(loop, taken, parts) };
}

/** Journals a person's answer. `false` when somebody answered before: the first answer counts. */
export function giveAnswer(journal: Journal, run: number, path: string, value: Json, by: string): Promise<boolean> {
  return journal.answer(run, { type: "person_answered", path, value, by });
}
