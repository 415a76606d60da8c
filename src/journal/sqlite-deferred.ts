/** Calls that go by a provider's batch, and those batches, in the journal's file. */

import type { Json } from "../core/json.ts";
import { noUsage } from "../core/usage.ts";
import type {
  Deferred,
  DeferredBatch,
  DeferredCalls,
  DeferredEnd,
  DeferredState,
  NewDeferred,
} from "../ledger/ledger.ts";
import { idempotencyKeyOf } from "./paid-call.ts";
import type { SqlitePaidCalls } from "./sqlite-calls.ts";
import type { Plumbing } from "./sqlite-policy.ts";

interface Row extends Omit<Deferred, "body" | "reply"> {
  readonly body: string;
  readonly reply: string | null;
  readonly call: number | null;
}

const group =
  "SELECT number, key, rung, host, state, provider_id AS providerId, size, made, sender, note FROM deferred_group";

export class SqliteDeferred implements DeferredCalls {
  readonly #in: Plumbing;
  readonly #calls: Pick<SqlitePaidCalls, "begin" | "end">;

  constructor(plumbing: Plumbing, calls: Pick<SqlitePaidCalls, "begin" | "end">) {
    this.#in = plumbing;
    this.#calls = calls;
  }

  put(call: NewDeferred): Promise<void> {
    const body = JSON.stringify(call.body);
    const { run, path, rung, attempt, host, model, content, most, target } = call;
    return this.#in.write(() => {
      this.#in.run(
        "INSERT INTO deferred (id, run, path, rung, attempt, host, model, content, most, target, body, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued') ON CONFLICT (id) DO NOTHING",
        idempotencyKeyOf(call),
        run,
        path,
        rung,
        attempt,
        host,
        model,
        content,
        most,
        target,
        body,
      );
    });
  }

  find(run: string, path: string, rung: string): Deferred | undefined {
    const sql = "SELECT * FROM deferred WHERE run = ? AND path = ? AND rung = ? ORDER BY number DESC LIMIT 1";
    const row = this.#in.get(sql, run, path, rung) as Row | undefined;
    return row && deferredFrom(row);
  }

  list(rung: string, state: DeferredState, after: number, most: number): readonly Deferred[] {
    const sql = "SELECT * FROM deferred WHERE rung = ? AND state = ? AND number > ? ORDER BY number LIMIT ?";
    return (this.#in.all(sql, rung, state, after, most) as Row[]).map(deferredFrom);
  }

  claim(
    { key, rung, host, sender }: Pick<DeferredBatch, "key" | "rung" | "host" | "sender">,
    numbers: readonly number[],
  ): Promise<{ readonly batch: DeferredBatch; readonly claimed: ReadonlySet<number> } | null> {
    return this.#in.write(() => {
      const rows = numbers.flatMap((number) => {
        const row = this.#in.get("SELECT * FROM deferred WHERE number = ? AND state = 'queued'", number);
        return row === undefined ? [] : [row as Row];
      });
      const size = rows.length;
      if (size === 0) return null;
      const made = this.#in.now();
      const { lastInsertRowid } = this.#in.run(
        "INSERT INTO deferred_group (key, rung, host, state, size, made, sender) VALUES (?, ?, ?, 'sending', ?, ?, ?)",
        key,
        rung,
        host,
        size,
        made,
        sender,
      );
      const batch = Number(lastInsertRowid);
      for (const row of rows) {
        const { number: call } = this.#calls.begin(row);
        const sql = "UPDATE deferred SET state = 'sent', batch = ?, call = ? WHERE number = ?";
        this.#in.run(sql, batch, call, row.number);
      }
      const fresh = { state: "sending", providerId: null, note: null } as const;
      return {
        batch: { number: batch, key, rung, host, sender, size, made, ...fresh },
        claimed: new Set(rows.map(({ number }) => number)),
      };
    });
  }

  sent(batch: number, providerId: string): Promise<void> {
    return this.#in.write(() => {
      const sql = "UPDATE deferred_group SET state = 'sent', provider_id = ? WHERE number = ? AND state = 'sending'";
      this.#in.run(sql, providerId, batch);
    });
  }

  unsent(batch: number, note: string, maybePaid: boolean): Promise<void> {
    return this.#in.write(() => {
      const sql = "UPDATE deferred_group SET state = 'ended', note = ? WHERE number = ? AND state = 'sending'";
      if (this.#in.run(sql, note, batch).changes === 0) return;
      const usage = { ...noUsage, cost: maybePaid ? null : 0 };
      for (const { number, call } of this.#sentIn(batch)) {
        if (call !== null) this.#calls.end(call, { reply: null, usage, maybePaid });
        this.#in.run("UPDATE deferred SET state = 'queued', batch = NULL, call = NULL WHERE number = ?", number);
      }
    });
  }

  #sentIn(batch: number): readonly Pick<Row, "number" | "call">[] {
    const sql = "SELECT number, call FROM deferred WHERE batch = ? AND state = 'sent' ORDER BY number";
    return this.#in.all(sql, batch) as Row[];
  }

  settle(batch: number, id: string, end: DeferredEnd): Promise<boolean> {
    return this.#in.write(() => {
      const sql = "SELECT number, call FROM deferred WHERE id = ? AND batch = ? AND state = 'sent'";
      const row = this.#in.get(sql, id, batch) as Pick<Row, "number" | "call"> | undefined;
      if (row) this.#settle(row, end);
      return row !== undefined;
    });
  }

  #settle({ number, call }: Pick<Row, "number" | "call">, end: DeferredEnd): void {
    const reply = end.kind === "answered" ? end.reply : null;
    const usage = end.kind === "answered" ? end.usage : { ...noUsage, cost: end.cost };
    if (call !== null) this.#calls.end(call, { reply, usage, maybePaid: end.kind === "failed" && end.cost === null });
    this.#in.run(
      "UPDATE deferred SET state = ?, reply = ?, reason = ? WHERE number = ?",
      end.kind,
      reply === null ? null : JSON.stringify(reply),
      end.kind === "failed" ? end.reason : null,
      number,
    );
  }

  has(batch: number, id: string): boolean {
    return this.#in.get("SELECT 1 FROM deferred WHERE id = ? AND batch = ?", id, batch) !== undefined;
  }

  refuse(number: number, reason: string): Promise<void> {
    return this.#in.write(() => {
      const sql = "UPDATE deferred SET state = 'failed', reason = ? WHERE number = ? AND state = 'queued'";
      this.#in.run(sql, reason, number);
    });
  }

  end(batch: number, note: string, missing: Extract<DeferredEnd, { kind: "failed" }>): Promise<void> {
    return this.#in.write(() => {
      for (const row of this.#sentIn(batch)) this.#settle(row, missing);
      this.#in.run("UPDATE deferred_group SET state = 'ended', note = ? WHERE number = ?", note, batch);
    });
  }

  done(numbers: readonly number[]): Promise<void> {
    return this.#in.write(() => {
      for (const number of numbers) {
        this.#in.run("UPDATE deferred SET state = 'done', body = '{}', reply = NULL WHERE number = ?", number);
      }
    });
  }

  batches(rung?: string): readonly DeferredBatch[] {
    const rows =
      rung === undefined
        ? this.#in.all(`${group} ORDER BY number DESC`)
        : this.#in.all(`${group} WHERE rung = ? ORDER BY number DESC`, rung);
    return (rows as DeferredBatch[]).map((row) => ({ ...row }));
  }

  counts(of: { readonly rung: string } | { readonly batch: number }): { readonly [state in DeferredState]: number } {
    const [column, value] = "rung" in of ? ["rung", of.rung] : ["batch", of.batch];
    const counts = { queued: 0, sent: 0, answered: 0, failed: 0, done: 0 };
    const sql = `SELECT state, count(*) AS n FROM deferred WHERE ${column} = ? GROUP BY state`;
    for (const { state, n } of this.#in.all(sql, value!) as { state: DeferredState; n: number }[]) counts[state] = n;
    return counts;
  }
}

function deferredFrom({ call: _, body, reply, ...row }: Row): Deferred {
  return {
    ...row,
    body: JSON.parse(body) as Deferred["body"],
    reply: reply === null ? null : (JSON.parse(reply) as Json),
  };
}
