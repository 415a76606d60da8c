/** Anthropic's format: `POST /v1/messages`. It gives no probabilities, so an answer by it has no confidence of its own. */

import type { Json } from "../core/json.ts";
import { asJson } from "./answer-shape.ts";
import type { Usage } from "./counted.ts";
import { countOf, fieldsOf, isFields, listOf, textOf } from "./fields.ts";
import { type Plan, planOf, tokensFor } from "./plan.ts";
import { promptOf } from "./prompt.ts";
import { withQuirks } from "./quirks.ts";
import { readSaid, type Said, unreadable } from "./said.ts";
import { withoutBounds } from "./schema-form.ts";
import type { SaidCall } from "./text-calls.ts";
import { ANSWER_TOOL, toolsFor } from "./tools.ts";
import type { Asked, Target, Wire } from "./wire.ts";

export const messages: Wire = {
  name: "messages",
  ask(asked, target) {
    const plan = planOf(asked.question, unweighed(target));
    const { system, user } = promptOf(asked, plan);
    const { quirks, temperature } = target;
    const { stop } = asked.question;
    const body: { [key: string]: Json } = {
      model: target.model,
      system,
      messages: [{ role: "user", content: user }],
      max_tokens: tokensFor(plan, asked.question, target),
      ...(quirks.temperature === "never" ? {} : { temperature }),
      ...(stop.length > 0 ? { stop_sequences: stop } : {}),
      ...heldTo(asked, target, plan),
    };
    return { path: "/v1/messages", body: withQuirks(body, quirks.always, quirks.noThinking) };
  },
  read(body, asked, target) {
    const said = saidIn(body);
    return typeof said === "string" ? unreadable("malformed", said) : readSaid(said, asked, unweighed(target));
  },
};

/** The format has no word for token probabilities, whatever is asked for. */
function unweighed(target: Target): Target {
  return { ...target, logprobs: false };
}

function heldTo({ question }: Asked, { quirks }: Target, plan: Plan): { readonly [key: string]: Json } {
  if (plan.kind === "letters" || plan.kind === "text") return {};
  switch (plan.form) {
    case "json_schema":
      return { output_config: { format: { type: "json_schema", schema: asJson(withoutBounds(plan.shape.schema)) } } };
    case "tool": {
      const tools = toolsFor(question, plan).map(({ name, description, input }) => ({
        name,
        description,
        input_schema: input.type === "object" ? input : { ...input, type: "object" },
      }));
      const choice: { readonly [key: string]: Json } = !quirks.forcedTool
        ? { type: "auto" }
        : plan.kind === "call"
          ? { type: "any" }
          : { type: "tool", name: ANSWER_TOOL };
      return { tools, tool_choice: { ...choice, disable_parallel_tool_use: true } };
    }
    case "json_object":
    case "prompt":
    case "bare":
      return {};
  }
}

/** What was said, or why the body is no reply. */
function saidIn(body: unknown): Said | string {
  if (!isFields(body)) return "the reply is no object";
  if (!Array.isArray(body.content)) {
    const told = textOf(fieldsOf(body.error).message);
    return told === "" ? "the reply has no content" : `the reply is an error: ${told.slice(0, 200)}`;
  }
  const blocks = listOf(body.content).map(fieldsOf);
  const textsOf = (type: string, key: string) =>
    blocks
      .filter((block) => block.type === type)
      .map((block) => textOf(block[key]))
      .join("");
  const reason = body.stop_reason;
  return {
    model: typeof body.model === "string" && body.model !== "" ? body.model : null,
    content: textsOf("text", "text"),
    reasoning: textsOf("thinking", "thinking"),
    calls: blocks.flatMap(({ type, name, input }): SaidCall[] =>
      type === "tool_use" && typeof name === "string" ? [{ name, args: input ?? {} }] : [],
    ),
    end:
      reason === "max_tokens" || reason === "model_context_window_exceeded"
        ? "length"
        : reason === "refusal"
          ? "refused"
          : "whole",
    refusal: "",
    tokens: null,
    usage: messagesUsage(body.usage),
    isRemote: false,
  };
}

/** `input_tokens` leaves out what a cache took part in; here it is put back, as the other formats count. */
export function messagesUsage(usage: unknown): Usage | null {
  const blocks = Array.isArray(usage) ? usage : [usage];
  const [first, ...more] = blocks.filter(isFields);
  if (!first) return null;
  const fresh = countOf(first.input_tokens);
  const read = countOf(first.cache_read_input_tokens) ?? 0;
  const written = countOf(first.cache_creation_input_tokens) ?? 0;
  return {
    input: fresh === null ? null : fresh + read + written,
    output: countOf(first.output_tokens),
    total: null,
    reasoning: 0,
    cachedInput: read,
    cost: null,
    isDouble: more.length > 0,
  };
}
