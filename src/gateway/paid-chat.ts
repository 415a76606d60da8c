/**
 * The money of chats that are handed on to a server that is paid, or may be: each call is on record before it leaves,
 * within the day's budget, and settled by what the server counted. Nothing of what is said is kept.
 */

import { randomUUID } from "node:crypto";
import type { ChatBackend } from "../config/serve.ts";
import type { Json } from "../core/json.ts";
import { noUsage, type Usage } from "../core/usage.ts";
import type { PaidCalls } from "../ledger/ledger.ts";
import type { Booking } from "../loop/budget.ts";
import type { Parts } from "../loop/run.ts";
import { BackendError } from "../net/backend-error.ts";
import { canonicalHost, isLoopback } from "../net/host-name.ts";
import { chatUsage } from "../wire/chat.ts";
import { plausibleTokens } from "../wire/counted.ts";
import { fieldsOf, isFields, listOf } from "../wire/fields.ts";
import { costOf, mostCostOf } from "../wire/price.ts";
import type { Health } from "./health.ts";
import { Problem } from "./problem.ts";

type Body = { readonly [key: string]: Json };

/** Tokens that a server's template may put around what is sent. */
const AROUND = 4000;

/** Whether the server is elsewhere, or has a price: then calls may cost money. */
export function isPaid({ backend, price }: ChatBackend): boolean {
  return price !== undefined || !isLoopback(canonicalHost(backend.host.replace(/:\d+$/, "")));
}

export class PaidChat {
  readonly #chat: ChatBackend;
  readonly #calls: PaidCalls;
  readonly #parts: Pick<Parts, "budget" | "unpriced">;
  readonly #currency: string;
  readonly #now: () => number;
  readonly #settled: (usage: Usage) => void;
  readonly #health: Pick<Health, "wrote" | "failed">;

  constructor(about: {
    readonly chat: ChatBackend;
    readonly calls: PaidCalls;
    readonly parts: Pick<Parts, "budget" | "unpriced">;
    readonly currency: string;
    readonly now: () => number;
    /** Hears what each call came to. */
    readonly settled: (usage: Usage) => void;
    readonly health: Pick<Health, "wrote" | "failed">;
  }) {
    this.#chat = about.chat;
    this.#calls = about.calls;
    this.#parts = about.parts;
    this.#currency = about.currency;
    this.#now = about.now;
    this.#settled = about.settled;
    this.#health = about.health;
  }

  /** Puts a call on record. Throws a `Problem` where there is no money for it, and a `StorageError`. */
  async begin(body: Body): Promise<PaidChatCall> {
    const { backend, model, price = null } = this.#chat;
    const { budget, unpriced } = this.#parts;
    const output = outputBound(body);
    const most = output === null ? null : mostCostOf(price, Buffer.byteLength(JSON.stringify(body)) + AROUND, output);
    if (budget && most === null && unpriced === "refuse") {
      const what = price === null ? "serve.chat has no price" : "max_completion_tokens is missing";
      throw new Problem(400, "unpriced", `there is a budget a day, and what this may cost is not known: ${what}`);
    }
    const booking = budget?.reserve(most ?? 0);
    if (booking === null) throw this.#daySpent();
    const which = { run: `chat-${randomUUID()}`, path: "chat", rung: `chat:${backend.host}`, attempt: 0 };
    // Whoever asks the same again wants another reply: none is ever served twice.
    const call = { ...which, host: backend.host, model, content: which.run, most };
    let number: number;
    try {
      ({ number } = await this.#calls.intend(call));
      this.#health.wrote();
    } catch (thrown) {
      booking?.settle(0);
      this.#health.failed(thrown);
      throw thrown;
    }
    const cost = (counts: unknown): number | null =>
      costOf(plausibleTokens(chatUsage(fieldsOf(counts))), price, this.#currency);
    return new PaidChatCall(cost, (usage, maybePaid) => this.#settle(number, booking, usage, maybePaid, most));
  }

  async #settle(
    number: number,
    booking: Booking | undefined,
    usage: Usage,
    maybePaid: boolean,
    most: number | null,
  ): Promise<void> {
    booking?.settle(usage.cost ?? most ?? 0);
    this.#settled(usage);
    try {
      await this.#calls.settle(number, { reply: null, usage, maybePaid });
      this.#health.wrote();
    } catch (thrown) {
      this.#health.failed(thrown);
      throw thrown;
    }
  }

  #daySpent(): Problem {
    const day = 86_400_000;
    const seconds = Math.ceil((day - (this.#now() % day)) / 1000);
    const headers = { "retry-after": String(seconds), "x-should-retry": "false" };
    return new Problem(429, "day_spent", "the day's budget does not hold what this may cost", { headers });
  }
}

/** One call on record. Ends once, whoever ends it and however often. */
export class PaidChatCall {
  readonly #begun: number = performance.now();
  #hasLeft = false;
  readonly #cost: (counts: unknown) => number | null;
  readonly #settle: (usage: Usage, maybePaid: boolean) => Promise<void>;
  #counted: Pick<Usage, "inputTokens" | "outputTokens" | "cost"> | null = null;
  #ended: Promise<void> | null = null;

  constructor(cost: (counts: unknown) => number | null, settle: (usage: Usage, maybePaid: boolean) => Promise<void>) {
    this.#cost = cost;
    this.#settle = settle;
  }

  /** To be called before the server is asked: from now on it may cost something. */
  leaves(): void {
    this.#hasLeft = true;
  }

  /** Hears a whole reply, or a piece of one. What holds no counts says nothing. */
  hear(said: unknown): void {
    const usage = chatUsage(fieldsOf(said));
    if (!usage) return;
    const tokens = plausibleTokens(usage);
    this.#counted = {
      inputTokens: tokens ? Math.max(0, tokens.input - tokens.cachedInput) : 0,
      outputTokens: tokens?.output ?? 0,
      cost: this.#cost(said),
    };
  }

  /** Settles it: with what was counted, and as maybe paid where it broke off and may have been carried out. */
  end(failure: unknown = null): Promise<void> {
    this.#ended ??= this.#end(failure);
    return this.#ended;
  }

  async #end(failure: unknown): Promise<void> {
    const milliseconds = performance.now() - this.#begun;
    const isFree = !this.#hasLeft || (failure instanceof BackendError && !failure.maybeDone);
    const maybePaid = failure !== null && !isFree;
    const counted = this.#counted ?? { inputTokens: 0, outputTokens: 0, cost: isFree ? 0 : null };
    await this.#settle({ ...noUsage, ...counted, milliseconds }, maybePaid && !this.#counted);
  }
}

/** Most tokens of all replies together; `null` where the client sets no bound. */
function outputBound({ max_completion_tokens: most, max_tokens: old, n }: Body): number | null {
  const bound = most ?? old;
  if (typeof bound !== "number" || !(bound > 0)) return null;
  return bound * (typeof n === "number" && n > 1 ? n : 1);
}

/** Asks the server to count in a stream, whoever wants to know. */
export function withCounts(body: Body): Body {
  const options = isFields(body.stream_options) ? (body.stream_options as Body) : {};
  return { ...body, stream_options: { ...options, include_usage: true } };
}

/** Whether a piece of a stream is there for its counts alone. */
export function isOnlyCounts(piece: unknown): boolean {
  return isFields(piece) && isFields(piece.usage) && listOf(piece.choices).length === 0;
}
