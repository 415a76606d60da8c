/** The server's side of `POST /v1/systemone`: a request as plain questions, and answers in the format's shape. Pure. */

import type { Json } from "../core/json.ts";
import type { Parsed } from "../core/schema.ts";
import {
  contentAt,
  fieldsAt,
  type Incoming,
  type IncomingOption,
  type IncomingQuestion,
  lengthAt,
  listAt,
  MOST_LEVELS,
  MOST_OPTIONS,
  meanPlace,
  type Outgoing,
  type OutgoingReply,
  parsing,
  peakedness,
  placeOfBest,
  refuse,
  textAt,
} from "./incoming.ts";

/** The request, or where it is wrong and why in one sentence. */
export function parseSystemOne(body: unknown): Parsed<Incoming> {
  return parsing(() => {
    const request = fieldsAt(body, "");
    const model = textAt(request.model, "model");
    const about = contentAt(request.state, "state");
    const asked = Object.entries(fieldsAt(request.questions, "questions"));
    if (asked.length === 0) return refuse("questions", "at least one question must be asked");
    return { model, about, questions: asked.map(([id, question]) => questionAt(id, question)) };
  });
}

function questionAt(id: string, value: unknown): IncomingQuestion {
  const path = `questions.${id}`;
  const question = fieldsAt(value, path);
  const { type, criteria } = question;
  const named = { id, name: id };
  switch (type) {
    case "noul":
      return { ...named, kind: "judge", ask: askAt(question, path), options: yesAndNo(criteria, `${path}.criteria`) };
    case "choice":
      return { ...named, kind: "choice", ask: askAt(question, path), options: choices(criteria, `${path}.criteria`) };
    case "score":
      return { ...named, kind: "score", ask: askAt(question, path), options: levels(criteria, `${path}.criteria`) };
    default:
      return refuse(`${path}.type`, `a question is a noul, a choice or a score, not ${JSON.stringify(type)}`);
  }
}

/** Instructions may be missing where the criteria say what is meant. */
function askAt(question: { readonly instructions?: unknown; readonly criteria?: unknown }, path: string): string {
  const { instructions, criteria } = question;
  if ((instructions === undefined || instructions === null) && criteria !== undefined && criteria !== null) {
    return "Which of these fits the text?";
  }
  return textAt(contentAt(instructions, `${path}.instructions`), `${path}.instructions`);
}

function yesAndNo(criteria: unknown, path: string): readonly IncomingOption[] {
  const said = criteria === undefined || criteria === null ? {} : fieldsAt(criteria, path);
  return [
    { name: "yes", value: true, description: describedAt(said.true, `${path}.true`) },
    { name: "no", value: false, description: describedAt(said.false, `${path}.false`) },
  ];
}

function choices(criteria: unknown, path: string): readonly IncomingOption[] {
  const entries = lengthAt(Object.entries(fieldsAt(criteria, path)), path, 2, MOST_OPTIONS);
  return entries.map(([name, description]) => ({
    name: textAt(name, path),
    value: name,
    description: describedAt(description, `${path}.${name}`),
  }));
}

function levels(criteria: unknown, path: string): readonly IncomingOption[] {
  return listAt(criteria, path, 2, MOST_LEVELS).map((level, index) => ({
    name: String(index),
    value: index,
    description: describedAt(level, `${path}[${index}]`),
  }));
}

function describedAt(value: unknown, path: string): string {
  return value === undefined || value === null ? "" : contentAt(value, path);
}

/**
 * The reply's body. A question that was refused is missing from `answers`: the format has no other word for it.
 * `confidence` is `peakedness`, a statistic of the distribution.
 */
export function renderSystemOne(incoming: Incoming, reply: OutgoingReply): { readonly [key: string]: Json } {
  const answers = incoming.questions.flatMap((question, index): (readonly [string, Json])[] => {
    const answer = reply.answers[index];
    return answer?.kind === "answered" ? [[question.id, answerOf(question, answer)]] : [];
  });
  return {
    model: reply.model,
    answers: Object.fromEntries(answers),
    usage: { input_tokens: reply.inputTokens, output_tokens: reply.outputTokens },
  };
}

function answerOf(question: IncomingQuestion, { probabilities }: Outgoing & { kind: "answered" }): Json {
  const { kind, options } = question;
  if (kind === "judge") return { type: "noul", noul: probabilities[0]! };
  const byName = Object.fromEntries(options.map(({ name }, index) => [name, probabilities[index]!]));
  const confidence = peakedness(probabilities);
  if (kind === "choice") {
    return { type: "choice", choice: options[placeOfBest(probabilities)]!.name, probabilities: byName, confidence };
  }
  const legend = Object.fromEntries(options.map(({ name, description }) => [name, description]));
  return { type: "score", score: meanPlace(probabilities), probabilities: byName, legend, confidence };
}

/** The body of an error, as the formats' clients read it. */
export function renderError(issue: { readonly path: string; readonly message: string }): {
  readonly [key: string]: Json;
} {
  const message = issue.path === "" ? issue.message : `${issue.path}: ${issue.message}`;
  return { error: { message, type: "invalid_request_error", param: issue.path || null, code: null } };
}
