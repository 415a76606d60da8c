/** How a question is put to a model that writes, and what its answer looks like: the same for the asking and the reading. */

import { namesOf, type Question } from "../core/question.ts";
import { type AnswerShape, callShape, fieldsShape, nameShape } from "./answer-shape.ts";
import type { Target } from "./wire.ts";

/** The codes, one token each in every vocabulary that we know. */
export const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** A letter, and what some models put around it. */
const LETTER_TOKENS = 4;

/** How the answer is held to its shape. `bare`: it is a name and nothing around it. */
export type Form = "json_schema" | "tool" | "json_object" | "prompt" | "bare";

export type Plan =
  /** A letter for each name: one token, whose alternatives are the options. */
  | { readonly kind: "letters"; readonly names: readonly string[] }
  | { readonly kind: "name"; readonly names: readonly string[]; readonly form: Form; readonly shape: AnswerShape }
  | { readonly kind: "fields"; readonly form: Form; readonly shape: AnswerShape }
  | { readonly kind: "call"; readonly names: readonly string[]; readonly form: Form; readonly shape: AnswerShape }
  | { readonly kind: "text" };

/** Whether token probabilities are asked for. */
export function wantsLogprobs(plan: Plan, target: Target): boolean {
  if (!target.logprobs || target.quirks.logprobs === "none") return false;
  if (plan.kind === "letters") return true;
  return plan.kind === "name" && (plan.form === "bare" || !target.quirks.unconstrainedForLogprobs);
}

export function planOf(question: Question, target: Target): Plan {
  const { quirks } = target;
  const form: Form = quirks.structure === "none" ? "prompt" : quirks.structure;
  const names = namesOf(question);
  switch (question.verb) {
    case "write":
      return { kind: "text" };
    case "extract":
      return { kind: "fields", form, shape: fieldsShape(question) };
    case "pick":
      return { kind: "call", names, form, shape: callShape(question) };
    case "choose":
    case "judge":
    case "score": {
      const isWeighed = target.logprobs && quirks.logprobs !== "none";
      if (isWeighed && names.length <= LETTERS.length) return { kind: "letters", names };
      const bare = isWeighed && quirks.unconstrainedForLogprobs;
      return { kind: "name", names, form: bare ? "bare" : form, shape: nameShape(names) };
    }
  }
}

/** The most tokens that the answer may have, the room for a thought included. */
export function tokensFor(plan: Plan, question: Question, target: Target): number {
  const { thinkingTokens } = target.quirks;
  switch (plan.kind) {
    case "letters":
      return LETTER_TOKENS + thinkingTokens;
    case "name":
      // Hardly a vocabulary needs more than a token a letter; the rest is for what stands around the name.
      return Math.max(...plan.names.map((name) => name.length)) + 32 + thinkingTokens;
    case "text":
      return (question.maxTokens > 0 ? question.maxTokens : target.maxTokens) + thinkingTokens;
    case "fields":
    case "call":
      return target.maxTokens + thinkingTokens;
  }
}
