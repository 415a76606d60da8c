/**
 * The server's side of `POST /v1/chat/completions`: what of a request is a question that a ladder can answer, and
 * answers in the format's shape, whole or in pieces. Pure.
 */

import type { Json } from "../core/json.ts";
import type { JsonSchema, Parsed } from "../core/schema.ts";
import { closedAnswer } from "./closed-schema.ts";
import { isFields } from "./fields.ts";
import { contentAt, fieldsAt, type IncomingQuestion, listAt, parsing, refuse, textAt } from "./incoming.ts";

export interface IncomingTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments; an empty object where the client gave none. */
  readonly input: JsonSchema;
}

/** What the client demands of the answer. All but `free` come with the question and the text, taken apart. */
export type Wanted =
  /** Nothing that a ladder could answer: the request goes to a model as it is. */
  | { readonly kind: "free" }
  /** One of a few values, alone (`property` is `null`) or as the only property of an object. */
  | {
      readonly kind: "closed";
      readonly question: IncomingQuestion;
      readonly property: string | null;
      readonly about: string;
    }
  | {
      readonly kind: "object";
      readonly name: string;
      readonly ask: string;
      readonly schema: JsonSchema;
      readonly about: string;
    }
  /** A call of one of these tools: of the only one where one was demanded by name. */
  | { readonly kind: "call"; readonly ask: string; readonly tools: readonly IncomingTool[]; readonly about: string };

export interface IncomingChat {
  readonly model: string;
  readonly stream: boolean;
  /** Whether a last piece with the usage was asked for. */
  readonly streamUsage: boolean;
  readonly wanted: Wanted;
}

/** The request, or where it is wrong and why in one sentence. What is free chat is hardly looked at. */
export function parseChat(body: unknown): Parsed<IncomingChat> {
  return parsing(() => {
    const request = fieldsAt(body, "");
    const model = textAt(request.model, "model");
    const messages = listAt(request.messages, "messages", 1, 10_000);
    const wanted = wantedOf(request, messages);
    if (wanted.kind !== "free" && typeof request.n === "number" && request.n !== 1) {
      return refuse("n", "a question has one answer");
    }
    const options = request.stream_options;
    return {
      model,
      stream: request.stream === true,
      streamUsage: isFields(options) && options.include_usage === true,
      wanted,
    };
  });
}

type Request = {
  readonly response_format?: unknown;
  readonly tools?: unknown;
  readonly tool_choice?: unknown;
};

function wantedOf(request: Request, messages: readonly unknown[]): Wanted {
  const tools = demandedTools(request);
  if (tools) {
    const { ask, about } = askAndAbout(messages);
    return { kind: "call", ask: ask || "Which call fits the text, and with which arguments?", tools, about };
  }
  const format = request.response_format;
  if (!isFields(format) || format.type !== "json_schema" || mayCall(request)) return { kind: "free" };
  const path = "response_format.json_schema";
  const given = fieldsAt(format.json_schema, path);
  const schema = fieldsAt(given.schema, `${path}.schema`);
  const name = typeof given.name === "string" && given.name !== "" ? given.name : "answer";
  const { ask, about } = askAndAbout(messages);
  const closed = closedAnswer(schema);
  const described = [ask, given.description, schema.description, closed?.description].filter(
    (text): text is string => typeof text === "string" && text.trim() !== "",
  );
  if (!closed) {
    const fields = described.join("\n") || "Fill in the fields from the text.";
    return { kind: "object", name, ask: fields, schema, about };
  }
  const { property, options, isJudgement } = closed;
  const question: IncomingQuestion = {
    id: name,
    name,
    kind: isJudgement ? "judge" : "choice",
    ask: described.join("\n") || `What is the ${property ?? name} of the text?`,
    options,
  };
  return { kind: "closed", question, property, about };
}

/** The tools of which one must be called; `null` where none must. */
function demandedTools({ tools, tool_choice: choice }: Request): readonly IncomingTool[] | null {
  const demanded = demandOf(choice);
  if (demanded === null) return null;
  const offered = listAt(tools, "tools", 1, 10_000).map(toolAt);
  if (demanded === "any") return offered;
  return demanded.map((name) => {
    const tool = offered.find((each) => each.name === name);
    return tool ?? refuse("tool_choice", `no tool ${JSON.stringify(name)} is offered`);
  });
}

/** Whether the answer may be a call, or a text in its place: that is for a model to say. */
export function mayCall({ tools, tool_choice: choice }: Request): boolean {
  return Array.isArray(tools) && tools.length > 0 && choice !== "none" && demandOf(choice) === null;
}

