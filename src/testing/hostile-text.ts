/** Replies in words: chat completions, Ollama's chat and Anthropic's Messages, from one plain form. */

import type { Json } from "../core/json.ts";
import type { HostileFaultName } from "./hostile-faults.ts";
import { fitting, type HostileAsked, optionsIn, shaped } from "./hostile-request.ts";

/** One token of the reply, and what else it could have been. */
interface Token {
  readonly token: string;
  readonly p: number;
  readonly others: readonly (readonly [token: string, p: number])[];
}

interface TextReply {
  readonly content: string;
  readonly call: { readonly name: string; readonly arguments: Json } | null;
  readonly reasoning: string | null;
  readonly tokens: readonly Token[] | null;
  readonly usage: { readonly input: number; readonly output: number } | null;
  readonly model: string;
  readonly finish: "stop" | "length" | "refusal";
}

type Body = { readonly [key: string]: Json | undefined };

/** The right reply, then what the fault makes of it. */
export function textReply(asked: HostileAsked, answer: Json | undefined, sure: number, fault: string | null): Body {
  const plain = honest(asked, answer, sure);
  const change = fault === null ? undefined : changes[fault as HostileFaultName];
  const reply = change ? { ...plain, ...change(plain, asked) } : plain;
  return renderings[asked.wire as keyof typeof renderings](reply, asked);
}

function honest(asked: HostileAsked, answer: Json | undefined, sure: number): TextReply {
  const { schema, tool, body } = asked;
  const value = answer === undefined ? fitting(schema) : schema === null ? answer : shaped(answer, schema);
  const content = typeof value === "string" ? value : JSON.stringify(value);
  // Asked by letters, without a schema: the letters are what it could have said.
  const free = /^[A-Z]$/.test(content) ? [...new Set(["A", "B", "C", content])] : [];
  const tokens = tokensOf(content, schema === null ? free : optionsIn(schema), sure);
  const called = tool !== null && typeof value === "object";
  return {
    content: called ? "" : content,
    call: called ? { name: tool, arguments: value } : null,
    reasoning: null,
    tokens: wantsLogprobs(body) && !called ? tokens : null,
    usage: { input: Math.ceil(JSON.stringify(body).length / 4) + 8, output: tokens.length },
    model: String(body.model ?? "hostile"),
    finish: "stop",
  };
}

const wantsLogprobs = (body: HostileAsked["body"]): boolean => body.logprobs === true;

/** Pieces at the edges of words, as most vocabularies have them; an option is one piece, with its rivals beside it. */
function tokensOf(content: string, options: readonly string[], sure: number): readonly Token[] {
  const inside = [...options].sort((a, b) => b.length - a.length).map(escaped);
  const pieces = content.match(new RegExp(`${[...inside, "\\w+", "[^\\w]+?"].join("|")}`, "g")) ?? [];
  return pieces.map((token) => {
    const rivals = options.includes(token) ? options.filter((option) => option !== token) : [];
    const rest = (1 - sure) / Math.max(1, rivals.length);
    return { token, p: rivals.length > 0 ? sure : 0.999, others: rivals.map((rival) => [rival, rest] as const) };
  });
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

const prose = "Happy to help with that! Let me think about it step by step.";

type Change = (plain: TextReply, asked: HostileAsked) => Partial<TextReply>;

/** The call as text: who was offered no tool gets its answer's members in the same shape. */
const asText =
  (shape: (name: string, value: Json) => string): Change =>
  ({ call, content }) => ({
    call: null,
    content: shape(call?.name ?? "answer", call?.arguments ?? parsed(content)),
    tokens: null,
  });

const changes: { readonly [name in HostileFaultName]?: Change } = {
  "schema ignored": () => ({ call: null, content: prose, tokens: null }),
  "tool choice ignored": () => ({ call: null, content: prose, tokens: null }),
  "tool call as JSON text": asText((name, value) => JSON.stringify({ name, arguments: value })),
  "tool call as name[ARGS]": asText((name, value) => `${name}[ARGS]${JSON.stringify(value)}`),
  "tool call as <function>": asText((name, value) => {
    const members = typeof value === "object" && value !== null ? Object.entries(value) : [["value", value] as const];
    const parameters = members.map(
      ([key, member]) =>
        `<parameter=${key}>${typeof member === "string" ? member : JSON.stringify(member)}</parameter>`,
    );
    return `<function=${name}>${parameters.join("")}</function>`;
  }),
  "tool call as [TOOL_CALLS]": asText((name, value) => `[TOOL_CALLS]${name}${JSON.stringify(value)}`),
  "truncation with 200": ({ content, call }) => {
    const whole = call ? JSON.stringify(call.arguments) : content;
    return { call: null, content: whole.slice(0, Math.ceil(whole.length / 2)), finish: "length", tokens: null };
  },
  "answer in reasoning": ({ content, call }) => ({
    call: null,
    content: "",
    reasoning: call ? JSON.stringify(call.arguments) : content,
    tokens: null,
  }),
  "empty answer": () => ({ call: null, content: "", tokens: null }),
  refusal: () => ({ call: null, content: "I'm sorry, but I can't help with that.", tokens: null, finish: "refusal" }),
  "logprobs missing": () => ({ tokens: null }),
  "logprobs masked": ({ tokens }) => ({
    tokens: tokens?.map(({ token, others }) => ({ token, p: 1, others: others.map(([other]) => [other, 0]) })) ?? null,
  }),
  "two-decimal logprobs": ({ tokens }) => ({
    tokens:
      tokens?.map(({ token, p, others }) => ({
        token,
        p: rounded(p),
        others: others.map(([other, its]) => [other, rounded(its)]),
      })) ?? null,
  }),
  "usage missing": () => ({ usage: null }),
  "usage doubled": (_, { body }) => {
    const bytes = JSON.stringify(body).length;
    return { usage: { input: 2 * bytes + 4096, output: 2 * bytes + 4096 } };
  },
  "prompt truncation with 200": ({ usage }) => ({ usage: { input: 2, output: usage?.output ?? 1 } }),
  "wrong model": () => ({ model: "some-other-model-0.5b" }),
};

const rounded = (p: number): number => Math.round(p * 100) / 100;

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return { value: text };
  }
}

