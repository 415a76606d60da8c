/** The contract of a wire: how a question is said in one format of HTTP, and how a reply in it is read. Pure: no I/O. */

import type { Basis, Evidence } from "../core/answer.ts";
import type { Json } from "../core/json.ts";
import type { Question, Repair } from "../core/question.ts";
import type { ServerFault } from "../core/server-fault.ts";
import type { Quirks } from "./quirks.ts";

export type WireName = "systemone" | "decisions" | "chat" | "ollama" | "messages";

/** What is asked: the question, and the item's text as it may leave the machine. */
export interface Asked {
  readonly question: Question;
  readonly about: string;
  /** Set on the second and last try, after a reply that did not fit. */
  readonly repair: Repair | null;
}

/** Whom it is asked of, and how. */
export interface Target {
  readonly model: string;
  readonly quirks: Quirks;
  /** Whether token probabilities are asked for, where the wire has them. */
  readonly logprobs: boolean;
  /** Most tokens that a filled or written answer may have. */
  readonly maxTokens: number;
  /** Sampling temperature; above 0 only where votes are taken. */
  readonly temperature: number;
}

export interface WireRequest {
  /** Below the backend's base address, such as `/v1/chat/completions`. */
  readonly path: string;
  readonly body: { readonly [key: string]: Json };
}

/** Tokens as the reply counts them; `null` where it does not say. */
export interface Tokens {
  readonly input: number;
  readonly output: number;
  /** Of `input`: read from a cache, at another price. */
  readonly cachedInput: number;
  /** What the provider says that the call cost, in US dollars; `null` where it does not say. */
  readonly cost: number | null;
}

export type WireReply = {
  readonly tokens: Tokens | null;
  /** The model as the server names it; `null` where it does not. */
  readonly model: string | null;
  /** What was wrong and could be lived with, in the order found: also on an answer. */
  readonly faults: readonly ServerFault[];
} & (
  | {
      readonly kind: "answered";
      /** Raw, as `Question.parse` reads it. */
      readonly value: unknown;
      readonly confidence: number | null;
      readonly basis: Basis;
      readonly evidence: Evidence;
    }
  /** It would not say (a refusal, the way out of the format), or what it said cannot be read. */
  | { readonly kind: "unanswered"; readonly reason: string }
);

export interface Wire {
  readonly name: WireName;
  /** The request, or why this wire cannot carry this question, in one sentence. */
  ask(asked: Asked, target: Target): WireRequest | { readonly cannot: string };
  /** Reads a reply of status 200. Never throws: whatever a server sends is a `WireReply`. */
  read(body: unknown, asked: Asked, target: Target): WireReply;
}
