/** What vendors and servers do differently, as data: one table, no subclass per vendor. */

import type { Json } from "../core/json.ts";
import type { WireName } from "./wire.ts";

/** How a server wants to be asked. Every field has a plain default (`plain`). */
export interface Quirks {
  /** How a closed answer is forced: a JSON schema, a forced tool, or nothing (the prompt alone). */
  readonly structure: "json_schema" | "tool" | "json_object" | "none";
  /** Whether the schema may claim to be strict: every property required, none beyond them. */
  readonly strictSchema: boolean;
  /** Whether the token probabilities it gives were taken before the constraint. */
  readonly logprobs: "raw" | "constrained" | "unknown" | "none";
  /** Most alternatives of a token that it lists. */
  readonly topLogprobs: number;
  /** Whether a structured output must be left out for its probabilities to be honest. */
  readonly unconstrainedForLogprobs: boolean;
  /** It takes a grammar (GBNF) in `grammar`, and its probabilities know nothing of it: a letter can be held to letters. */
  readonly grammar: boolean;
  /** Whether a temperature may be sent. */
  readonly temperature: "any" | "never" | "without reasoning";
  /** Whether one tool may be demanded. */
  readonly forcedTool: boolean;
  /** Name of the field that bounds the answer's length. */
  readonly maxTokensField: "max_tokens" | "max_completion_tokens" | "max_output_tokens";
  /**
   * Header of an idempotency key by which the provider answers a call that is repeated without doing it again; `null`
   * where its documentation promises none. That is so for every vendor below: a client's option by that name is no promise.
   */
  readonly idempotencyHeader: string | null;
  /** Fields that turn thinking off, or as far down as it goes, merged into the body. */
  readonly noThinking: { readonly [key: string]: Json };
  /** Tokens that are left free for thinking that cannot be turned off; 0 where it can. */
  readonly thinkingTokens: number;
  /** Fields that are always sent. */
  readonly always: { readonly [key: string]: Json };
  /** The server names its models as it likes, such as by a file's path: another name is no other model. */
  readonly freeNames: boolean;
}

/** A server that keeps to the common part of OpenAI's format, and of which nothing more is known. */
export const plain: Quirks = {
  structure: "json_schema",
  strictSchema: false,
  logprobs: "unknown",
  topLogprobs: 20,
  unconstrainedForLogprobs: true,
  grammar: false,
  temperature: "any",
  forcedTool: true,
  maxTokensField: "max_tokens",
  idempotencyHeader: null,
  noThinking: {},
  thinkingTokens: 0,
  always: {},
  freeNames: false,
};

export type VendorName =
  | "openai"
  | "openrouter"
  | "anthropic"
  | "ollama"
  | "llama-server"
  | "vllm"
  | "lmstudio"
  | "typesafe"
  | "upstage"
  | "generic";

export interface Vendor {
  readonly name: VendorName;
  /** Base address without the path of a wire; `null` where it has none of its own. */
  readonly url: string | null;
  /** The wires that it speaks, the one that is taken by default first. */
  readonly wires: readonly [WireName, ...WireName[]];
  /** Environment variable that its own tools take the key from; read only where the config names the vendor. */
  readonly keyVariable: string | null;
  /** How the key is sent: as `Authorization: Bearer`, or in a header of its own. */
  readonly auth: "bearer" | "x-api-key" | "none";
  /** Headers beside the key. */
  readonly headers: { readonly [name: string]: string };
  /** It runs on the user's machine by default. */
  readonly local: boolean;
  readonly quirks: Partial<Quirks>;
  /** What some of its models do differently: every pattern that fits is applied, in order. */
  readonly models: readonly { readonly pattern: RegExp; readonly quirks: Partial<Quirks> }[];
}

/** Room for a thought that was asked to be short. */
const SHORT_THOUGHT = 1024;

/** llama.cpp's templates take it; others leave it unread. Documentation of llama-server and vLLM. */
const templateWithoutThinking = { chat_template_kwargs: { enable_thinking: false } };

/** Documentation of OpenAI's latest models: no sampling parameters unless the effort is `none`, and no logprobs. */
const openaiReasoning: Partial<Quirks> = { logprobs: "none", temperature: "without reasoning" };

/** These have no `none` (documentation: models; release notes of clients that met the error). */
const withoutNone = /(^|\/)gpt-(6-astra|6\.1-sol|5\.\d-pro)/;

