/** A question of which a test says only what matters to it. */

import { Question, type QuestionSpec } from "../../src/core/question.ts";

/** Asks by the step `team` about a text; whatever is answered fits. */
export function askAbout(about: string, spec: Pick<QuestionSpec, "options"> & Partial<QuestionSpec>): Question {
  const whole: QuestionSpec = {
    verb: "choose",
    ask: "Which team?",
    cue: "Answer:",
    otherwise: null,
    fields: null,
    tools: [],
    maxTokens: 0,
    stop: [],
    onText: null,
    split: null,
    check: null,
    ...spec,
  };
  return new Question(
    "team",
    "team",
    whole,
    () => about,
    (value) => ({ ok: true, value }),
  );
}
