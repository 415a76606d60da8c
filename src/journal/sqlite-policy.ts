/** Labels, the record of promises, and learned weights, in the journal's file. */

import type { SQLInputValue, StatementResultingChanges } from "node:sqlite";
import type { Json } from "../core/json.ts";
import type { Label, LabelAnswer, LabelSample, LabelSource, NewLabel, OpenLabel } from "../core/label.ts";
import type { PolicyEvent } from "../core/policy-event.ts";
import type { Labels, NumberedEvent, PolicyLog, Weights } from "./journal.ts";

/** What these tables need of the file that they stand in. */
export interface Plumbing {
  run(sql: string, ...values: SQLInputValue[]): StatementResultingChanges;
  get(sql: string, ...values: SQLInputValue[]): unknown;
  all(sql: string, ...values: SQLInputValue[]): unknown[];
  /** Runs inside the next transaction. */
  write<T>(run: () => T): Promise<T>;
  readonly now: () => number;
}

interface LabelRow {
  readonly number: number;
  readonly seq: number | null;
  readonly question: string;
  readonly version: string;
  readonly cluster: string;
  readonly about: string;
  readonly sample: LabelSample;
  readonly propensity: number | null;
  readonly key: string | null;
  readonly stood: string | null;
  readonly decision: string | null;
  readonly made: number;
  readonly value: string | null;
  readonly source: LabelSource | null;
  readonly by: string | null;
  readonly at: number | null;
}

const page = 500;

export class SqliteLabels implements Labels {
  readonly #in: Plumbing;

  constructor(plumbing: Plumbing) {
    this.#in = plumbing;
  }

  add(labels: readonly NewLabel[]): Promise<void> {
    return this.#in.write(() => {
      for (const label of labels) this.insert(label);
    });
  }

  /** Within a transaction of the caller's. */
  insert(label: NewLabel): void {
    const { question, version, cluster, about, sample, propensity, key, stood, decision, answer } = label;
    // Only a duplicate is let go without a word (OR IGNORE would let an unfit row go, too, and its event stand alone).
    this.#in.run(
      "INSERT INTO label (seq, question, version, cluster, about, sample, propensity, key, stood, decision, made, value, source, by, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      answer ? this.#nextSeq() : null,
      question,
      version,
      cluster,
      about,
      sample,
      propensity,
      key,
      stood === null ? null : JSON.stringify(stood),
      decision,
      this.#in.now(),
      answer ? JSON.stringify(answer.value) : null,
      answer?.source ?? null,
      answer?.by ?? null,
      answer ? this.#in.now() : null,
    );
  }

  /** The answer to the row that was set aside when its item began to wait; a row of its own where there is none. */
  settle(label: NewLabel): void {
    const { decision, answer } = label;
    const row =
      decision === null
        ? undefined
        : (this.#in.get("SELECT number FROM label WHERE decision = ? AND seq IS NULL", decision) as
            | { number: number }
            | undefined);
    if (row && answer) this.#give(row.number, answer);
    else this.insert(label);
  }

  #nextSeq(): number {
    return (this.#in.get("SELECT coalesce(max(seq), 0) + 1 AS seq FROM label") as { seq: number }).seq;
  }

  answer(number: number, answer: LabelAnswer): Promise<boolean> {
    return this.#in.write(() => this.#give(number, answer));
  }

  #give(number: number, { value, source, by }: LabelAnswer): boolean {
    const { changes } = this.#in.run(
      "UPDATE label SET seq = ?, value = ?, source = ?, by = ?, at = ? WHERE number = ? AND seq IS NULL",
      this.#nextSeq(),
      JSON.stringify(value),
      source,
      by,
      this.#in.now(),
      number,
    );
    return changes === 1;
  }

  *aside(question: string, version: string, after = 0): Iterable<Label | OpenLabel> {
    let last = after;
    while (true) {
      const rows = this.#in.all(
        "SELECT * FROM label WHERE question = ? AND version = ? AND number > ? ORDER BY number LIMIT ?",
        question,
        version,
        last,
        page,
      ) as LabelRow[];
      for (const row of rows) yield labelFrom(row);
      if (rows.length < page) return;
      last = rows.at(-1)!.number;
    }
  }

  *answered(question: string, version: string, after = 0): Iterable<Label> {
    let last = after;
    while (true) {
      const rows = this.#in.all(
        "SELECT * FROM label WHERE question = ? AND version = ? AND seq > ? ORDER BY seq LIMIT ?",
        question,
        version,
        last,
        page,
      ) as LabelRow[];
      for (const row of rows) yield labelFrom(row) as Label;
      if (rows.length < page) return;
      last = rows.at(-1)!.seq!;
    }
  }

  *open(question?: string): Iterable<OpenLabel> {
    let last = 0;
    while (true) {
      const rows = this.#in.all(
        `SELECT * FROM label WHERE seq IS NULL AND sample = 'audit' AND number > ? ${question === undefined ? "" : "AND question = ?"} ORDER BY number LIMIT ?`,
        last,
        ...(question === undefined ? [] : [question]),
        page,
      ) as LabelRow[];
      for (const row of rows) yield labelFrom(row) as OpenLabel;
      if (rows.length < page) return;
      last = rows.at(-1)!.number;
    }
  }

  last(): number {
    return (this.#in.get("SELECT coalesce(max(number), 0) AS last FROM label") as { last: number }).last;
  }

  counts(question: string): { answered: number; open: number } {
    const row = this.#in.get(
      "SELECT count(seq) AS answered, count(*) FILTER (WHERE seq IS NULL AND sample = 'audit') AS open FROM label WHERE question = ?",
      question,
    );
    const { answered, open } = row as { answered: number; open: number };
    return { answered, open };
  }
}

