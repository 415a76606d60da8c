/** A question, labels and readings made by hand, for tests of evaluations and reports. */

import type { Label, MetQuestion } from "../../src/core/label.ts";
import { Question } from "../../src/core/question.ts";
import { metQuestion } from "../../src/policy/met-question.ts";
import type { ReadLabel } from "../../src/report/evaluation.ts";

export function teamQuestion(names: readonly string[] = ["billing", "cards"]): MetQuestion {
  const options = names.map((name) => ({ name, description: "" }));
  const rest = { fields: null, tools: [], maxTokens: 0, stop: [], onText: null, split: null, check: null };
  const spec = { verb: "choose" as const, ask: "Which team?", cue: "", options, otherwise: null, ...rest };
  return metQuestion(
    new Question(
      "team",
      "team",
      spec,
      () => "",
      (raw) => ({ ok: true, value: raw }),
    ),
  );
}

export function label(number: number, value: string, more: Partial<Label> = {}): Label {
  return {
    question: "team",
    version: teamQuestion().version,
    cluster: `c${number}`,
    about: `text ${number}`,
    sample: "random",
    propensity: 1,
    key: null,
    stood: null,
    decision: `abcdefgh-${number}/team`,
    answer: { value, source: "person", by: "ana" },
    number,
    seq: number,
    made: 0,
    at: number,
    ...more,
  };
}

/** A label, and what one rung said to it with which probability. */
export function read(number: number, truth: string, said: string | null, p = 0.5): ReadLabel {
  return { label: label(number, truth), reading: [said === null ? null : { value: said, p }] };
}
