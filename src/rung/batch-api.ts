/** The contract of a provider's batch API: many requests in one upload, answered within a day at a lower price. */

import type { Json } from "../core/json.ts";
import type { Tokens } from "../wire/wire.ts";

/** One request of a batch. */
export interface BatchLine {
  /** 27 letters, digits, `-` and `_`, by which its result is known: the order means nothing. */
  readonly id: string;
  /** Where it would be sent to alone, such as `/v1/chat/completions`. */
  readonly target: string;
  readonly body: { readonly [key: string]: Json };
}

/** What came of one request. `id` is `null` where the result does not say whose it is. */
export type BatchResult = { readonly id: string | null } & (
  | { readonly kind: "answered"; readonly reply: Json; readonly tokens: Tokens | null }
  /** It was not carried out, and nobody is paid for it. */
  | { readonly kind: "failed"; readonly reason: string }
);

export type BatchProgress =
  | { readonly kind: "under way"; readonly done: number; readonly size: number }
  /** Nothing more will come; `note` says how it ended. `isVoid`: it was refused as a whole, and nothing was carried out. */
  | { readonly kind: "ended"; readonly note: string; readonly isVoid: boolean };

/** Whether the provider has a batch of which it is not known whether it ever arrived. */
export type BatchFound =
  | { readonly kind: "found"; readonly id: string }
  | { readonly kind: "none" }
  /** It cannot be told yet. */
  | { readonly kind: "unclear"; readonly why: string };

/** A batch that was recorded, and of which no answer of the provider's came. */
export interface LostBatch {
  readonly key: string;
  /** Milliseconds since the epoch at which it was recorded. */
  readonly made: number;
  readonly size: number;
  /** Whether a request of that id is one of its. */
  has(id: string): boolean;
  /** Provider's names of batches that are known to be others. */
  readonly others: ReadonlySet<string>;
}

/** Rejects with a `BackendError`. */
export interface BatchApi {
  readonly host: string;
  readonly mostRequests: number;
  /** Of the whole upload. */
  readonly mostBytes: number;
  /** Sends it under a key of its own, and gives the provider's name of it. */
  send(key: string, lines: readonly BatchLine[], signal: AbortSignal): Promise<string>;
  find(lost: LostBatch, signal: AbortSignal): Promise<BatchFound>;
  look(id: string, signal: AbortSignal): Promise<BatchProgress>;
  /** Of a batch that ended, one by one. */
  results(id: string, signal: AbortSignal): AsyncIterable<BatchResult>;
  close(): Promise<void>;
}

/** What a rung that answers by batches offers to those who send and fetch them. */
export interface Batches {
  /** The most that one call costs at the batch's price; `null` where it is not known. */
  readonly mostCost: number | null;
  /** What a reply cost, in the config's currency. */
  costOf(tokens: Tokens | null, currency: string): number | null;
  /** Needs the provider's key. Throws a `UsageError` where there is none. */
  open(): BatchApi;
}
