/** The journal in one SQLite file: WAL, synchronous=FULL, one commit for all that a turn of the event loop wrote. */

import { randomBytes } from "node:crypto";
import { DatabaseSync, type SQLInputValue, type StatementResultingChanges, type StatementSync } from "node:sqlite";
import { messageOf, StorageError, UsageError } from "../core/errors.ts";
import type { Event, PersonAnswered, RunOutcome, StepReopened } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import type { NewLabel } from "../core/label.ts";
import type { Notes, Recall, RecalledAnswer, Vectors } from "../rung/rung.ts";
import { isAnswerable, labelOf, parked, recalled, unanswered } from "./fold.ts";
import { GroupCommit, type Transactions } from "./group-commit.ts";
import {
  type BatchResult,
  type BatchRow,
  type Journal,
  mostVectors,
  type NewRun,
  type Relatives,
  type RunFilter,
  type RunIdentity,
  type RunRecord,
  type RunStatus,
  type Taken,
  type Until,
  type WaitingStep,
} from "./journal.ts";
import { describeOwner, isAlive, leaseMilliseconds, type Owner, thisProcess } from "./owner.ts";
import { mostReplies } from "./paid-call.ts";
import { migrations } from "./schema.ts";
import { SqlitePaidCalls } from "./sqlite-calls.ts";
import { type Plumbing, SqliteLabels, SqlitePolicyLog, SqliteWeights } from "./sqlite-policy.ts";

interface RunRow {
  readonly number: number;
  readonly loop: string;
  readonly version: string;
  readonly item: string;
  readonly content: string;
  readonly input: string;
  readonly status: RunStatus;
  readonly owner: number | null;
  readonly started: number;
  readonly wakes: number | null;
  readonly outcome: string | null;
}

interface OwnerRow extends Owner {
  readonly id: number;
  readonly beat: number;
  readonly fenced: number;
}

export interface SqliteOptions {
  readonly now?: () => number;
  /** A bound on the file, in pages of 4,096 bytes; for tests of a full disk. */
  readonly maxPages?: number;
  /** Milliseconds without a sign of life after which an owner is given up; the same for all who share the file. */
  readonly lease?: number;
  /** Vectors that are kept; for tests. */
  readonly mostVectors?: number;
  /** Replies to paid calls that are kept; for tests. */
  readonly mostReplies?: number;
  /** 32 bytes that audits are drawn by, for a journal that is made now; drawn at random by default. For demos. */
  readonly secret?: Uint8Array;
}

const ended: readonly RunStatus[] = ["done", "limit", "failed"];
/** SQLite's codes for a write that found no room: FULL, and the I/O errors of write, fsync, truncate and shm size. */
const fullCodes: ReadonlySet<number> = new Set([13, 778, 1034, 1546, 4874]);
const busyCode = 5;
const secretBytes = 32;

/**
 * Opens the journal file, making it if need be. Throws `StorageError`: `E_JOURNAL` (not a journal, unreadable),
 * `E_JOURNAL_NEWER` (written by a later Pawl).
 */
export function openJournal(path: string, options: SqliteOptions = {}): Journal {
  return new SqliteJournal(path, options);
}

class SqliteJournal implements Journal {
  readonly id: string;
  readonly secret: Uint8Array;
  readonly labels: SqliteLabels;
  readonly policy: SqlitePolicyLog;
  readonly weights: SqliteWeights;
  readonly calls: SqlitePaidCalls;
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #now: () => number;
  readonly #lease: number;
  readonly #mostVectors: number;
  readonly #statements = new Map<string, StatementSync>();
  readonly #commits = new GroupCommit(this.#transactions());
  #owner = 0;
  #beat: NodeJS.Timeout | undefined;
  #closing: Promise<void> | null = null;

