/** Paid calls, as long as the process lives. */

import { StorageError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { makeRoom } from "../core/make-room.ts";
import { addPaid, noPaid, type PaidCounts, type PaidTotals } from "../core/paid-totals.ts";
import type { NewPaidCall, PaidCall, PaidCalls, PaidFilter, PaidResult } from "../ledger/ledger.ts";
import { MemoryDeferred } from "./memory-deferred.ts";
import { idempotencyKeyOf, keptReply, oldestReply } from "./paid-call.ts";

interface Entry {
  readonly number: number;
  readonly call: NewPaidCall;
  readonly again: boolean;
  readonly served: boolean;
  result: PaidResult | null;
}

export class MemoryPaidCalls implements PaidCalls {
  readonly #now: () => number;
  readonly #mostReplies: number;
  /** By number, from 1. */
  readonly #entries = new Map<number, Entry>();
  readonly #byRun = new Map<string, Entry[]>();
  /** By content, the oldest first. */
  readonly #replies = new Map<string, { readonly number: number; readonly text: string; readonly at: number }>();
  /** Of runs that were forgotten, by rung. */
  readonly #forgotten = new Map<string, PaidCounts>();
  #last = 0;
  readonly deferred: MemoryDeferred;

  constructor(now: () => number, mostReplies: number) {
    this.deferred = new MemoryDeferred(now, this);
    this.#now = now;
    this.#mostReplies = mostReplies;
  }

  async intend(call: NewPaidCall): Promise<PaidCall> {
    const same = ({ call: other, served }: Entry): boolean =>
      !served && other.path === call.path && other.rung === call.rung && other.attempt === call.attempt;
    const earlier = (this.#byRun.get(call.run) ?? []).filter(same);
    const maybePaid = earlier.some(({ result }) => result === null || result.maybePaid);
    const { number } = this.#add(call, maybePaid, false);
    return { number, idempotencyKey: idempotencyKeyOf(call), maybePaid };
  }

  #add(call: NewPaidCall, again: boolean, served: boolean): Entry {
    const entry: Entry = { number: ++this.#last, call, again, served, result: null };
    this.#entries.set(entry.number, entry);
    const siblings = this.#byRun.get(call.run);
    if (siblings) siblings.push(entry);
    else this.#byRun.set(call.run, [entry]);
    return entry;
  }

  async settle(number: number, result: PaidResult): Promise<void> {
    const entry = this.#entries.get(number);
    if (!entry || entry.served) {
      throw new StorageError("E_NO_CALL", `the journal has no paid call ${number}`, { value: number });
    }
    if (entry.result) return;
    entry.result = { ...result, reply: null };
    const text = keptReply(result.reply);
    if (text === null) return;
    const { content } = entry.call;
    this.#replies.delete(content);
    makeRoom(this.#replies, this.#mostReplies);
    this.#replies.set(content, { number, text, at: this.#now() });
  }

  recall(content: string): { readonly number: number; readonly reply: Json } | undefined {
    const kept = this.#replies.get(content);
    if (!kept || kept.at < this.#now() - oldestReply) return undefined;
    return { number: kept.number, reply: JSON.parse(kept.text) as Json };
  }

  async served(call: NewPaidCall, _number: number): Promise<void> {
    this.#add(call, false, true);
  }

  totals({ run, rung, after = 0 }: PaidFilter = {}): PaidTotals {
    const sum = noPaid();
    if (run === undefined && after === 0) {
      for (const [name, part] of this.#forgotten) if (rung === undefined || name === rung) addPaid(sum, part);
    }
    const entries = run === undefined ? this.#entries.values() : (this.#byRun.get(run) ?? []);
    for (const entry of entries) {
      if (entry.number > after && (rung === undefined || entry.call.rung === rung)) addPaid(sum, totalsOf(entry));
    }
    return sum;
  }

  last(): number {
    return this.#last;
  }

  /** Lets the calls of a run go that ended; they stay in the sums over all. */
  forget(run: string): void {
    for (const entry of this.#byRun.get(run) ?? []) {
      const { rung } = entry.call;
      const sum = this.#forgotten.get(rung) ?? noPaid();
      this.#forgotten.set(rung, sum);
      addPaid(sum, totalsOf(entry));
      this.#entries.delete(entry.number);
    }
    this.#byRun.delete(run);
  }
}

function totalsOf({ served, again, result }: Entry): PaidTotals {
  if (served) return { ...noPaid(), served: 1 };
  const sum = { ...noPaid(), calls: 1, maybePaidTwice: again ? 1 : 0 };
  if (!result) return { ...sum, open: 1 };
  const { inputTokens, outputTokens, cost } = result.usage;
  return { ...sum, inputTokens, outputTokens, cost: cost ?? 0, unpriced: cost === null ? 1 : 0 };
}
