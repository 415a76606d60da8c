/** OpenAI-compatible chat: `POST /v1/chat/completions`. */

import type { Json } from "../core/json.ts";
import { type Usage, usageIn } from "./counted.ts";
import { type Fields, fieldsOf, isFields, listOf, textOf } from "./fields.ts";
import type { TokenRead } from "./letters.ts";
import { LETTERS, type Plan, planOf, tokensFor, wantsLogprobs } from "./plan.ts";
import { promptOf } from "./prompt.ts";
import { withQuirks } from "./quirks.ts";
import { readSaid, type Said, unreadable } from "./said.ts";
import { argumentsOf, type SaidCall } from "./text-calls.ts";
import { ANSWER_TOOL, toolsFor } from "./tools.ts";
import type { Asked, Target, Wire } from "./wire.ts";

export const chat: Wire = {
  name: "chat",
  ask(asked, target) {
    const plan = planOf(asked.question, target);
    const { system, user } = promptOf(asked, plan);
    const { quirks, temperature } = target;
    const body: { [key: string]: Json } = {
      model: target.model,
      messages: [
        { role: "system", content: system },
        { role: "user", content: user },
      ],
      stream: false,
      [quirks.maxTokensField]: tokensFor(plan, asked.question, target),
      ...(quirks.temperature === "never" ? {} : { temperature }),
      ...(wantsLogprobs(plan, target) ? { logprobs: true, top_logprobs: quirks.topLogprobs } : {}),
      ...(asked.question.stop.length > 0 ? { stop: asked.question.stop } : {}),
      ...heldTo(asked, target, plan),
    };
    return { path: "/v1/chat/completions", body: withQuirks(body, quirks.always, quirks.noThinking) };
  },
  read(body, asked, target) {
    const said = saidIn(body);
    return typeof said === "string" ? unreadable("malformed", said) : readSaid(said, asked, target);
  },
};

/** What holds the answer to its shape. */
function heldTo({ question }: Asked, { quirks }: Target, plan: Plan): { readonly [key: string]: Json } {
  if (plan.kind === "text") return {};
  // A small model would rather talk. What it wanted to say instead is the mass that the letters do not have.
  if (plan.kind === "letters") return quirks.grammar ? { grammar: letterGrammar(plan.names.length) } : {};
  switch (plan.form) {
    case "json_schema": {
      const { schema, strict } = plan.shape;
      const json_schema = { name: ANSWER_TOOL, schema, strict: strict && quirks.strictSchema };
      return { response_format: { type: "json_schema", json_schema } };
    }
    case "json_object":
      return { response_format: { type: "json_object" } };
    case "tool":
      return toolFields(question, plan, quirks.forcedTool);
    case "prompt":
    case "bare":
      return {};
  }
}

function letterGrammar(count: number): string {
  return `root ::= [A-${LETTERS[count - 1]}]`;
}

function toolFields(question: Asked["question"], plan: Plan, isForced: boolean): { readonly [key: string]: Json } {
  const tools = toolsFor(question, plan).map(({ name, description, input }) => ({
    type: "function",
    function: { name, description, parameters: input },
  }));
  const forced: Json = plan.kind === "call" ? "required" : { type: "function", function: { name: ANSWER_TOOL } };
  return { tools, tool_choice: isForced ? forced : "auto", parallel_tool_calls: false };
}

/** What was said, or why the body is no reply. */
function saidIn(body: unknown): Said | string {
  if (!isFields(body)) return "the reply is no object";
  const choices = listOf(body.choices);
  const choice = choices[0];
  if (!isFields(choice) || !isFields(choice.message)) {
    const told = textOf(fieldsOf(body.error).message) || textOf(body.error);
    return told === "" ? "the reply has no choices" : `the reply is an error: ${told.slice(0, 200)}`;
  }
  const { message } = choice;
  const reason = choice.finish_reason;
  return {
    model: typeof body.model === "string" && body.model !== "" ? body.model : null,
    content: contentOf(message.content),
    reasoning: textOf(message.reasoning_content) || textOf(message.reasoning) || textOf(message.thinking),
    calls: callsOf(message),
    end: reason === "length" ? "length" : reason === "content_filter" ? "refused" : "whole",
    refusal: textOf(message.refusal),
    tokens: tokensOf(fieldsOf(choice.logprobs).content),
    usage: chatUsage(body),
    isRemote: false,
  };
}

/** A text, or the texts of its parts. */
function contentOf(content: unknown): string {
  if (!Array.isArray(content)) return textOf(content);
  return content.map((part: unknown) => (isFields(part) ? textOf(part.text) : textOf(part))).join("");
}

function callsOf(message: Fields): readonly SaidCall[] {
  const functions = listOf(message.tool_calls).map((call) => fieldsOf(fieldsOf(call).function));
  const old = isFields(message.function_call) ? [message.function_call] : [];
  return [...functions, ...old].flatMap(({ name, arguments: args }) =>
    typeof name === "string" ? [{ name, args: argumentsOf(args) }] : [],
  );
}

/** Tokens with their alternatives, as OpenAI's format lists them; `null` where there are none. */
export function tokensOf(list: unknown): readonly TokenRead[] | null {
  const tokens = listOf(list).flatMap((entry): TokenRead[] => {
    const { token, logprob, top_logprobs: top } = fieldsOf(entry);
    if (typeof token !== "string" || typeof logprob !== "number") return [];
    const others = listOf(top).flatMap((other) => {
      const { token: text, logprob: value } = fieldsOf(other);
      return typeof text === "string" && typeof value === "number" ? [{ token: text, logprob: value }] : [];
    });
    return [{ token, logprob, top: others }];
  });
  return tokens.length > 0 ? tokens : null;
}

/** The counts of a reply, wherever a server puts them. */
export function chatUsage(body: Fields): Usage | null {
  const choice = fieldsOf(listOf(body.choices)[0]);
  const blocks = Array.isArray(body.usage) ? body.usage : [body.usage, choice.usage, fieldsOf(choice.message).usage];
  return usageIn(blocks, "prompt", "completion");
}
