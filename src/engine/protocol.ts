/** What the two sides of an engine's pipe say to each other, and how errors cross it. */

import { ModelError, messageOf, PawlError, UsageError } from "../core/errors.ts";
import type { JsonSchema } from "../core/schema.ts";
import type { Embedding, Filled, Prefix, PrefixId, Score, Written } from "./engine.ts";
import type { Tuning } from "./tuning.ts";

export interface OpenChat {
  readonly kind: "chat";
  readonly path: string;
  readonly threads: number;
  /** Context wanted; the model's own limit lowers it. */
  readonly contextTokens: number;
  /** Question prefixes that stay evaluated at the same time. */
  readonly hotPrefixes: number;
  readonly gpu: "auto" | false;
  /** How to lay passes out; without it the process finds out. */
  readonly tuning: Tuning | null;
  /** Where evaluated prefixes are kept, and what makes them this model's; `null` keeps none. */
  readonly prefixes: { readonly folder: string; readonly key: readonly string[] } | null;
}

export interface OpenEncoder {
  readonly kind: "encoder";
  readonly path: string;
  readonly threads: number;
  /** Context wanted; the model's own limit lowers it. */
  readonly contextTokens: number;
  readonly gpu: "auto" | false;
}

/**
 * Prefixes that a process remembers, the oldest forgotten first: questions that differ from item to item must not fill
 * the memory. Parent and child count by the same rule, so each knows what the other holds.
 */
export const MOST_PREFIXES = 500;

export interface Opened {
  readonly contextTokens: number;
  /** Length of a vector; 0 for a chat model. */
  readonly dimensions: number;
  /** How the prompt is laid out, for people: the chat template's name, or "plain". */
  readonly template: string;
  /** What the weights and the room for prompts take, as far as the runtime can say. */
  readonly bytes: number;
  /** What the graphics card's backend calls itself; `false` on the processor. */
  readonly gpu: string | false;
  /** How its passes are laid out; `null` for an encoder. */
  readonly tuning: Tuning | null;
}

export interface Behind {
  readonly prefix: PrefixId;
  readonly item: string;
}

export interface ScoreArguments extends Behind {
  readonly bias: readonly number[] | null;
  readonly every: boolean;
  readonly sketch: boolean;
}

export interface WriteArguments extends Behind {
  readonly maxTokens: number;
  readonly stop: readonly string[];
  /** Whether the text is wanted while it is written. */
  readonly streamed: boolean;
}

export interface FillArguments extends Behind {
  readonly fields: JsonSchema;
  readonly lead: string;
  readonly maxTokens: number;
}

/** Every request, as `[what is sent, what comes back]`. */
export interface Calls {
  open: [OpenChat | OpenEncoder, Opened];
  prepare: [{ readonly id: PrefixId; readonly prefix: Prefix }, null];
  /** Answered at once: what the way to the process and back costs. */
  ping: [null, null];
  score: [ScoreArguments, Score];
  fill: [FillArguments, Filled];
  write: [WriteArguments, Written];
  measure: [Behind, { tokens: number; limit: number }];
  /** Several texts a message, each with its vector or its own refusal. */
  embed: [{ readonly texts: readonly string[] }, readonly (Embedding | { readonly error: WireError })[]];
}
export type CallName = keyof Calls;

export type ToChild =
  | {
      readonly [Name in CallName]: { readonly id: number; readonly call: Name; readonly sent: Calls[Name][0] };
    }[CallName]
  /** Stop the request between two passes; it is answered all the same. */
  | { readonly cancel: number };

export type ToParent =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: WireError }
  /** One more pass is done: the request is alive. `text`: what it wrote in it, where that is wanted. */
  | { readonly id: number; readonly alive: true; readonly text?: string };

export interface WireError {
  readonly who: "usage" | "model" | "bug";
  readonly code: string;
  readonly message: string;
  readonly value?: unknown;
}

/** An error as plain data. Anything that is not ours is a bug of the engine, kept with its stack. */
export function toWire(thrown: unknown): WireError {
  if (thrown instanceof PawlError) {
    const who = thrown instanceof UsageError ? "usage" : "model";
    return { who, code: thrown.code, message: thrown.message, value: thrown.value };
  }
  return {
    who: "bug",
    code: "E_ENGINE",
    message: messageOf(thrown),
    value: thrown instanceof Error ? thrown.stack : undefined,
  };
}

export function fromWire(error: WireError): PawlError {
  const details = { value: error.value };
  return error.who === "usage"
    ? new UsageError(error.code, error.message, details)
    : new ModelError(error.code, error.message, details);
}