  constructor(path: string, options: SqliteOptions) {
    const { secret } = options;
    if (secret && secret.length !== secretBytes) {
      throw new UsageError("E_SECRET", `a journal's secret has ${secretBytes} bytes, not ${secret.length}`);
    }
    this.#path = path;
    this.#now = options.now ?? Date.now;
    const plumbing: Plumbing = {
      run: (sql, ...values) => this.#run(sql, ...values),
      get: (sql, ...values) => this.#get(sql, ...values),
      all: (sql, ...values) => this.#all(sql, ...values),
      write: (run) => this.#write(run),
      now: this.#now,
    };
    this.labels = new SqliteLabels(plumbing);
    this.policy = new SqlitePolicyLog(plumbing);
    this.weights = new SqliteWeights(plumbing);
    this.calls = new SqlitePaidCalls(plumbing, options.mostReplies ?? mostReplies);
    this.#lease = options.lease ?? leaseMilliseconds;
    this.#mostVectors = options.mostVectors ?? mostVectors;
    try {
      this.#db = new DatabaseSync(path, { timeout: 10_000 });
    } catch (thrown) {
      throw this.#storageError(thrown, "open");
    }
    try {
      this.#refuseForeign();
      this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
      this.#migrate(options.secret);
      if (options.maxPages !== undefined) this.#db.exec(`PRAGMA max_page_count = ${Math.trunc(options.maxPages)}`);
      this.id = this.#meta("id");
      this.secret = Buffer.from(this.#meta("secret"), "hex");
    } catch (thrown) {
      this.#db.close();
      throw thrown instanceof StorageError ? thrown : this.#storageError(thrown, "open");
    }
  }

  #meta(key: string): string {
    return (this.#get("SELECT value FROM meta WHERE key = ?", key) as { value: string }).value;
  }

  #version(): number {
    return (this.#db.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
  }

  /** Another program's database is left as it is, also in its journal mode. */
  #refuseForeign(): void {
    const tables = this.#db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[];
    if (tables.length === 0 || tables.some(({ name }) => name === "batch_row")) return;
    throw new StorageError("E_JOURNAL", `${this.#path} is a database, but not a journal of Pawl's; name another file`);
  }

