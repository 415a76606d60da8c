/** A question out of the record: to train on its labels, and to ask it again about an item of the past. */

import { canonicalJson, type Json } from "../core/json.ts";
import type { MetQuestion } from "../core/label.ts";
import { namedTool, namesOf, type ProposedCall, Question } from "../core/question.ts";

/** What is kept of a question when it is first met. */
export function metQuestion(question: Question): MetQuestion {
  const { about: _, ...record } = question.toJSON();
  return { ...record, cue: question.cue };
}

/**
 * The question about this text. Its values stay raw, and what only the author's code knows (how to cut a long text,
 * its own check) is not here: such an item goes up.
 */
export function questionAbout(met: MetQuestion, about: string): Question<Json> {
  const { name, verb, ask, cue, options, otherwise, fields, tools } = met;
  const rest = { maxTokens: 0, stop: [], onText: null, split: null, check: null };
  const spec = { verb, ask, cue, options, otherwise, fields, tools, ...rest };
  return new Question<Json>(
    name,
    name,
    spec,
    () => about,
    (raw) => ({ ok: true, value: raw as Json }),
  );
}

/** Verbs whose answers can be compared to the letter. A text that was written has no single right answer. */
export function isCheckable({ verb }: Pick<MetQuestion, "verb">): boolean {
  return verb !== "write";
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
