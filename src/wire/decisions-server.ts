/** The server's side of `POST /v1/decisions`: a request as plain questions, and answers in the format's shape. Pure. */

import type { Json } from "../core/json.ts";
import type { Parsed } from "../core/schema.ts";
import type { Fields } from "./fields.ts";
import {
  contentAt,
  fieldsAt,
  type Incoming,
  type IncomingOption,
  type IncomingQuestion,
  listAt,
  MOST_LEVELS,
  MOST_OPTIONS,
  meanPlace,
  type OutgoingReply,
  parsing,
  peakedness,
  placeOfBest,
  refuse,
  textAt,
} from "./incoming.ts";

/** The format's own limit. */
const MOST_QUESTIONS = 400;

/** The request, or where it is wrong and why in one sentence. */
export function parseDecisions(body: unknown): Parsed<Incoming> {
  return parsing(() => {
    const request = fieldsAt(body, "");
    const model = textAt(request.model, "model");
    const about = inputAt(request.input);
    const asked = listAt(request.questions, "questions", 1, MOST_QUESTIONS);
    return { model, about, questions: asked.map(questionAt) };
  });
}

/** One text of all that was said: a single message of the user is its words, a conversation says who spoke. */
function inputAt(input: unknown): string {
  if (typeof input === "string") return textAt(input, "input");
  const items = listAt(input, "input", 1, 10_000);
  const [only] = items;
  if (items.length === 1 && fieldsAt(only, "input[0]").role === "user") return messageAt(only, 0).text;
  return items
    .map((item, index) => {
      const { who, text } = messageAt(item, index);
      return `${who}: ${text}`;
    })
    .join("\n");
}

function messageAt(item: unknown, index: number): { readonly who: string; readonly text: string } {
  const path = `input[${index}]`;
  const { type, role, content, ...more } = fieldsAt(item, path);
  switch (type) {
    case "function_call":
      return {
        who: `call of ${textAt(more.name, `${path}.name`)}`,
        text: contentAt(more.arguments, `${path}.arguments`),
      };
    case "custom_tool_call":
      return { who: `call of ${textAt(more.name, `${path}.name`)}`, text: contentAt(more.input, `${path}.input`) };
    case "function_call_output":
    case "custom_tool_call_output":
      return { who: "its result", text: contentAt(more.output, `${path}.output`) };
    case undefined:
    case "message":
      if (role === "user" || role === "developer" || role === "system" || role === "assistant") {
        return { who: role, text: contentAt(content, `${path}.content`) };
      }
      return refuse(`${path}.role`, `a message is of a user, a developer, the system or an assistant`);
    default:
      return refuse(`${path}.type`, `${JSON.stringify(type)} cannot be read here`);
  }
}

function questionAt(value: unknown, index: number): IncomingQuestion {
  const path = `questions[${index}]`;
  const question = fieldsAt(value, path);
  const { type, name } = question;
  const base = {
    id: String(index),
    name: name === undefined || name === null ? null : textAt(name, `${path}.name`),
  };
  const ask = () => textAt(contentAt(question.instructions, `${path}.instructions`), `${path}.instructions`);
  switch (type) {
    case "predicate":
      return { ...base, kind: "judge", ask: ask(), options: yesAndNo };
    case "choice":
      return { ...base, kind: "choice", ask: ask(), options: choicesAt(question.choices, `${path}.choices`) };
    case "score":
      return { ...base, kind: "score", ask: ask(), options: levelsAt(question.levels, `${path}.levels`) };
    default:
      return refuse(`${path}.type`, `a question is a predicate, a choice or a score, not ${JSON.stringify(type)}`);
  }
}

const yesAndNo: readonly IncomingOption[] = [
  { name: "yes", value: true, description: "" },
  { name: "no", value: false, description: "" },
];

function choicesAt(value: unknown, path: string): readonly IncomingOption[] {
  const choices = listAt(value, path, 2, MOST_OPTIONS).map((choice, index) => {
    const at = `${path}[${index}]`;
    const fields = fieldsAt(choice, at);
    const named = typeof fields.value === "boolean" ? fields.value : textAt(fields.value, `${at}.value`);
    return { value: named, description: descriptionAt(fields, at) };
  });
  const values = choices.map((choice) => choice.value);
  const twice = values.find((each, index) => values.indexOf(each) < index);
  if (twice !== undefined) return refuse(path, `${JSON.stringify(twice)} stands there twice`);
  // A text and a boolean of the same spelling are two choices, and need two names.
  const nameOf = (each: string | boolean): string => {
    let name = String(each);
    while (typeof each === "boolean" && values.includes(name)) name = `${name} (boolean)`;
    return name;
  };
  return choices.map(({ value: each, description }) => ({ name: nameOf(each), value: each, description }));
}

function levelsAt(value: unknown, path: string): readonly IncomingOption[] {
  return listAt(value, path, 2, MOST_LEVELS).map((level, index) => {
    const at = `${path}[${index}]`;
    const fields = fieldsAt(level, at);
    const label = textAt(fields.label, `${at}.label`);
    const description = descriptionAt(fields, at);
    return {
      name: String(index),
      value: label,
      description: description === "" ? label : `${label}: ${description}`,
    };
  });
}

function descriptionAt(fields: Fields, path: string): string {
  const { description } = fields;
  return description === undefined || description === null ? "" : contentAt(description, `${path}.description`);
}

/** The reply's body, one answer a question in their order. `confidence` is `peakedness`, a statistic. */
export function renderDecisions(incoming: Incoming, reply: OutgoingReply): { readonly [key: string]: Json } {
  return {
    model: reply.model,
    answers: incoming.questions.map((question, index): Json => {
      const answer = reply.answers[index];
      return answer?.kind === "answered"
        ? answerOf(question, answer.probabilities)
        : { type: "refusal", name: question.name };
    }),
    usage: {
      input_tokens: reply.inputTokens,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: reply.outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: reply.inputTokens + reply.outputTokens,
    },
  };
}

function answerOf({ kind, name, options }: IncomingQuestion, probabilities: readonly number[]): Json {
  if (kind === "judge") return { type: "predicate", name, probability: probabilities[0]! };
  const confidence = peakedness(probabilities);
  if (kind === "choice") {
    return {
      type: "choice",
      name,
      choice: options[placeOfBest(probabilities)]!.value,
      probabilities: options.map(({ value }, index) => ({ value, probability: probabilities[index]! })),
      confidence,
    };
  }
  return {
    type: "score",
    name,
    score: meanPlace(probabilities),
    probabilities: options.map(({ value }, index) => ({
      value: index,
      label: String(value),
      probability: probabilities[index]!,
    })),
    confidence,
  };
}
