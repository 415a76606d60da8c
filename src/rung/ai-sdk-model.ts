/** What of an AI SDK language model is used, as a type of our own, and how a request and a reply are said in it. */

import type { Json } from "../core/json.ts";
import type { ServerFault, TransportFault } from "../core/server-fault.ts";
import { BackendError } from "../net/backend-error.ts";
import { failureOfReply, failureOfThrown } from "../net/classify.ts";
import { faultRules } from "../net/fault-rules.ts";
import { retryAfterSeconds } from "../net/retry-after.ts";
import type { WireRequest } from "../wire/wire.ts";

/** A language model of the AI SDK, version 7 (specification 4), such as `openai("gpt-6-luna")`. */
export interface AiSdkModel {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  doGenerate(call: AiSdkCall): PromiseLike<AiSdkResult>;
}

export interface AiSdkCall {
  prompt: ({ role: "system"; content: string } | { role: "user"; content: { type: "text"; text: string }[] })[];
  maxOutputTokens?: number;
  temperature?: number;
  stopSequences?: string[];
  responseFormat?: { type: "text" } | { type: "json"; schema?: { [key: string]: never }; name?: string };
  abortSignal?: AbortSignal;
  providerOptions?: { [provider: string]: { [option: string]: never } };
}

export interface AiSdkResult {
  readonly content: readonly { readonly type: string }[];
  readonly structuredOutputText?: string | undefined;
  readonly finishReason: { readonly unified: string };
  readonly usage: {
    readonly inputTokens: { readonly total: number | undefined; readonly cacheRead: number | undefined };
    readonly outputTokens: { readonly total: number | undefined };
  };
  readonly response?: { readonly modelId?: string | undefined } | undefined;
}

/** A request of the chat wire as a call. `never` in the types above: the model's own types for it are not ours to know. */
export function callOf({ body }: WireRequest): AiSdkCall {
  const messages = body.messages as readonly { readonly role: string; readonly content: string }[];
  const format = body.response_format as { readonly json_schema?: { readonly schema?: unknown } } | undefined;
  const schema = format?.json_schema?.schema as { [key: string]: never } | undefined;
  const { max_tokens, temperature, stop } = body;
  return {
    prompt: messages.map(({ role, content }) =>
      role === "system" ? { role, content } : { role: "user", content: [{ type: "text", text: content }] },
    ),
    responseFormat: schema ? { type: "json", schema, name: "answer" } : { type: "text" },
    ...(typeof max_tokens === "number" && { maxOutputTokens: max_tokens }),
    ...(typeof temperature === "number" && temperature > 0 && { temperature }),
    ...(Array.isArray(stop) && { stopSequences: stop.map(String) }),
  };
}

const ends: { readonly [reason: string]: string } = {
  length: "length",
  // It broke off: what is there may be a part.
  error: "length",
  interrupted: "length",
  "content-filter": "content_filter",
};

/** A result as the chat wire reads replies. */
export function bodyOf(result: AiSdkResult): { readonly [key: string]: Json } {
  const textOf = (type: string): string =>
    result.content
      .map((part) => (part.type === type && "text" in part && typeof part.text === "string" ? part.text : ""))
      .join("");
  const { inputTokens, outputTokens } = result.usage;
  const [input, output] = [inputTokens.total, outputTokens.total];
  const isCounted = input !== undefined && output !== undefined;
  return {
    ...(result.response?.modelId && { model: result.response.modelId }),
    choices: [
      {
        message: {
          role: "assistant",
          content: result.structuredOutputText ?? textOf("text"),
          reasoning_content: textOf("reasoning"),
        },
        finish_reason: ends[result.finishReason.unified] ?? "stop",
      },
    ],
    ...(isCounted && {
      usage: {
        prompt_tokens: input,
        completion_tokens: output,
        prompt_tokens_details: { cached_tokens: inputTokens.cacheRead ?? 0 },
      },
    }),
  };
}

/** What a model threw, with the same names as a backend's. `what` begins the message; nothing of an item stands in it. */
export function backendErrorOf(thrown: unknown, what: string): BackendError {
  const { fault, status, retryAfter } = failureOf(thrown);
  const { maybeDone, text } = faultRules[fault];
  const said = status === null ? "" : ` (${status})`;
  return new BackendError(fault, `${what} ${text}${said}`, {
    maybeDone,
    faults: [fault],
    status,
    retryAfter,
    cause: thrown,
  });
}

/** It went on for longer than it may. */
export function tooSlow(what: string, seconds: number): BackendError {
  const fault: ServerFault = "too slow";
  return new BackendError(fault, `${what} gave no answer in ${seconds} s`, { maybeDone: true, faults: [fault] });
}

function failureOf(thrown: unknown): {
  readonly fault: TransportFault;
  readonly status: number | null;
  readonly retryAfter: number | null;
} {
  const { statusCode, responseBody, responseHeaders, name } = (
    typeof thrown === "object" && thrown !== null ? thrown : {}
  ) as { statusCode?: unknown; responseBody?: unknown; responseHeaders?: { [name: string]: string }; name?: unknown };
  const parsing = /JSONParse|TypeValidation|InvalidResponse|EmptyResponse|NoContent/.test(String(name));
  if (typeof statusCode !== "number") {
    const fault = parsing ? "not JSON" : failureOfThrown(thrown).fault;
    return { fault, status: null, retryAfter: null };
  }
  const retryAfter = retryAfterSeconds(new Headers(responseHeaders ?? {}), Date.now());
  const failure = failureOfReply(statusCode, jsonIn(responseBody), retryAfter);
  // A status that says that all is well, and content that could not be read.
  return { fault: failure?.fault ?? "not JSON", status: statusCode, retryAfter };
}

function jsonIn(text: unknown): unknown {
  try {
    return typeof text === "string" ? (JSON.parse(text) as unknown) : null;
  } catch {
    return null;
  }
}
