/** How a probe talks: the same few requests over OpenAI's chat format or Ollama's own, and what came back, as it came. */

import type { Json } from "../core/json.ts";
import type { Backend } from "../net/backend.ts";
import { countOf, type Fields, fieldsOf, listOf, textOf } from "../wire/fields.ts";
import type { Quirks } from "../wire/quirks.ts";

export interface Saying {
  readonly system?: string;
  readonly user: string;
  readonly maxTokens: number;
  /** JSON schema that the answer must keep. */
  readonly schema?: { readonly [key: string]: Json };
  /** Tools by name; `demand` names the one that must be called. */
  readonly tools?: readonly string[];
  readonly demand?: string;
  /** Alternatives of each token that are asked for; nothing: no probabilities. */
  readonly top?: number;
}

export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly top: readonly { readonly token: string; readonly logprob: number }[];
}

export interface Said {
  readonly content: string;
  readonly reasoning: string;
  readonly toolCalls: readonly { readonly name: string; readonly args: string }[];
  readonly logprobs: readonly TokenLogprob[] | null;
  readonly promptTokens: number | null;
  readonly outputTokens: number | null;
  readonly totalTokens: number | null;
  readonly model: string | null;
  readonly milliseconds: number;
}

export interface Dialect {
  say(saying: Saying, signal: AbortSignal): Promise<Said>;
}

/**
 * Both dialects ask as a rung would that has these quirks, and reject with a `BackendError` where there is no reply of
 * status 200.
 */
export function chatDialect(backend: Backend, model: string, quirks: Quirks): Dialect {
  return {
    async say(saying, signal) {
      const { top, schema, tools, demand } = saying;
      const body: { [key: string]: Json } = {
        model,
        messages: messagesOf(saying),
        [quirks.maxTokensField]: saying.maxTokens,
        ...(quirks.temperature === "never" ? {} : { temperature: 0 }),
        ...quirks.noThinking,
        ...(top === undefined ? {} : { logprobs: true, top_logprobs: top }),
        ...(schema && {
          response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema } },
        }),
        ...(tools && { tools: tools.map(toolOf) }),
        ...(demand && { tool_choice: { type: "function", function: { name: demand } } }),
      };
      const { body: reply, milliseconds } = await backend.request({ path: "/v1/chat/completions", body, signal });
      const choice = fieldsOf(listIn(fieldsOf(reply).choices)[0]);
      const message = fieldsOf(choice.message);
      const usage = fieldsOf(fieldsOf(reply).usage);
      const content = fieldsOf(choice.logprobs).content;
      return {
        content: textOf(message.content),
        reasoning: textOf(message.reasoning_content) || textOf(message.reasoning),
        toolCalls: callsIn(message.tool_calls),
        logprobs: Array.isArray(content) && content.length > 0 ? listIn(content).map(tokenOf) : null,
        promptTokens: countOf(usage.prompt_tokens),
        outputTokens: countOf(usage.completion_tokens),
        totalTokens: countOf(usage.total_tokens),
        model: textOf(fieldsOf(reply).model) || null,
        milliseconds,
      };
    },
  };
}

export function ollamaDialect(backend: Backend, model: string, quirks: Quirks): Dialect {
  return {
    async say(saying, signal) {
      const { top, schema, tools } = saying;
      const body: { [key: string]: Json } = {
        model,
        messages: messagesOf(saying),
        stream: false,
        options: { temperature: 0, num_predict: saying.maxTokens },
        ...quirks.noThinking,
        ...(top === undefined ? {} : { logprobs: true, top_logprobs: Math.min(top, 20) }),
        ...(schema && { format: schema }),
        // There is no field that demands one: it is asked for in words, as every client of it must.
        ...(tools && { tools: tools.map(toolOf) }),
      };
      const { body: reply, milliseconds } = await backend.request({ path: "/api/chat", body, signal });
      const fields = fieldsOf(reply);
      const message = fieldsOf(fields.message);
      const tokens = listIn(fields.logprobs);
      return {
        content: textOf(message.content),
        reasoning: textOf(message.thinking),
        toolCalls: callsIn(message.tool_calls),
        logprobs: tokens.length > 0 ? tokens.map(tokenOf) : null,
        promptTokens: countOf(fields.prompt_eval_count),
        outputTokens: countOf(fields.eval_count),
        totalTokens: null,
        model: textOf(fields.model) || null,
        milliseconds,
      };
    },
  };
}

function messagesOf({ system, user }: Saying): Json {
  const asked = { role: "user", content: user };
  return system === undefined ? [asked] : [{ role: "system", content: system }, asked];
}

function toolOf(name: string): Json {
  const parameters = { type: "object", properties: { reason: { type: "string" } }, required: ["reason"] };
  return { type: "function", function: { name, description: `Does ${name.replaceAll("_", " ")}.`, parameters } };
}

function callsIn(calls: unknown): Said["toolCalls"] {
  return listIn(calls).map((call) => {
    const { name, arguments: args } = fieldsOf(call.function);
    return { name: textOf(name), args: typeof args === "string" ? args : JSON.stringify(args ?? null) };
  });
}

function tokenOf(token: Fields): TokenLogprob {
  const read = (one: Fields) => ({ token: textOf(one.token), logprob: Number(one.logprob ?? Number.NaN) });
  return { ...read(token), top: listIn(token.top_logprobs).map(read) };
}

function listIn(value: unknown): readonly Fields[] {
  return listOf(value).map(fieldsOf);
}
