/** Several replies to one question as votes: the share of the most frequent answer is its probability. Pure. */

import type { Evidence } from "../core/answer.ts";
import { canonicalJson } from "../core/json.ts";
import { namedTool, namesOf, type Question } from "../core/question.ts";

export interface Elected {
  readonly value: unknown;
  /** Of all that were asked: a reply that answered nothing speaks for no answer. */
  readonly confidence: number;
  readonly evidence: Evidence;
}

/** The winner; where several are level, the one that was heard first. `null` where fewer than half gave an answer. */
export function elect(question: Question, values: readonly unknown[], asked: number): Elected | null {
  if (values.length * 2 < asked) return null;
  const counts = new Map<string, { readonly value: unknown; count: number }>();
  for (const value of values) {
    const key = canonicalJson(value);
    const known = counts.get(key) ?? { value, count: 0 };
    known.count++;
    counts.set(key, known);
  }
  let best: { readonly value: unknown; count: number } | null = null;
  for (const one of counts.values()) if (best === null || one.count > best.count) best = one;
  if (best === null) return null;
  const options = sharesOf(question, values);
  return {
    value: best.value,
    confidence: best.count / asked,
    evidence: { votes: values.length, ...(options && { options }) },
  };
}

/** Each option's share of the votes that were given; `null` for what has no options. */
function sharesOf(question: Question, values: readonly unknown[]): Evidence["options"] | null {
  const names = question.verb === "extract" || question.verb === "write" ? [] : namesOf(question);
  const said = values.map((value) => String(namedTool(value)));
  if (names.length === 0 || said.some((name) => !names.includes(name))) return null;
  return names.map((name) => ({ name, p: said.filter((one) => one === name).length / said.length }));
}