const openaiModels: Vendor["models"] = [
  // The o series always thinks and takes no temperature (documentation: reasoning models).
  {
    pattern: /(^|\/)o\d/,
    quirks: {
      ...openaiReasoning,
      temperature: "never",
      noThinking: { reasoning_effort: "low" },
      thinkingTokens: SHORT_THOUGHT,
    },
  },
  // GPT-5 itself knows `minimal` as its least effort; from 5.1 on there is `none` (documentation: reasoning effort).
  {
    pattern: /(^|\/)gpt-5(-(?!chat)|$)/,
    quirks: {
      ...openaiReasoning,
      temperature: "never",
      noThinking: { reasoning_effort: "minimal" },
      thinkingTokens: SHORT_THOUGHT,
    },
  },
  // wires.md: GPT-6 takes a temperature only with reasoning "none".
  {
    pattern: /(^|\/)gpt-(5\.\d|6)/,
    quirks: { ...openaiReasoning, noThinking: { reasoning_effort: "none" } },
  },
  {
    pattern: withoutNone,
    quirks: { temperature: "never", noThinking: { reasoning_effort: "low" }, thinkingTokens: SHORT_THOUGHT },
  },
];

// Anthropic writes 5-5, OpenRouter 5.5.
/** Migration guides: from Opus 4.7 on, and with Sonnet 5, sampling parameters other than the default are refused. */
const withoutSampling = /claude-(opus-4[.-][789]|(opus|sonnet|haiku|fable)-([5-9]|\d\d))/;
/** Migration guides of Opus 5.5 and Fable 5.1: thinking cannot be disabled, forced tool use is refused with 400. */
const alwaysThinking = /claude-(opus-5[.-]5|fable-5)/;
/** Migration guide of Sonnet 5.5: `disabled` is refused and `between_tools` stands in for it; no forced tool use. */
const thinkingBetweenTools = /claude-sonnet-5[.-]5/;

const anthropicModels: Vendor["models"] = [
  { pattern: withoutSampling, quirks: { temperature: "never" } },
  {
    pattern: alwaysThinking,
    quirks: {
      forcedTool: false,
      noThinking: { output_config: { effort: "low" } },
      thinkingTokens: SHORT_THOUGHT,
    },
  },
  {
    pattern: thinkingBetweenTools,
    quirks: {
      forcedTool: false,
      noThinking: { thinking: { type: "between_tools" }, output_config: { effort: "low" } },
      thinkingTokens: SHORT_THOUGHT,
    },
  },
];