/** Names of which one must be called, any at all, or `null` for no demand. */
function demandOf(choice: unknown): readonly string[] | "any" | null {
  if (choice === "required") return "any";
  if (!isFields(choice)) return null;
  if (choice.type === "function") {
    return [textAt(fieldsAt(choice.function, "tool_choice.function").name, "tool_choice.function.name")];
  }
  if (choice.type === "allowed_tools") {
    const path = "tool_choice.allowed_tools";
    const allowed = fieldsAt(choice.allowed_tools, path);
    if (allowed.mode !== "required") return null;
    return listAt(allowed.tools, `${path}.tools`, 1, 10_000).map((tool, index) => {
      const at = `${path}.tools[${index}]`;
      return textAt(fieldsAt(fieldsAt(tool, at).function, `${at}.function`).name, `${at}.function.name`);
    });
  }
  return refuse("tool_choice", `${JSON.stringify(choice.type)} cannot be answered here`);
}

function toolAt(value: unknown, index: number): IncomingTool {
  const path = `tools[${index}]`;
  const tool = fieldsAt(value, path);
  if (tool.type !== "function") return refuse(`${path}.type`, "only a function can be called here");
  const { name, description, parameters } = fieldsAt(tool.function, `${path}.function`);
  return {
    name: textAt(name, `${path}.function.name`),
    description: typeof description === "string" ? description : "",
    input: parameters === undefined || parameters === null ? {} : fieldsAt(parameters, `${path}.function.parameters`),
  };
}

/** What the system and the developer said is the question; what everybody else said is what it is about. */
function askAndAbout(messages: readonly unknown[]): { readonly ask: string; readonly about: string } {
  const ask: string[] = [];
  const said: { who: string; text: string }[] = [];
  for (const [index, message] of messages.entries()) {
    const path = `messages[${index}]`;
    const { role, content, tool_calls: calls } = fieldsAt(message, path);
    const who = textAt(role, `${path}.role`);
    const text = content === undefined || content === null ? "" : contentAt(content, `${path}.content`);
    if (who === "system" || who === "developer") ask.push(text);
    else said.push({ who, text: Array.isArray(calls) ? `${text}${JSON.stringify(calls)}` : text });
  }
  const [first] = said;
  const about =
    said.length === 1 && first?.who === "user" ? first.text : said.map(({ who, text }) => `${who}: ${text}`).join("\n");
  return { ask: ask.join("\n").trim(), about };
}

/** What is said in answer to a chat. */
export interface ChatAnswer {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
  readonly said:
    | { readonly kind: "content"; readonly text: string }
    | { readonly kind: "call"; readonly id: string; readonly name: string; readonly args: Json }
    | { readonly kind: "refusal"; readonly text: string };
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** The text of a closed answer, as the client's schema wants it. */
export function closedText(wanted: Wanted & { kind: "closed" }, name: string): string {
  const value = wanted.question.options.find((option) => option.name === name)?.value ?? null;
  return JSON.stringify(wanted.property === null ? value : Object.fromEntries([[wanted.property, value]]));
}

/** The body of a `chat.completion`. */
export function renderChat(answer: ChatAnswer): { readonly [key: string]: Json } {
  const { said } = answer;
  const message: Json = {
    role: "assistant",
    content: said.kind === "content" ? said.text : null,
    refusal: said.kind === "refusal" ? said.text : null,
    ...(said.kind === "call" ? { tool_calls: [callOf(said)] } : {}),
  };
  return {
    ...headOf(answer, "chat.completion"),
    choices: [{ index: 0, message, logprobs: null, finish_reason: reasonOf(said) }],
    usage: usageOf(answer),
  };
}

/** The same in pieces, as they are streamed; without the mark of the end, which `renderEvents` writes. */
export function renderChunks(answer: ChatAnswer, streamUsage: boolean): readonly { readonly [key: string]: Json }[] {
  const { said } = answer;
  const head = headOf(answer, "chat.completion.chunk");
  const piece = (delta: Json, reason: string | null) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
    ...(streamUsage ? { usage: null } : {}),
  });
  const delta: Json =
    said.kind === "content"
      ? { content: said.text }
      : said.kind === "refusal"
        ? { refusal: said.text }
        : { tool_calls: [{ index: 0, ...callOf(said) }] };
  return [
    piece({ role: "assistant", ...(said.kind === "content" ? { content: "" } : { content: null }) }, null),
    piece(delta, null),
    piece({}, reasonOf(said)),
    ...(streamUsage ? [{ ...head, choices: [], usage: usageOf(answer) }] : []),
  ];
}

/** Pieces as server-sent events, the mark of the end last. */
export function renderEvents(chunks: readonly { readonly [key: string]: Json }[]): string {
  return [...chunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"].map((data) => `data: ${data}\n\n`).join("");
}

function headOf({ id, created, model }: ChatAnswer, object: string): { readonly [key: string]: Json } {
  return { id, object, created, model };
}

function usageOf({ inputTokens, outputTokens }: ChatAnswer): Json {
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens };
}

function callOf({ id, name, args }: ChatAnswer["said"] & { kind: "call" }): { readonly [key: string]: Json } {
  return { id, type: "function", function: { name, arguments: JSON.stringify(args) } };
}

function reasonOf({ kind }: ChatAnswer["said"]): string {
  return kind === "call" ? "tool_calls" : "stop";
}