  #migrate(given: Uint8Array | undefined): void {
    const refuseNewer = (): void => {
      if (this.#version() > migrations.length) {
        throw new StorageError(
          "E_JOURNAL_NEWER",
          `${this.#path} was written by a newer Pawl (journal version ${this.#version()}; this one knows up to ${migrations.length}). Update Pawl, or name another journal.`,
        );
      }
    };
    refuseNewer();
    if (this.#version() === migrations.length) return;
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      refuseNewer();
      const from = this.#version();
      for (const migration of migrations.slice(from)) this.#db.exec(migration);
      if (from === 0) {
        const id = BigInt(`0x${randomBytes(8).toString("hex")}`)
          .toString(36)
          .padStart(8, "0")
          .slice(-8);
        this.#db.prepare("INSERT INTO meta VALUES ('id', ?)").run(id);
      }
      const secret = (from === 0 && given) || randomBytes(secretBytes);
      this.#db.prepare("INSERT OR IGNORE INTO meta VALUES ('secret', ?)").run(Buffer.from(secret).toString("hex"));
      this.#db.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`);
    } catch (thrown) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw thrown;
    }
  }

  // -- writing

  #write<T>(run: () => T): Promise<T> {
    return this.#commits.write(run);
  }

  #transactions(): Transactions {
    let ownerBefore = 0;
    return {
      begin: () => {
        ownerBefore = this.#owner;
        this.#run("BEGIN IMMEDIATE");
        this.#refuseFenced();
      },
      commit: () => {
        this.#run("COMMIT");
      },
      rollback: (thrown) => {
        if (ownerBefore !== this.#owner) this.#forgetOwner();
        try {
          if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
        } catch {
          // The first error is the one to tell; a file that cannot roll back stays as its last commit left it.
        }
        return thrown instanceof StorageError ? thrown : this.#storageError(thrown, "write");
      },
    };
  }

  /** One look a transaction: whoever takes our runs over marks us first, in the transaction that takes them. */
  #refuseFenced(): void {
    if (this.#owner === 0) return;
    const row = this.#get("SELECT fenced FROM owner WHERE id = ?", this.#owner) as { fenced: number } | undefined;
    if (row?.fenced === 0) return;
    throw new StorageError(
      "E_LEASE_LOST",
      "another process took this one's runs over, because it had shown no sign of life; nothing more is written",
    );
  }

  #ownerId(): number {
    if (this.#owner !== 0) return this.#owner;
    const { host, boot, pid, born } = thisProcess();
    const { lastInsertRowid } = this.#run(
      "INSERT INTO owner (host, boot, pid, born, beat) VALUES (?, ?, ?, ?, ?)",
      host,
      boot,
      pid,
      born,
      this.#now(),
    );
    this.#owner = Number(lastInsertRowid);
    this.#beat = setInterval(() => {
      const beat = this.#write(() => this.#run("UPDATE owner SET beat = ? WHERE id = ?", this.#now(), this.#owner));
      // A beat that is missed, on a full disk say, does not make the next one useless. A lost lease does.
      beat.catch((error) => error.code === "E_LEASE_LOST" && clearInterval(this.#beat));
    }, this.#lease / 3).unref();
    return this.#owner;
  }

  /** The transaction that made the owner was rolled back. */
  #forgetOwner(): void {
    clearInterval(this.#beat);
    this.#owner = 0;
  }

  // -- runs

  begin(run: NewRun): Promise<Taken> {
    const input = JSON.stringify(run.input);
    return this.#write(() => {
      const known = this.#get(
        "SELECT * FROM run WHERE loop = ? AND item = ? AND content = ? AND version = ?",
        run.loop,
        run.item,
        run.content,
        run.version,
      ) as RunRow | undefined;
      if (known) return this.#takeRow(known);
      const started = this.#now();
      const owner = this.#ownerId();
      const { lastInsertRowid } = this.#run(
        "INSERT INTO run (loop, version, item, content, input, status, owner, started) VALUES (?, ?, ?, ?, ?, 'running', ?, ?)",
        run.loop,
        run.version,
        run.item,
        run.content,
        input,
        owner,
        started,
      );
      const number = Number(lastInsertRowid);
      const { loop, version, item, content } = run;
      const record: RunRecord = {
        loop,
        version,
        item,
        content,
        input: run.input,
        number,
        id: `${this.id}-${number}`,
        status: "running",
        started,
        outcome: null,
        wakes: null,
      };
      return { kind: "taken", run: record, events: [] };
    });
  }

  take(number: number): Promise<Taken> {
    return this.#write(() => {
      const row = this.#get("SELECT * FROM run WHERE number = ?", number) as RunRow | undefined;
      if (!row) throw new StorageError("E_NO_RUN", `the journal has no run ${number}`, { value: number });
      return this.#takeRow(row);
    });
  }

  #takeRow(row: RunRow): Taken {
    if (ended.includes(row.status) || row.status === "waiting") return { kind: "settled", run: this.#record(row) };
    if (row.status === "sleeping" && (row.wakes ?? 0) > this.#now()) return { kind: "settled", run: this.#record(row) };
    if (row.status === "running" && row.owner !== null) {
      const holder = this.#get("SELECT * FROM owner WHERE id = ?", row.owner) as OwnerRow | undefined;
      if (
        holder &&
        !holder.fenced &&
        (holder.id === this.#owner || isAlive(holder, holder.beat, this.#now(), this.#lease))
      ) {
        return { kind: "busy", run: this.#record(row), owner: describeOwner(holder) };
      }
      this.#run("UPDATE owner SET fenced = 1 WHERE id = ?", row.owner);
      this.#run("UPDATE run SET status = 'ready', owner = NULL WHERE owner = ?", row.owner);
    }
    const owner = this.#ownerId();
    this.#run("UPDATE run SET status = 'running', owner = ?, wakes = NULL WHERE number = ?", owner, row.number);
    return {
      kind: "taken",
      run: this.#record({ ...row, status: "running", wakes: null }),
      events: this.events(row.number),
    };
  }

  append(number: number, event: Event, label?: NewLabel): Promise<void> {
    const body = JSON.stringify(event);
    return this.#write(() => {
      this.#append(number, event, body);
      // A step that waited, and was asked again, has its label's row already.
      if (label) this.labels.settle(label);
      if (event.type === "run_ended") {
        this.#run(
          "UPDATE run SET status = ?, owner = NULL, outcome = ? WHERE number = ?",
          event.outcome.kind,
          JSON.stringify(event.outcome),
          number,
        );
      }
    });
  }

  #append(number: number, event: Event, body: string): void {
    const { lastInsertRowid } = this.#run("INSERT INTO event (run, body) VALUES (?, ?)", number, body);
    if (event.type === "step_answered" && event.cacheKey !== undefined) {
      this.#remember(event.cacheKey, lastInsertRowid);
    }
  }

  /** A later answer replaces an earlier one: it was given because the earlier one did not stand. */
  #remember(cacheKey: string, seq: number | bigint): void {
    this.#run("INSERT OR REPLACE INTO recall VALUES (?, ?)", cacheKey, seq);
  }

  park(number: number, until: Until): Promise<void> {
    return this.#write(() => {
      const status = parked(this.events(number), until);
      const wakes = status === "sleeping" ? until.wakes : null;
      this.#run("UPDATE run SET status = ?, owner = NULL, wakes = ? WHERE number = ?", status, wakes, number);
    });
  }

  release(number: number): Promise<void> {
    return this.#write(() => {
      this.#run("UPDATE run SET status = 'ready', owner = NULL WHERE number = ? AND owner = ?", number, this.#owner);
    });
  }

  answer(number: number, event: PersonAnswered | StepReopened): Promise<boolean> {
    const body = JSON.stringify(event);
    return this.#write(() => {
      const waiting = unanswered(this.events(number)).find((step) => step.path === event.path);
      if (!waiting || !isAnswerable(waiting, event) || this.run(number)?.outcome) return false;
      const { lastInsertRowid } = this.#run("INSERT INTO event (run, body) VALUES (?, ?)", number, body);
      if (event.type === "person_answered") {
        if (waiting.cacheKey !== undefined) this.#remember(waiting.cacheKey, lastInsertRowid);
        const label = labelOf(`${this.id}-${number}`, waiting, event);
        if (label) this.labels.settle(label);
      }
      this.#run(
        "UPDATE run SET status = 'ready', wakes = NULL WHERE number = ? AND status IN ('waiting', 'sleeping')",
        number,
      );
      return true;
    });
  }

  // -- reading

  run(number: number): RunRecord | undefined {
    const row = this.#get("SELECT * FROM run WHERE number = ?", number) as RunRow | undefined;
    return row && this.#record(row);
  }

  relatives(run: RunIdentity): Relatives {
    const rows = this.#all("SELECT * FROM run WHERE loop = ? AND item = ?", run.loop, run.item) as unknown as RunRow[];
    const records = rows.map((row) => this.#record(row));
    return {
      otherVersion: records.filter((other) => other.content === run.content && other.version !== run.version),
      otherContent: records.filter((other) => other.content !== run.content),
    };
  }

  events(number: number): readonly Event[] {
    const rows = this.#all("SELECT body FROM event WHERE run = ? ORDER BY seq", number) as { body: string }[];
    return rows.map((row) => JSON.parse(row.body) as Event);
  }

  *runs(filter: RunFilter): Iterable<RunRecord> {
    // Paged by number, so that a reader never holds a cursor open across other people's writes.
    const { clause, values } = where(filter);
    let after = 0;
    while (true) {
      const page = this.#all(
        `SELECT * FROM run WHERE number > ? ${clause} ORDER BY number LIMIT 500`,
        after,
        ...values,
      ) as unknown as RunRow[];
      for (const row of page) yield this.#record(row);
      const last = page.at(-1);
      if (!last) return;
      after = last.number;
    }
  }

  *waiting(): Iterable<WaitingStep> {
    // Each half has a partial index of its own; SQLite uses neither for an IN.
    const rows = this.#all(
      "SELECT number FROM run WHERE status = 'waiting' UNION ALL SELECT number FROM run WHERE status = 'sleeping' ORDER BY number",
    ) as { number: number }[];
    for (const { number } of rows) {
      const run = this.run(number);
      if (!run) continue;
      for (const waiting of unanswered(this.events(number))) yield { run, waiting };
    }
  }

  counts(loop?: string): { readonly [status in RunStatus]: number } {
    const counts = { ready: 0, running: 0, waiting: 0, sleeping: 0, done: 0, limit: 0, failed: 0 };
    const { clause, values } = where(loop === undefined ? {} : { loop });
    const rows = this.#all(`SELECT status, count(*) AS n FROM run WHERE true ${clause} GROUP BY status`, ...values);
    for (const row of rows as { status: RunStatus; n: number }[]) counts[row.status] = row.n;
    return counts;
  }

  // -- batches

  putRows(batch: string, rows: readonly BatchRow[]): Promise<void> {
    return this.#write(() => {
      for (const row of rows) {
        this.#run(
          "INSERT OR REPLACE INTO batch_row VALUES (?, ?, ?, ?, ?, ?)",
          batch,
          row.position,
          row.line,
          row.item,
          row.run,
          row.reason,
        );
      }
    });
  }

  cutRows(batch: string, after: number): Promise<void> {
    return this.#write(() => {
      this.#run("DELETE FROM batch_row WHERE batch = ? AND position > ?", batch, after);
    });
  }

  *rows(batch: string): Iterable<BatchResult> {
    let after = 0;
    while (true) {
      const page = this.#all(
        "SELECT position, line, item, run, reason FROM batch_row WHERE batch = ? AND position > ? ORDER BY position LIMIT 500",
        batch,
        after,
      ) as unknown as BatchRow[];
      for (const row of page) yield { ...row, record: row.run === null ? null : (this.run(row.run) ?? null) };
      const last = page.at(-1);
      if (!last) return;
      after = last.position;
    }
  }

  // -- small facts

  readonly notes: Notes = {
    get: (key) => (this.#get("SELECT value FROM note WHERE key = ?", key) as { value: string } | undefined)?.value,
    set: (key, value) => {
      // Nobody waits for a note: losing the last one costs a little learning, not a fact.
      this.#write(() => this.#run("INSERT OR REPLACE INTO note VALUES (?, ?)", key, value)).catch(() => {});
    },
    add: (key, amount) =>
      this.#write(() => {
        const sql =
          "INSERT INTO note VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = value + excluded.value RETURNING value";
        return Number((this.#get(sql, key, String(amount)) as { value: string | number }).value);
      }),
  };

  readonly vectors: Vectors = {
    get: (key) =>
      (this.#get("SELECT value FROM vector WHERE key = ?", key) as { value: Uint8Array } | undefined)?.value,
    set: (key, bytes) =>
      this.#commits.writeSpare(() => {
        const sql = "INSERT INTO vector (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING";
        const { changes, lastInsertRowid } = this.#run(sql, key, bytes);
        // Numbers follow one another without a gap, so the oldest is found by counting back: one look-up a vector.
        if (changes === 0) return;
        this.#run("DELETE FROM vector WHERE number <= ?", Number(lastInsertRowid) - this.#mostVectors);
      }),
  };

  readonly recall: Recall = (cacheKey): RecalledAnswer | undefined => {
    const row = this.#get(
      "SELECT event.run AS run, event.body AS body FROM recall JOIN event ON event.seq = recall.seq WHERE recall.key = ?",
      cacheKey,
    ) as { run: number; body: string } | undefined;
    return row && recalled(`${this.id}-${row.run}`, JSON.parse(row.body) as Event);
  };

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // The first run of a process makes its owner: it must be there before it is looked at.
    this.#commits.commitNow();
    if (this.#owner !== 0) {
      const leave = this.#write(() => {
        this.#run("UPDATE run SET status = 'ready', owner = NULL WHERE owner = ?", this.#owner);
        this.#run("DELETE FROM owner WHERE id = ?", this.#owner);
      });
      this.#commits.commitNow();
      // A process that lost its lease, or a full disk, has nothing to give back: the next one takes it.
      await leave.catch(() => {});
    }
    this.#commits.close();
    clearInterval(this.#beat);
    this.#statements.clear();
    this.#db.close();
  }

  // -- plumbing

  #record(row: RunRow): RunRecord {
    const { number, loop, version, item, content, status, started, wakes } = row;
    return {
      loop,
      version,
      item,
      content,
      input: JSON.parse(row.input) as Json,
      number,
      id: `${this.id}-${number}`,
      status,
      started,
      outcome: row.outcome === null ? null : (JSON.parse(row.outcome) as RunOutcome),
      wakes,
    };
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: SQLInputValue[]): StatementResultingChanges {
    return this.#statement(sql).run(...values);
  }

  #get(sql: string, ...values: SQLInputValue[]): unknown {
    try {
      return this.#statement(sql).get(...values);
    } catch (thrown) {
      throw this.#storageError(thrown, "read");
    }
  }

  #all(sql: string, ...values: SQLInputValue[]): unknown[] {
    try {
      return this.#statement(sql).all(...values);
    } catch (thrown) {
      throw this.#storageError(thrown, "read");
    }
  }

  #storageError(thrown: unknown, doing: string): StorageError {
    const code = (thrown as { errcode?: number }).errcode ?? 0;
    if (fullCodes.has(code)) {
      return new StorageError(
        "E_DISK_FULL",
        `${this.#path} cannot grow: the disk (or the file's size limit) is full. Free some space and run the same command again; nothing that was reported done is lost.`,
        { cause: thrown },
      );
    }
    if ((code & 0xff) === busyCode) {
      const message = `another process has been writing to ${this.#path} for ten seconds; run the same command again`;
      return new StorageError("E_JOURNAL_BUSY", message, { cause: thrown });
    }
    return new StorageError("E_JOURNAL", `cannot ${doing} the journal ${this.#path}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

function where(filter: RunFilter): { clause: string; values: string[] } {
  const parts = Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { clause: parts.map(([column]) => `AND ${column} = ?`).join(" "), values: parts.map(([, value]) => value) };
}
