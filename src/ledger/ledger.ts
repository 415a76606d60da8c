/** The contract of the ledger: every call that costs money is on record before it is made, and what it cost after. */

import type { Json } from "../core/json.ts";
import type { PaidTotals } from "../core/paid-totals.ts";
import type { Usage } from "../core/usage.ts";

export type { PaidTotals } from "../core/paid-totals.ts";

/** A paid call that is about to be made. Its run, path, rung and attempt together say which one it is. */
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
  /**
   * 27 letters, digits, `-` and `_`: the same on every try of this call with this content, also after a crash, so that
   * the provider may know it again.
   */
  readonly idempotencyKey: string;
  /** An earlier try of this very call may have been carried out, and nobody heard its end: this one may pay twice. */
  readonly maybePaid: boolean;
}

/** What came of it. A call that was surely never carried out is settled with no reply and a cost of 0. */
export interface PaidResult {
  /** The reply's body as it came, where it may serve again; `null` where it may not. It holds no header and no key. */
  readonly reply: Json | null;
  /** Where its `cost` is `null` the call counts as unpriced. */
  readonly usage: Usage;
  /** It failed on the way, and may have been carried out and paid. */
  readonly maybePaid: boolean;
}

/** Which calls are summed up: all, or those of one run, of one rung, or behind a number. */
export interface PaidFilter {
  readonly run?: string;
  readonly rung?: string;
  readonly after?: number;
}

/**
 * Paid calls on record. Writes are durable when they resolve and reject with a `StorageError`; reads are synchronous.
 * A request is sent only after `intend` resolved, and `settle` follows whatever came of it.
 */
export interface PaidCalls {
  intend(call: NewPaidCall): Promise<PaidCall>;
  /** The first end of a call counts. Rejects with `E_NO_CALL` where nothing was begun under that number. */
  settle(number: number, result: PaidResult): Promise<void>;
  /**
   * An earlier whole reply to the same content, the newest. It is a cache: a reply that is too large or too old, or
   * that had to make room, is not there.
   */
  recall(content: string): { readonly number: number; readonly reply: Json } | undefined;
  /** Notes that the recalled reply of that number answered instead of a call. */
  served(call: NewPaidCall, number: number): Promise<void>;
  totals(filter?: PaidFilter): PaidTotals;
  /** Number of the last entry; 0 for none. */
  last(): number;
  /** Those that go by a provider's batch. */
  readonly deferred: DeferredCalls;
}

/** A call that can wait, and goes by a provider's batch at a lower price. */
export interface NewDeferred extends NewPaidCall {
  /** Below the provider's base address: where it would be sent to alone. */
  readonly target: string;
  readonly body: { readonly [key: string]: Json };
}

/**
 * `queued`: not sent yet; `sent`: in a batch that is recorded, whether or not it has reached the provider; `answered` and
 * `failed`: its step does not know yet; `done`: it does, or does not care any more.
 */
export type DeferredState = "queued" | "sent" | "answered" | "failed" | "done";

export interface Deferred extends NewDeferred {
  readonly number: number;
  /** What it is called in a batch: its idempotency key. */
  readonly id: string;
  readonly state: DeferredState;
  readonly batch: number | null;
  /** The reply's body; `null` where there is none (any more). */
  readonly reply: Json | null;
  /** Why it failed; `null` where it did not. */
  readonly reason: string | null;
}

/** How a deferred call ended. A failure that was surely not carried out costs 0. */
export type DeferredEnd =
  | { readonly kind: "answered"; readonly reply: Json; readonly usage: Usage }
  | { readonly kind: "failed"; readonly reason: string; readonly cost: number | null };

/** A batch on record: before it is sent, so that it is found again, and never sent twice, after a crash. */
export interface DeferredBatch {
  readonly number: number;
  /** The provider is told this, where it takes such a thing. */
  readonly key: string;
  readonly rung: string;
  readonly host: string;
  readonly state: "sending" | "sent" | "ended";
  /** The provider's own name for it; `null` before it is known. */
  readonly providerId: string | null;
  readonly size: number;
  /** When it was recorded, and by which process, so that a later one knows whether that still sends. */
  readonly made: number;
  readonly sender: string;
  /** How it ended, in words; `null` before. */
  readonly note: string | null;
}

/** The durable queue of deferred calls and their batches. Writes are durable when they resolve. */
export interface DeferredCalls {
  /** Queues it. The same call with the same content is queued once. */
  put(call: NewDeferred): Promise<void>;
  /** The newest of that step by that rung. */
  find(run: string, path: string, rung: string): Deferred | undefined;
  /** In the order of their numbers, from behind one on; at most so many. */
  list(rung: string, state: DeferredState, after: number, most: number): readonly Deferred[];
  /**
   * Records a batch of those that are still queued, and that each of its calls is about to be made. What another process
   * was quicker with is not in it; `null` where nothing is left.
   */
  claim(
    batch: Pick<DeferredBatch, "key" | "rung" | "host" | "sender">,
    numbers: readonly number[],
  ): Promise<{ readonly batch: DeferredBatch; readonly claimed: ReadonlySet<number> } | null>;
  /** The provider has it. */
  sent(batch: number, providerId: string): Promise<void>;
  /**
   * The provider does not have it: its calls are queued again. `maybePaid`: it may have had it all the same, so that what
   * they cost is not known; otherwise they cost nothing.
   */
  unsent(batch: number, note: string, maybePaid: boolean): Promise<void>;
  /** Ends a call of a batch. `false`: it has an end already, or is not of this batch; the first counts. */
  settle(batch: number, id: string, end: DeferredEnd): Promise<boolean>;
  /** Whether a batch has a call of that id. */
  has(batch: number, id: string): boolean;
  /** A queued call that no batch can take has failed, at no cost. */
  refuse(number: number, reason: string): Promise<void>;
  /** The batch is over. Of its calls, those without an end have failed, for the reason that is given. */
  end(batch: number, note: string, missing: Extract<DeferredEnd, { kind: "failed" }>): Promise<void>;
  /** Their steps know, or nobody waits for them: what was sent and answered is let go. */
  done(numbers: readonly number[]): Promise<void>;
  /** Newest first. */
  batches(rung?: string): readonly DeferredBatch[];
  /** How many calls of a rung, or of a batch of it, stand in each state. */
  counts(of: { readonly rung: string } | { readonly batch: number }): { readonly [state in DeferredState]: number };
}