/** JSON has no minus infinity; servers write a very low number. */
const logprob = (p: number): number => (p > 0 ? Math.log(p) : -9999);

function logprobsOf(tokens: readonly Token[]): Json {
  return tokens.map(({ token, p, others }) => ({
    token,
    logprob: logprob(p),
    bytes: [...Buffer.from(token)],
    top_logprobs: [[token, p] as const, ...others].map(([other, its]) => ({
      token: other,
      logprob: logprob(its),
      bytes: [...Buffer.from(other)],
    })),
  }));
}

const renderings: {
  readonly [wire in "chat" | "ollama" | "messages"]: (reply: TextReply, asked: HostileAsked) => Body;
} = {
  chat: ({ content, call, reasoning, tokens, usage, model, finish }) => ({
    id: "chatcmpl-hostile",
    object: "chat.completion",
    created: 0,
    model,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: call || finish === "refusal" ? null : content,
          refusal: finish === "refusal" ? content : null,
          ...(reasoning !== null && { reasoning_content: reasoning }),
          ...(call && {
            tool_calls: [
              {
                id: "call_0",
                type: "function",
                function: { name: call.name, arguments: JSON.stringify(call.arguments) },
              },
            ],
          }),
        },
        logprobs: tokens && { content: logprobsOf(tokens) },
        finish_reason: call ? "tool_calls" : finish === "refusal" ? "stop" : finish,
      },
    ],
    ...(usage && {
      usage: {
        prompt_tokens: usage.input,
        completion_tokens: usage.output,
        total_tokens: usage.input + usage.output,
      },
    }),
  }),
  ollama: ({ content, call, reasoning, tokens, usage, model, finish }, { path }) => ({
    model,
    created_at: "2026-01-01T00:00:00Z",
    ...(path === "/api/generate"
      ? { response: content, ...(reasoning !== null && { thinking: reasoning }) }
      : {
          message: {
            role: "assistant",
            content,
            ...(reasoning !== null && { thinking: reasoning }),
            ...(call && { tool_calls: [{ function: { name: call.name, arguments: call.arguments } }] }),
          },
        }),
    ...(tokens && { logprobs: logprobsOf(tokens) }),
    done: true,
    done_reason: finish === "refusal" ? "stop" : finish,
    total_duration: 1_000_000,
    ...(usage && { prompt_eval_count: usage.input, eval_count: usage.output }),
  }),
  messages: ({ content, call, reasoning, usage, model, finish }) => ({
    id: "msg_hostile",
    type: "message",
    role: "assistant",
    model,
    content: [
      ...(reasoning === null ? [] : [{ type: "thinking", thinking: reasoning, signature: "" }]),
      ...(content === "" ? [] : [{ type: "text", text: content }]),
      ...(call ? [{ type: "tool_use", id: "toolu_0", name: call.name, input: call.arguments }] : []),
    ],
    stop_reason: call ? "tool_use" : { stop: "end_turn", length: "max_tokens", refusal: "refusal" }[finish],
    stop_sequence: null,
    ...(usage && { usage: { input_tokens: usage.input, output_tokens: usage.output } }),
  }),
};
