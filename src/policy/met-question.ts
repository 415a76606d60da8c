/** A question out of the record: to train on its labels, and to ask it again about an item of the past. */

import { canonicalJson, type Json } from "../core/json.ts";
import type { MetQuestion } from "../core/label.ts";
import { namedTool, namesOf, type ProposedCall, Question } from "../core/question.ts";

/** What is kept of a question when it is first met. */
export function metQuestion(question: Question): MetQuestion {
  const { about: _, ...record } = question.toJSON();
  return { ...record, cue: question.cue };
}

/** What only the question as its author asks it knows. */
export type LiveQuestion = Pick<Question, "check" | "split" | "parse">;

/** The question about this text; without `live` its values stay raw, nothing is cut, and nothing is checked. */
export function questionAbout(met: MetQuestion, about: string, live?: LiveQuestion): Question {
  const { name, verb, ask, cue, options, otherwise, fields, tools } = met;
  const { split = null, check = null } = live ?? {};
  const rest = { maxTokens: 0, stop: [], onText: null, split, check };
  const spec = { verb, ask, cue, options, otherwise, fields, tools, ...rest };
  return new Question(name, name, spec, () => about, live?.parse ?? ((raw) => ({ ok: true, value: raw })));
}

/**
 * Verbs that can be promised. A text that was written has no single right answer; which tool may be picked, and who may
 * let it stand, depends on the moment.
 */
export function isPromisable({ verb }: Pick<MetQuestion, "verb">): boolean {
  return verb !== "write" && verb !== "pick";
}

/** Whether the answers to a question are a fixed list of names, which can be learned. */
export function isClosed({ verb }: Pick<MetQuestion, "verb">): boolean {
  return verb === "choose" || verb === "judge" || verb === "score";
}

/** Whether two raw answers say the same. */
export function sameAnswer(met: Pick<MetQuestion, "verb">, a: Json, b: Json): boolean {
  if (met.verb !== "pick") return canonicalJson(a) === canonicalJson(b);
  return namedTool(a) === namedTool(b) && canonicalJson(argsOf(a)) === canonicalJson(argsOf(b));
}

function argsOf(raw: Json): Json {
  const call = Array.isArray(raw) ? raw[0] : raw;
  return typeof call === "object" && call !== null ? (((call as Partial<ProposedCall>).args ?? {}) as Json) : {};
}

/** Place of an answer among the names of a closed question, or -1: the way out is one of them. */
export function nameIndex(met: Pick<MetQuestion, "options" | "otherwise">, value: Json): number {
  return namesOf(met).indexOf(typeof value === "string" ? value : String(value));
}
