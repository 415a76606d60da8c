/** Rules: a function that knows the answer, or says nothing. */

import type { Json } from "../core/json.ts";
import type { Question } from "../core/question.ts";
import { noUsage } from "../core/usage.ts";
import type { Rung } from "./rung.ts";

/**
 * Returns a raw answer (an option's name, `{ tool, args }`, an object, a text), or `undefined` to pass the
 * question on. Must be pure. Throwing passes the question on too, and is shown; a rule that throws in twenty runs in a row stops a batch.
 */
export type Rule = (question: Question, item: unknown) => Json | undefined;

/** The rung that asks a function. What it says stands, unless a validator or an effect floor objects. */
export function rules(rule: Rule): Rung {
  return {
    name: "rules",
    local: true,
    mostCost: 0,
    acceptAt: null,
    decide(question, { item }) {
      const value = rule(question, item);
      if (value === undefined) return { kind: "escalated", reason: "no rule applies", usage: noUsage };
      return { kind: "answered", value, confidence: null, basis: "certain", evidence: {}, usage: noUsage };
    },
  };
}

/** The safe answer as the last rung of a ladder, where no person should be asked. */
export function fallback(value: Json): Rung {
  return {
    name: "fallback",
    local: true,
    mostCost: 0,
    acceptAt: null,
    decide: () => ({ kind: "answered", value, confidence: null, basis: "none", evidence: {}, usage: noUsage }),
  };
}