function labelFrom(row: LabelRow): Label | OpenLabel {
  const { value, source, by, stood, seq, at, ...rest } = row;
  const common = { ...rest, stood: stood === null ? null : (JSON.parse(stood) as Json) };
  if (seq === null || value === null) return { ...common, answer: null };
  const answer = { value: JSON.parse(value) as Json, source: source as LabelSource, by: by ?? "" };
  return { ...common, seq, at: at ?? 0, answer };
}

export class SqlitePolicyLog implements PolicyLog {
  readonly #in: Plumbing;

  constructor(plumbing: Plumbing) {
    this.#in = plumbing;
  }

  append(events: readonly PolicyEvent[]): Promise<void> {
    return this.#in.write(() => {
      for (const event of events) {
        this.#in.run("INSERT INTO policy (question, body) VALUES (?, ?)", event.question, JSON.stringify(event));
      }
    });
  }

  read(question?: string): readonly PolicyEvent[] {
    const rows =
      question === undefined
        ? this.#in.all("SELECT body FROM policy ORDER BY number")
        : this.#in.all("SELECT body FROM policy WHERE question = ? ORDER BY number", question);
    return (rows as { body: string }[]).map(({ body }) => JSON.parse(body) as PolicyEvent);
  }

  since(question: string, after: number): readonly NumberedEvent[] {
    const sql = "SELECT number, body FROM policy WHERE question = ? AND number > ? ORDER BY number";
    const rows = this.#in.all(sql, question, after) as { number: number; body: string }[];
    return rows.map(({ number, body }) => ({ number, event: JSON.parse(body) as PolicyEvent }));
  }
}

export class SqliteWeights implements Weights {
  readonly #in: Plumbing;

  constructor(plumbing: Plumbing) {
    this.#in = plumbing;
  }

  get(digest: string): Uint8Array | undefined {
    return (this.#in.get("SELECT value FROM weights WHERE digest = ?", digest) as { value: Uint8Array } | undefined)
      ?.value;
  }

  set(digest: string, bytes: Uint8Array): Promise<void> {
    return this.#in.write(() => {
      this.#in.run("INSERT INTO weights VALUES (?, ?) ON CONFLICT DO NOTHING", digest, bytes);
    });
  }
}
