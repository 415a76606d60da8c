/**
 * `POST /v1/decision-model`: what the AI SDK's gateway provider sends for `experimental_decide`. The questions are those
 * of System One but for the name of the judgement, and answers come by id, a refusal among them. Pure.
 */

import type { Json } from "../core/json.ts";
import type { Parsed } from "../core/schema.ts";
import { isFields } from "../wire/fields.ts";
import {
  contentAt,
  type Incoming,
  type IncomingQuestion,
  meanPlace,
  type OutgoingReply,
  parsing,
  placeOfBest,
  refuse,
} from "../wire/incoming.ts";
import { parseSystemOne } from "../wire/systemone-server.ts";

/** The request, or where it is wrong and why. `model` stands in a header of this format. */
export function parseDecisionModel(body: unknown, model: string): Parsed<Incoming> {
  const state = parsing(() => stateOf(body));
  if (!state.ok) return state;
  const questions = isFields(body) ? body.questions : undefined;
  return parseSystemOne({ model, state: state.value, questions: isFields(questions) ? renamed(questions) : questions });
}

function stateOf(body: unknown): string {
  const parts = isFields(body) ? body.stateParts : undefined;
  if (!Array.isArray(parts)) return refuse("stateParts", "this must be a list");
  return parts
    .map((part: unknown, index) => {
      const path = `stateParts[${index}]`;
      if (!isFields(part)) return refuse(path, "this must be an object");
      if (part.type !== "json") return contentAt([part], path);
      return isFields(part.value) ? contentAt(part.value, path) : JSON.stringify(part.value ?? null);
    })
    .join("\n");
}

function renamed(questions: { readonly [id: string]: unknown }): { readonly [id: string]: unknown } {
  return Object.fromEntries(
    Object.entries(questions).map(([id, question]) =>
      isFields(question) && question.type === "boolean" ? [id, { ...question, type: "noul" }] : [id, question],
    ),
  );
}

/** The reply's body. */
export function renderDecisionModel(incoming: Incoming, reply: OutgoingReply): { readonly [key: string]: Json } {
  const answers = incoming.questions.map((question, index): readonly [string, Json] => {
    const answer = reply.answers[index];
    return [question.id, answer?.kind === "answered" ? answerOf(question, answer.probabilities) : { type: "refusal" }];
  });
  return {
    model: reply.model,
    answers: Object.fromEntries(answers),
    usage: { inputTokens: reply.inputTokens, outputTokens: reply.outputTokens },
    warnings: [],
  };
}

function answerOf({ kind, options }: IncomingQuestion, probabilities: readonly number[]): Json {
  if (kind === "judge") return { type: "boolean", probability: probabilities[0]! };
  const byName = Object.fromEntries(options.map(({ name }, index) => [name, probabilities[index]!]));
  if (kind === "choice") {
    return { type: "choice", choice: options[placeOfBest(probabilities)]!.name, probabilities: byName };
  }
  return { type: "score", score: meanPlace(probabilities), probabilities: byName };
}
