/** A learned rung's probabilities as a reply. */

import type { Evidence, Reply } from "../core/answer.ts";
import { namesOf, type Question } from "../core/question.ts";
import type { Usage } from "../core/usage.ts";

/** The likeliest name. `p`: calibrated probabilities in the order of `namesOf`. */
export function learnedReply(
  question: Pick<Question, "options" | "otherwise">,
  p: ArrayLike<number>,
  evidence: Evidence,
  usage: Usage,
): Extract<Reply, { kind: "answered" }> {
  let best = 0;
  for (let index = 1; index < p.length; index++) if (p[index]! > p[best]!) best = index;
  const names = namesOf(question);
  const confidence = p[best] ?? Number.NaN;
  return {
    kind: "answered",
    value: names[best]!,
    confidence: Number.isFinite(confidence) ? confidence : null,
    basis: "calibrated",
    evidence: { ...evidence, options: names.map((name, index) => ({ name, p: p[index]! })) },
    usage,
  };
}

/** Why a learned rung cannot answer this question, or `null`. */
export function notClosed(question: Question): string | null {
  switch (question.verb) {
    case "choose":
    case "judge":
    case "score":
      return question.options.length < 2 ? "there is nothing to choose between" : null;
    case "extract":
    case "write":
    case "pick":
      return "only closed questions are learned";
  }
}
