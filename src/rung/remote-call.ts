/** One call upward: on record before it is made where it may cost money, settled after, and served again where it was made before. */

import { textKey } from "../core/hash.ts";
import { canonicalJson, type Json, toJson } from "../core/json.ts";
import type { ServerFault } from "../core/server-fault.ts";
import { noUsage, type Usage } from "../core/usage.ts";
import type { NewPaidCall, PaidCalls } from "../ledger/ledger.ts";
import { BackendError } from "../net/backend-error.ts";
import { costOf, type Price } from "../wire/price.ts";
import { unreadable } from "../wire/said.ts";
import type { WireReply, WireRequest } from "../wire/wire.ts";

/** What carries a request: a backend, or an AI SDK model. Rejects with a `BackendError`, or the signal's reason. */
export type Send = (request: WireRequest, how: SendHow) => Promise<Sent>;

export interface SendHow {
  readonly signal: AbortSignal;
  readonly idempotencyKey?: string;
  /** Whether it may be sent again after it may have been carried out. */
  readonly repeatable: boolean;
}

export interface Sent {
  readonly body: unknown;
  /** Of all tries together. */
  readonly milliseconds: number;
  /** What went wrong on earlier tries. */
  readonly faults: readonly ServerFault[];
}

export interface Carrier {
  readonly send: Send;
  /** Absent where calls cost nothing. */
  readonly calls: PaidCalls | null;
  readonly price: Price | null;
  readonly currency: string;
  readonly isPaid: boolean;
  /** A call that was made twice is paid once: the provider knows it by its key. */
  readonly hasIdempotency: boolean;
  /** What decides a reply and is not in the request, so that no reply serves where another would come. */
  readonly salt: string;
}

/** A reply as it was read, and what it cost. */
export interface Heard {
  readonly reply: WireReply;
  readonly usage: Usage;
  readonly faults: readonly ServerFault[];
  /** It is an earlier reply to the same content. */
  readonly served: boolean;
}

/** Wrong only with the numbers beside the answer. */
const livedWith: readonly ServerFault[] = [
  "logprobs missing",
  "logprobs masked",
  "logprobs rounded",
  "usage missing",
  "usage implausible",
];

/**
 * What keeps a reply that can be read from standing, however well its value fits: it was not held to what was sent, or
 * it is not the answer to that. `null` where nothing does.
 */
export function unusableFault({ faults }: WireReply): ServerFault | null {
  return faults.find((fault) => !livedWith.includes(fault)) ?? null;
}

/** Makes the call. Rejects as `send` does, once it is settled; with a `StorageError` where it cannot be on record. */
export async function callUpward(
  carrier: Carrier,
  request: WireRequest,
  about: Omit<NewPaidCall, "content"> & { readonly vote: number },
  read: (body: unknown) => WireReply,
  signal: AbortSignal,
): Promise<Heard> {
  const { calls, hasIdempotency, isPaid, send } = carrier;
  signal.throwIfAborted();
  const { vote, ...which } = about;
  // Votes ask the same and are meant to differ: each has a content of its own.
  const asked = canonicalJson([request.path, request.body, carrier.salt]);
  const content = textKey(`paid ${about.host} ${about.model} ${vote}`, asked);
  const call: NewPaidCall = { ...which, content };
  const known = calls?.recall(content);
  if (calls && known) {
    await calls.served(call, known.number);
    return { reply: readSafely(read, known.reply), usage: noUsage, faults: [], served: true };
  }
  const intent = calls ? await calls.intend(call) : null;
  const begun = performance.now();
  let sent: Sent;
  try {
    const key = intent ? { idempotencyKey: intent.idempotencyKey } : {};
    sent = await send(request, { signal, ...key, repeatable: !isPaid || hasIdempotency });
  } catch (thrown) {
    // What broke off by itself may have been carried out, whoever ended it.
    const maybePaid = thrown instanceof BackendError ? thrown.maybeDone : true;
    const usage = { ...noUsage, milliseconds: performance.now() - begun, cost: maybePaid ? null : 0 };
    if (calls && intent) await calls.settle(intent.number, { reply: null, usage, maybePaid });
    throw thrown;
  }
  const reply = readSafely(read, sent.body);
  const usage = usageOf(reply, sent, carrier);
  const again = reply.kind === "answered" && unusableFault(reply) === null ? jsonOrNull(sent.body) : null;
  if (calls && intent) await calls.settle(intent.number, { reply: again, usage, maybePaid: false });
  return { reply, usage, faults: sent.faults, served: false };
}

/** The call was made and may be paid: whatever came back, it is settled. */
function readSafely(read: (body: unknown) => WireReply, body: unknown): WireReply {
  try {
    return read(body);
  } catch {
    return unreadable("malformed", "the reply is not built like one, such as too deep");
  }
}

function usageOf({ tokens, faults }: WireReply, sent: Sent, { isPaid, price, currency }: Carrier): Usage {
  const counted = tokens && !faults.includes("usage implausible") ? tokens : null;
  return {
    inputTokens: counted ? Math.max(0, counted.input - counted.cachedInput) : 0,
    outputTokens: counted?.output ?? 0,
    milliseconds: sent.milliseconds,
    // What nobody counted has no price: it is not free.
    cost: isPaid ? costOf(counted, price, currency) : 0,
  };
}

function jsonOrNull(body: unknown): Json | null {
  try {
    return toJson(body);
  } catch {
    return null;
  }
}
