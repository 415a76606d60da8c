/** Calls that go by a provider's batch, and those batches, as long as the process lives. */

import { noUsage } from "../core/usage.ts";
import type {
  Deferred,
  DeferredBatch,
  DeferredCalls,
  DeferredEnd,
  DeferredState,
  NewDeferred,
  PaidCalls,
} from "../ledger/ledger.ts";
import { idempotencyKeyOf } from "./paid-call.ts";

interface Kept {
  row: Deferred;
  /** The paid call that is open while it is with the provider. */
  call: number | null;
}

export class MemoryDeferred implements DeferredCalls {
  readonly #now: () => number;
  readonly #calls: Pick<PaidCalls, "intend" | "settle">;
  /** By id, in the order of their numbers. */
  readonly #kept = new Map<string, Kept>();
  readonly #batches: DeferredBatch[] = [];

  constructor(now: () => number, calls: Pick<PaidCalls, "intend" | "settle">) {
    this.#now = now;
    this.#calls = calls;
  }

  async put(call: NewDeferred): Promise<void> {
    const id = idempotencyKeyOf(call);
    if (this.#kept.has(id)) return;
    const fresh = { state: "queued", batch: null, reply: null, reason: null } as const;
    this.#kept.set(id, { row: { ...call, ...fresh, number: this.#kept.size + 1, id }, call: null });
  }

  find(run: string, path: string, rung: string): Deferred | undefined {
    return this.#rows(({ row }) => row.run === run && row.path === path && row.rung === rung).at(-1)?.row;
  }

  list(rung: string, state: DeferredState, after: number, most: number): readonly Deferred[] {
    const rows = this.#rows(({ row }) => row.rung === rung && row.state === state && row.number > after);
    return rows.slice(0, most).map(({ row }) => row);
  }

  #rows(isOne: (kept: Kept) => boolean): readonly Kept[] {
    return [...this.#kept.values()].filter(isOne);
  }

  async claim(
    { key, rung, host, sender }: Pick<DeferredBatch, "key" | "rung" | "host" | "sender">,
    numbers: readonly number[],
  ): Promise<{ readonly batch: DeferredBatch; readonly claimed: ReadonlySet<number> } | null> {
    const number = this.#batches.length + 1;
    const mine = this.#rows(({ row }) => row.state === "queued" && numbers.includes(row.number));
    if (mine.length === 0) return null;
    const fresh = { state: "sending", providerId: null, note: null } as const;
    const batch: DeferredBatch = { number, key, rung, host, sender, ...fresh, size: mine.length, made: this.#now() };
    this.#batches.push(batch);
    for (const kept of mine) {
      kept.row = { ...kept.row, state: "sent", batch: number };
      kept.call = (await this.#calls.intend(kept.row)).number;
    }
    return { batch, claimed: new Set(mine.map(({ row }) => row.number)) };
  }

  #change(number: number, more: Partial<DeferredBatch>): void {
    const batch = this.#batches[number - 1];
    if (batch) this.#batches[number - 1] = { ...batch, ...more };
  }

  async sent(batch: number, providerId: string): Promise<void> {
    if (this.#batches[batch - 1]?.state === "sending") this.#change(batch, { state: "sent", providerId });
  }

  async unsent(batch: number, note: string, maybePaid: boolean): Promise<void> {
    if (this.#batches[batch - 1]?.state !== "sending") return;
    this.#change(batch, { state: "ended", note });
    const usage = { ...noUsage, cost: maybePaid ? null : 0 };
    for (const kept of this.#sentIn(batch)) {
      if (kept.call !== null) await this.#calls.settle(kept.call, { reply: null, usage, maybePaid });
      kept.row = { ...kept.row, state: "queued", batch: null };
      kept.call = null;
    }
  }

  #sentIn(batch: number): readonly Kept[] {
    return this.#rows(({ row }) => row.batch === batch && row.state === "sent");
  }

  async settle(batch: number, id: string, end: DeferredEnd): Promise<boolean> {
    const kept = this.#kept.get(id);
    if (!kept || kept.row.batch !== batch || kept.row.state !== "sent") return false;
    await this.#settle(kept, end);
    return true;
  }

  async #settle(kept: Kept, end: DeferredEnd): Promise<void> {
    const reply = end.kind === "answered" ? end.reply : null;
    const usage = end.kind === "answered" ? end.usage : { ...noUsage, cost: end.cost };
    kept.row = { ...kept.row, state: end.kind, reply, reason: end.kind === "failed" ? end.reason : null };
    const maybePaid = end.kind === "failed" && end.cost === null;
    if (kept.call !== null) await this.#calls.settle(kept.call, { reply, usage, maybePaid });
  }

  has(batch: number, id: string): boolean {
    return this.#kept.get(id)?.row.batch === batch;
  }

  async refuse(number: number, reason: string): Promise<void> {
    for (const kept of this.#rows(({ row }) => row.number === number && row.state === "queued")) {
      kept.row = { ...kept.row, state: "failed", reason };
    }
  }

  async end(batch: number, note: string, missing: Extract<DeferredEnd, { kind: "failed" }>): Promise<void> {
    for (const kept of this.#sentIn(batch)) await this.#settle(kept, missing);
    this.#change(batch, { state: "ended", note });
  }

  async done(numbers: readonly number[]): Promise<void> {
    for (const kept of this.#rows(({ row }) => numbers.includes(row.number))) {
      kept.row = { ...kept.row, state: "done", body: {}, reply: null };
    }
  }

  batches(rung?: string): readonly DeferredBatch[] {
    return this.#batches.filter((batch) => rung === undefined || batch.rung === rung).toReversed();
  }

  counts(of: { readonly rung: string } | { readonly batch: number }): { readonly [state in DeferredState]: number } {
    const counts = { queued: 0, sent: 0, answered: 0, failed: 0, done: 0 };
    const isOne = ({ row }: Kept): boolean => ("rung" in of ? row.rung === of.rung : row.batch === of.batch);
    for (const { row } of this.#rows(isOne)) counts[row.state]++;
    return counts;
  }
}