export const vendors: { readonly [name in VendorName]: Vendor } = {
  // engine.md 4.2: numbers under a structured output are undocumented, so none is sent with them; at most 20.
  openai: {
    name: "openai",
    url: "https://api.openai.com",
    wires: ["chat", "decisions"],
    keyVariable: "OPENAI_API_KEY",
    auth: "bearer",
    headers: {},
    local: false,
    quirks: {
      strictSchema: true,
      logprobs: "raw",
      maxTokensField: "max_completion_tokens",
    },
    models: openaiModels,
  },
  // Documentation: `provider.require_parameters` keeps hosts away that would ignore a schema or logprobs in silence;
  // `usage.cost` is what the call cost. Which host answers, and how it counts, is not known beforehand.
  openrouter: {
    name: "openrouter",
    url: "https://openrouter.ai/api",
    wires: ["chat"],
    keyVariable: "OPENROUTER_API_KEY",
    auth: "bearer",
    headers: {},
    local: false,
    quirks: {
      always: { provider: { require_parameters: true }, usage: { include: true } },
      noThinking: { reasoning: { enabled: false } },
    },
    models: [
      { pattern: /^openai\/(o\d|gpt-[56])/, quirks: { logprobs: "none", temperature: "never" } },
      { pattern: /^anthropic\//, quirks: { logprobs: "none" } },
      { pattern: withoutSampling, quirks: { temperature: "never" } },
      // Those that cannot be told not to think are told to think little.
      ...[/^openai\/(o\d|gpt-5(-|$))/, withoutNone, alwaysThinking, thinkingBetweenTools].map((pattern) => ({
        pattern,
        quirks: { forcedTool: false, noThinking: { reasoning: { effort: "low" } }, thinkingTokens: SHORT_THOUGHT },
      })),
    ],
  },
  // engine.md 4.2: no probabilities at all. Structured outputs by `output_config.format` (documentation).
  anthropic: {
    name: "anthropic",
    url: "https://api.anthropic.com",
    wires: ["messages"],
    keyVariable: "ANTHROPIC_API_KEY",
    auth: "x-api-key",
    headers: { "anthropic-version": "2023-06-01" },
    local: false,
    quirks: {
      strictSchema: true,
      logprobs: "none",
      topLogprobs: 0,
      noThinking: { thinking: { type: "disabled" } },
    },
    models: anthropicModels,
  },
  // engine.md 4.2: raw since 0.12.11, at most 20. wires.md: tool_choice is ignored, and tool-call tokens have no
  // logprobs.
  ollama: {
    name: "ollama",
    url: "http://127.0.0.1:11434",
    wires: ["ollama", "chat", "systemone"],
    keyVariable: null,
    auth: "none",
    headers: {},
    local: true,
    quirks: {
      logprobs: "raw",
      forcedTool: false,
      // The native wire reads the one, the OpenAI-compatible one the other; each leaves the other's unread.
      noThinking: { think: false, reasoning_effort: "none" },
    },
    models: [
      // gpt-oss thinks whatever it is told; it only takes a level (documentation: thinking).
      {
        pattern: /gpt-oss/,
        quirks: { noThinking: { think: "low", reasoning_effort: "low" }, thinkingTokens: SHORT_THOUGHT },
      },
    ],
  },
  // engine.md 4.2, verified there: softmax of the raw logits whatever grammar is on, and as many as are asked for.
  "llama-server": {
    name: "llama-server",
    url: "http://127.0.0.1:8080",
    wires: ["chat", "systemone"],
    keyVariable: null,
    auth: "bearer",
    headers: {},
    local: true,
    quirks: {
      logprobs: "raw",
      topLogprobs: 100,
      unconstrainedForLogprobs: false,
      grammar: true,
      noThinking: templateWithoutThinking,
      // It answers with the path of its file, or with whatever name it was asked by.
      freeNames: true,
    },
    models: [],
  },
  // engine.md 4.2: the mask of a structured output is applied before its logprobs are taken, so none is sent with them.
  vllm: {
    name: "vllm",
    url: "http://127.0.0.1:8000",
    wires: ["chat", "systemone"],
    keyVariable: null,
    auth: "bearer",
    headers: {},
    local: true,
    quirks: { logprobs: "raw", noThinking: templateWithoutThinking },
    models: [],
  },
  // engine.md 4.2: long a stub (`null`), and its meaning under a schema is undocumented: to be probed.
  lmstudio: {
    name: "lmstudio",
    url: "http://127.0.0.1:1234",
    wires: ["chat", "systemone"],
    keyVariable: null,
    auth: "none",
    headers: {},
    local: true,
    quirks: { logprobs: "unknown", freeNames: true },
    models: [],
  },
  // The format's own author; its models answer by System One alone (documentation).
  typesafe: {
    name: "typesafe",
    url: "https://api.typesafe.ai",
    wires: ["systemone"],
    keyVariable: "TYPESAFE_API_KEY",
    auth: "bearer",
    headers: {},
    local: false,
    quirks: { logprobs: "raw" },
    models: [],
  },
  // Documentation: Solar Decide, in beta.
  upstage: {
    name: "upstage",
    url: "https://api.upstage.ai",
    wires: ["systemone", "chat"],
    keyVariable: "UPSTAGE_API_KEY",
    auth: "bearer",
    headers: {},
    local: false,
    quirks: { logprobs: "raw" },
    models: [],
  },
  generic: {
    name: "generic",
    url: null,
    wires: ["chat", "systemone", "decisions", "ollama", "messages"],
    keyVariable: null,
    auth: "bearer",
    headers: {},
    local: false,
    quirks: {},
    models: [],
  },
};

/** The hosted vendor whose own address this is; `null` where it is nobody's. */
export function hostedVendorAt(url: string): Vendor | null {
  const { host } = new URL(url);
  return Object.values(vendors).find((one) => !one.local && one.url !== null && new URL(one.url).host === host) ?? null;
}

/** How this vendor wants to be asked for this model. */
export function quirksOf(vendor: VendorName, model: string): Quirks {
  const { quirks, models } = vendors[vendor];
  const name = model.toLowerCase();
  let all: Quirks = { ...plain, ...quirks };
  for (const special of models) {
    if (special.pattern.test(name)) all = { ...all, ...special.quirks };
  }
  return all;
}

/** The fields of a body with those of the quirks merged in, one level deep: what the wire itself says has the last word. */
export function withQuirks(
  body: { readonly [key: string]: Json },
  ...more: readonly { readonly [key: string]: Json }[]
): { readonly [key: string]: Json } {
  const all: { [key: string]: Json } = {};
  for (const part of [...more, body]) {
    for (const [key, value] of Object.entries(part)) {
      const before = all[key];
      all[key] = isPlain(before) && isPlain(value) ? { ...before, ...value } : value;
    }
  }
  return all;
}

function isPlain(value: Json | undefined): value is { readonly [key: string]: Json | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
