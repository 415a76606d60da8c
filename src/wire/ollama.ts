/** Ollama's own format: `POST /api/chat`. */

import type { Json } from "../core/json.ts";
import { tokensOf } from "./chat.ts";
import { countOf, fieldsOf, isFields, listOf, textOf } from "./fields.ts";
import { type Plan, planOf, tokensFor, wantsLogprobs } from "./plan.ts";
import { promptOf } from "./prompt.ts";
import { withQuirks } from "./quirks.ts";
import { readSaid, type Said, unreadable } from "./said.ts";
import { argumentsOf, type SaidCall } from "./text-calls.ts";
import { toolsFor } from "./tools.ts";
import type { Asked, Wire } from "./wire.ts";

/** The server refuses more. */
const MOST_ALTERNATIVES = 20;

export const ollama: Wire = {
  name: "ollama",
  ask(asked, target) {
    const plan = planOf(asked.question, target);
    const { system, user } = promptOf(asked, plan);
    const { quirks, temperature } = target;
    const { stop } = asked.question;
    const body: { [key: string]: Json } = {
      model: target.model,
      messages: [
        { role: "system", content: system },
        { role: "user", content: user },
      ],
      stream: false,
      // A prompt that does not fit is an error, and not read in part.
      truncate: false,
      shift: false,
      options: {
        num_predict: tokensFor(plan, asked.question, target),
        ...(quirks.temperature === "never" ? {} : { temperature }),
        ...(stop.length > 0 ? { stop } : {}),
      },
      ...(wantsLogprobs(plan, target)
        ? { logprobs: true, top_logprobs: Math.min(quirks.topLogprobs, MOST_ALTERNATIVES) }
        : {}),
      ...heldTo(asked, plan),
    };
    return { path: "/api/chat", body: withQuirks(body, quirks.always, quirks.noThinking) };
  },
  read(body, asked, target) {
    const said = saidIn(body);
    return typeof said === "string" ? unreadable("malformed", said) : readSaid(said, asked, target);
  },
};

/** No tool can be demanded here: where one is sent all the same, the prompt asks for it. */
function heldTo({ question }: Asked, plan: Plan): { readonly [key: string]: Json } {
  if (plan.kind === "letters" || plan.kind === "text") return {};
  switch (plan.form) {
    case "json_schema":
      return { format: plan.shape.schema };
    case "json_object":
      return { format: "json" };
    case "tool":
      return {
        tools: toolsFor(question, plan).map(({ name, description, input }) => ({
          type: "function",
          function: { name, description, parameters: input },
        })),
      };
    case "prompt":
    case "bare":
      return {};
  }
}

/** What was said, or why the body is no reply. */
function saidIn(body: unknown): Said | string {
  if (!isFields(body)) return "the reply is no object";
  if (!isFields(body.message)) {
    const told = textOf(body.error);
    return told === "" ? "the reply has no message" : `the reply is an error: ${told.slice(0, 200)}`;
  }
  const { message } = body;
  const input = countOf(body.prompt_eval_count);
  const output = countOf(body.eval_count);
  return {
    model: typeof body.model === "string" && body.model !== "" ? body.model : null,
    content: textOf(message.content),
    reasoning: textOf(message.thinking),
    calls: listOf(message.tool_calls).flatMap((call): SaidCall[] => {
      const { name, arguments: args } = fieldsOf(fieldsOf(call).function);
      return typeof name === "string" ? [{ name, args: argumentsOf(args) }] : [];
    }),
    // A reply that is not done was cut off on its way.
    end: body.done_reason === "length" || body.done === false ? "length" : "whole",
    refusal: "",
    tokens: tokensOf(body.logprobs),
    // The prompt's count has the cached tokens in it.
    usage: {
      input,
      output,
      total: null,
      reasoning: 0,
      cachedInput: countOf(body.prompt_eval_cached_count) ?? 0,
      cost: null,
      isDouble: false,
    },
    isRemote: textOf(body.remote_host) !== "" || textOf(body.remote_model) !== "",
  };
}
