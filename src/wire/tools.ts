/** Questions as tools, for servers that hold a model to a tool's arguments but to no schema. */

import type { Json } from "../core/json.ts";
import { namesOf, type Question } from "../core/question.ts";
import { asJson, noArguments } from "./answer-shape.ts";
import type { Plan } from "./plan.ts";
import { withoutMore } from "./schema-form.ts";

/** The tool by which a closed question or an extraction is answered. */
export const ANSWER_TOOL = "answer";

export interface SentTool {
  readonly name: string;
  readonly description: string;
  readonly input: { readonly [key: string]: Json };
}

/** What a format allows as a tool's name. */
const ALLOWED = /^[\w-]{1,64}$/;

/** The tools that are sent: those of the question, or one that takes the answer. */
export function toolsFor(question: Question, plan: Plan): readonly SentTool[] {
  if (plan.kind === "letters" || plan.kind === "text") return [];
  if (plan.kind !== "call") {
    return [{ name: ANSWER_TOOL, description: "Gives the answer.", input: plan.shape.schema }];
  }
  return namesOf(question).map((name, index) => {
    const tool = question.tools.find((offered) => offered.name === name);
    const described = question.options.find((option) => option.name === name)?.description ?? "";
    return {
      name: sentName(name, index),
      // What is no tool has no description of its own: its name says what it means.
      description: described === "" ? name : described,
      input: asJson(withoutMore(tool?.input ?? noArguments)),
    };
  });
}

function sentName(name: string, index: number): string {
  return ALLOWED.test(name) ? name : `option_${index + 1}`;
}

/** The tool's own name, by the name under which it was sent; any other name stays what it is. */
export function nameBehind(question: Question, said: string): string {
  const names = namesOf(question);
  if (names.includes(said)) return said;
  return names.find((name, index) => sentName(name, index) === said) ?? said;
}
