/** The contract of the ledger: every call that costs money is on record before it is made, and what it cost after. */

import type { Json } from "../core/json.ts";
import type { Usage } from "../core/usage.ts";

/** A paid call that is about to be made. */
export interface NewPaidCall {
  readonly run: string;
  readonly path: string;
  readonly rung: string;
  /** Which try at this step by this rung: 0, or 1 for a repair; votes count on. */
  readonly attempt: number;
  readonly host: string;
  readonly model: string;
  /** Hash of all that decides the reply: host, model, and the body that is sent. */
  readonly content: string;
  /** The most that it can cost, in the config's currency; `null` where no price is known. */
  readonly most: number | null;
}

/** A call on record, before it is made. */
export interface PaidCall {
  readonly number: number;
  /** The same on every try of this call, also after a crash: the provider may know it again. */
  readonly idempotencyKey: string;
  /** An earlier process began this very call and never heard its end: making it again may pay twice. */
  readonly maybePaid: boolean;
}

/** What came of it. A call that was surely never carried out is settled with no reply and a cost of 0. */
export interface PaidResult {
  /** The reply as it came, where it may serve again; `null` where it may not. */
  readonly reply: Json | null;
  readonly usage: Usage;
  /** It failed on the way, and may have been carried out and paid. */
  readonly maybePaid: boolean;
}

export interface PaidTotals {
  readonly calls: number;
  /** Served from an earlier reply of the same content. */
  readonly served: number;
  /** Begun, and their end is not known. */
  readonly open: number;
  /** Made again although an earlier try may have been carried out. */
  readonly maybePaidTwice: number;
  /** Their cost is not known: never counted as 0. */
  readonly unpriced: number;
  /** Of those with a price, in the config's currency. */
  readonly cost: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface PaidCalls {
  /** Durable when it resolves. Rejects with a `StorageError`. */
  intend(call: NewPaidCall): Promise<PaidCall>;
  settle(number: number, result: PaidResult): Promise<void>;
  /** An earlier whole reply to the same content. */
  recall(content: string): { readonly number: number; readonly reply: Json } | undefined;
  /** Notes that a recalled reply answered instead of a call. */
  served(call: NewPaidCall, number: number): Promise<void>;
  totals(filter?: { readonly run?: string; readonly rung?: string }): PaidTotals;
}
