/** Paid calls in the journal's file: an entry before each request, and what came of it after. */

import { StorageError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { NewPaidCall, PaidCall, PaidCalls, PaidFilter, PaidResult, PaidTotals } from "../ledger/ledger.ts";
import { idempotencyKeyOf, keptReply, oldestReply } from "./paid-call.ts";
import { SqliteDeferred } from "./sqlite-deferred.ts";
import type { Plumbing } from "./sqlite-policy.ts";

const columns = "run, path, rung, attempt, host, model, content, most, state, again, served_by, began, ended";
const sum = `SELECT
  count(*) FILTER (WHERE state <> 'served') AS calls,
  count(*) FILTER (WHERE state = 'served') AS served,
  count(*) FILTER (WHERE state = 'open') AS open,
  count(*) FILTER (WHERE again = 1) AS maybePaidTwice,
  count(*) FILTER (WHERE state = 'settled' AND cost IS NULL) AS unpriced,
  coalesce(sum(cost), 0.0) AS cost,
  coalesce(sum(input_tokens), 0) AS inputTokens,
  coalesce(sum(output_tokens), 0) AS outputTokens
FROM paid_call WHERE true`;

export class SqlitePaidCalls implements PaidCalls {
  readonly #in: Plumbing;
  readonly #mostReplies: number;

  readonly deferred: SqliteDeferred;

  constructor(plumbing: Plumbing, mostReplies: number) {
    this.#in = plumbing;
    this.#mostReplies = mostReplies;
    this.deferred = new SqliteDeferred(plumbing, this);
  }

  intend(call: NewPaidCall): Promise<PaidCall> {
    return this.#in.write(() => this.begin(call));
  }

  /** Within a transaction of the caller's. */
  begin(call: NewPaidCall): PaidCall {
    const earlier = this.#in.get(
      "SELECT 1 FROM paid_call WHERE run = ? AND path = ? AND rung = ? AND attempt = ? AND (state = 'open' OR maybe_paid = 1) LIMIT 1",
      call.run,
      call.path,
      call.rung,
      call.attempt,
    );
    const maybePaid = earlier !== undefined;
    const number = this.#insert(call, "open", maybePaid, null);
    return { number, idempotencyKey: idempotencyKeyOf(call), maybePaid };
  }

  #insert(call: NewPaidCall, state: "open" | "served", again: boolean, servedBy: number | null): number {
    const now = this.#in.now();
    const { lastInsertRowid } = this.#in.run(
      `INSERT INTO paid_call (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      call.run,
      call.path,
      call.rung,
      call.attempt,
      call.host,
      call.model,
      call.content,
      call.most,
      state,
      again ? 1 : 0,
      servedBy,
      now,
      state === "open" ? null : now,
    );
    return Number(lastInsertRowid);
  }

  settle(number: number, result: PaidResult): Promise<void> {
    return this.#in.write(() => this.end(number, result));
  }

  /** Within a transaction of the caller's. */
  end(number: number, { reply, usage, maybePaid }: PaidResult): void {
    const text = keptReply(reply);
    const { changes } = this.#in.run(
      "UPDATE paid_call SET state = 'settled', maybe_paid = ?, input_tokens = ?, output_tokens = ?, milliseconds = ?, cost = ?, ended = ? WHERE number = ? AND state = 'open'",
      maybePaid ? 1 : 0,
      usage.inputTokens,
      usage.outputTokens,
      usage.milliseconds,
      usage.cost,
      this.#in.now(),
      number,
    );
    const row = this.#in.get("SELECT content FROM paid_call WHERE number = ?", number) as
      | { content: string }
      | undefined;
    if (!row) throw new StorageError("E_NO_CALL", `the journal has no paid call ${number}`, { value: number });
    if (changes === 1 && text !== null) this.#keep(row.content, number, text);
  }

  #keep(content: string, call: number, reply: string): void {
    this.#in.run("DELETE FROM paid_reply WHERE content = ?", content);
    const { lastInsertRowid } = this.#in.run(
      "INSERT INTO paid_reply (content, call, reply, at) VALUES (?, ?, ?, ?)",
      content,
      call,
      reply,
      this.#in.now(),
    );
    this.#in.run("DELETE FROM paid_reply WHERE number <= ?", Number(lastInsertRowid) - this.#mostReplies);
    // Numbers follow time: the oldest are at the front, and a few a write keep up with what is written.
    this.#in.run(
      "DELETE FROM paid_reply WHERE at < ? AND number IN (SELECT number FROM paid_reply ORDER BY number LIMIT 4)",
      this.#in.now() - oldestReply,
    );
  }

  recall(content: string): { readonly number: number; readonly reply: Json } | undefined {
    const row = this.#in.get(
      "SELECT call, reply FROM paid_reply WHERE content = ? AND at >= ?",
      content,
      this.#in.now() - oldestReply,
    ) as { call: number; reply: string } | undefined;
    return row && { number: row.call, reply: JSON.parse(row.reply) as Json };
  }

  served(call: NewPaidCall, number: number): Promise<void> {
    return this.#in.write(() => {
      this.#insert(call, "served", false, number);
    });
  }

  totals({ run, rung, after }: PaidFilter = {}): PaidTotals {
    const clauses = [run !== undefined && " AND run = ?", rung !== undefined && " AND rung = ?"];
    const sql = [sum, ...clauses, after !== undefined && " AND number > ?"].filter(Boolean).join("");
    const values = [run, rung, after].filter((value) => value !== undefined);
    return { ...(this.#in.get(sql, ...values) as PaidTotals) };
  }

  last(): number {
    return (this.#in.get("SELECT coalesce(max(number), 0) AS last FROM paid_call") as { last: number }).last;
  }
}
