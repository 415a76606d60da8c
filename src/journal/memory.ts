/** A journal in memory: for tests, dry runs and loops that nobody needs to resume. */

import { randomBytes } from "node:crypto";
import { StorageError } from "../core/errors.ts";
import type { Event, PersonAnswered, StepReopened } from "../core/event.ts";
import type { NewLabel } from "../core/label.ts";
import { makeRoom } from "../core/make-room.ts";
import type { Notes, Recall, RecalledAnswer, Vectors } from "../rung/rung.ts";
import { isAnswerable, labelOf, parked, recalled, unanswered } from "./fold.ts";
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
import { MemoryPaidCalls } from "./memory-calls.ts";
import { MemoryLabels, MemoryPolicyLog, MemoryWeights } from "./memory-policy.ts";
import { mostReplies } from "./paid-call.ts";

interface Kept {
  record: RunRecord;
  readonly events: Event[];
}

/** Opens a journal that lives as long as the process. */
export function memoryJournal(options: MemoryOptions = {}): Journal {
  return new MemoryJournal(options);
}

export interface MemoryOptions {
  readonly now?: () => number;
  readonly id?: string;
  /** 32 bytes; random by default. */
  readonly secret?: Uint8Array;
  /** `unfinished` forgets a run when it ends, so that a process may go on for ever; `all` by default. */
  readonly keep?: "all" | "unfinished";
  /** Vectors that are kept; for tests. */
  readonly mostVectors?: number;
  /** Replies to paid calls that are kept; for tests. */
  readonly mostReplies?: number;
}

class MemoryJournal implements Journal {
  readonly id: string;
  readonly secret: Uint8Array;
  readonly labels: MemoryLabels;
  readonly policy: MemoryPolicyLog = new MemoryPolicyLog();
  readonly weights: MemoryWeights = new MemoryWeights();
  readonly calls: MemoryPaidCalls;
  readonly #now: () => number;
  /** By number, in order. */
  readonly #runs = new Map<number, Kept>();
  #count = 0;
  readonly #keepEnded: boolean;
  readonly #byIdentity = new Map<string, Kept>();
  readonly #byItem = new Map<string, Kept[]>();
  readonly #batches = new Map<string, Map<number, BatchRow>>();
  readonly #recall = new Map<string, RecalledAnswer>();
  readonly #notes = new Map<string, string>();
  readonly #vectors = new Map<string, Uint8Array>();
  readonly #mostVectors: number;

  constructor(options: MemoryOptions) {
    const { now = Date.now, id = "memory00", keep = "all" } = options;
    this.#mostVectors = options.mostVectors ?? mostVectors;
    this.#now = now;
    this.id = id;
    this.secret = options.secret ?? randomBytes(32);
    this.labels = new MemoryLabels(now);
    this.calls = new MemoryPaidCalls(now, options.mostReplies ?? mostReplies);
    this.#keepEnded = keep === "all";
  }

  async begin(run: NewRun): Promise<Taken> {
    const identity = identityKey(run);
    const known = this.#byIdentity.get(identity);
    if (known) return this.#take(known);
    const number = ++this.#count;
    const { loop, version, item, content, input } = run;
    const record: RunRecord = {
      loop,
      version,
      item,
      content,
      input,
      number,
      id: `${this.id}-${number}`,
      status: "running",
      started: this.#now(),
      outcome: null,
      wakes: null,
    };
    const kept: Kept = { record, events: [] };
    this.#runs.set(number, kept);
    this.#byIdentity.set(identity, kept);
    const sameItem = itemKey(run);
    const siblings = this.#byItem.get(sameItem);
    if (siblings) siblings.push(kept);
    else this.#byItem.set(sameItem, [kept]);
    return { kind: "taken", run: record, events: [] };
  }

  async take(number: number): Promise<Taken> {
    return this.#take(this.#kept(number));
  }

  #take(kept: Kept): Taken {
    const { status, wakes } = kept.record;
    if (status === "running") return { kind: "busy", run: kept.record, owner: "this process" };
    const due = status === "ready" || (status === "sleeping" && (wakes ?? 0) <= this.#now());
    if (!due) return { kind: "settled", run: kept.record };
    kept.record = { ...kept.record, status: "running", wakes: null };
    return { kind: "taken", run: kept.record, events: [...kept.events] };
  }

  async append(number: number, event: Event, label?: NewLabel): Promise<void> {
    const kept = this.#kept(number);
    kept.events.push(event);
    // A step that waited, and was asked again, has its label's row already.
    if (label) this.labels.settle(label);
    if (event.type === "run_ended") {
      kept.record = { ...kept.record, status: event.outcome.kind, outcome: event.outcome };
      if (!this.#keepEnded) this.#forget(kept.record);
    } else if (event.type === "step_answered" && event.cacheKey !== undefined) {
      this.#remember(event.cacheKey, kept, event);
    }
  }

  #forget(run: RunRecord): void {
    this.#runs.delete(run.number);
    this.#byIdentity.delete(identityKey(run));
    this.calls.forget(run.id);
    const siblings = this.#byItem.get(itemKey(run))?.filter((other) => other.record.number !== run.number) ?? [];
    if (siblings.length > 0) this.#byItem.set(itemKey(run), siblings);
    else this.#byItem.delete(itemKey(run));
  }

  #remember(key: string, kept: Kept, event: Event): void {
    const answer = recalled(kept.record.id, event);
    if (answer) this.#recall.set(key, answer);
  }

  async park(number: number, until: Until): Promise<void> {
    const kept = this.#kept(number);
    const status = parked(kept.events, until);
    kept.record = { ...kept.record, status, wakes: status === "sleeping" ? until.wakes : null };
  }

  async release(number: number): Promise<void> {
    const kept = this.#kept(number);
    if (kept.record.status === "running") kept.record = { ...kept.record, status: "ready" };
  }

  async answer(number: number, event: PersonAnswered | StepReopened): Promise<boolean> {
    const kept = this.#kept(number);
    const waiting = unanswered(kept.events).find((step) => step.path === event.path);
    if (!waiting || !isAnswerable(waiting, event) || kept.record.outcome) return false;
    kept.events.push(event);
    if (event.type === "person_answered") {
      const label = labelOf(kept.record.id, waiting, event);
      if (label) this.labels.settle(label);
      if (waiting.cacheKey !== undefined) this.#remember(waiting.cacheKey, kept, event);
    }
    const { status } = kept.record;
    if (status === "waiting" || status === "sleeping") kept.record = { ...kept.record, status: "ready", wakes: null };
    return true;
  }

  run(number: number): RunRecord | undefined {
    return this.#runs.get(number)?.record;
  }

  relatives(run: RunIdentity): Relatives {
    const records = (this.#byItem.get(itemKey(run)) ?? []).map((kept) => kept.record);
    return {
      otherVersion: records.filter((other) => other.content === run.content && other.version !== run.version),
      otherContent: records.filter((other) => other.content !== run.content),
    };
  }

  events(number: number): readonly Event[] {
    return [...(this.#runs.get(number)?.events ?? [])];
  }

  *runs(filter: RunFilter): Iterable<RunRecord> {
    for (const { record } of this.#runs.values()) {
      const fits =
        (filter.loop === undefined || record.loop === filter.loop) &&
        (filter.item === undefined || record.item === filter.item) &&
        (filter.status === undefined || record.status === filter.status);
      if (fits) yield record;
    }
  }

  *waiting(): Iterable<WaitingStep> {
    for (const { record, events } of this.#runs.values()) {
      if (record.status !== "waiting" && record.status !== "sleeping") continue;
      for (const waiting of unanswered(events)) yield { run: record, waiting };
    }
  }

  counts(loop?: string): { readonly [status in RunStatus]: number } {
    const counts = { ready: 0, running: 0, waiting: 0, sleeping: 0, done: 0, limit: 0, failed: 0 };
    for (const record of this.runs(loop === undefined ? {} : { loop })) counts[record.status]++;
    return counts;
  }

  async putRows(batch: string, rows: readonly BatchRow[]): Promise<void> {
    const kept = this.#batches.get(batch) ?? new Map<number, BatchRow>();
    this.#batches.set(batch, kept);
    for (const row of rows) kept.set(row.position, row);
  }

  async cutRows(batch: string, after: number): Promise<void> {
    const kept = this.#batches.get(batch);
    for (const position of kept?.keys() ?? []) if (position > after) kept?.delete(position);
  }

  *rows(batch: string): Iterable<BatchResult> {
    const kept = [...(this.#batches.get(batch)?.values() ?? [])].sort((a, b) => a.position - b.position);
    for (const row of kept) yield { ...row, record: row.run === null ? null : (this.run(row.run) ?? null) };
  }

  readonly notes: Notes = {
    get: (key) => this.#notes.get(key),
    set: (key, value) => void this.#notes.set(key, value),
    add: async (key, amount) => {
      const sum = Number(this.#notes.get(key) ?? 0) + amount;
      this.#notes.set(key, String(sum));
      return sum;
    },
  };

  readonly vectors: Vectors = {
    get: (key) => this.#vectors.get(key),
    set: (key, bytes) => {
      if (!this.#vectors.has(key)) makeRoom(this.#vectors, this.#mostVectors);
      this.#vectors.set(key, bytes);
    },
  };

  readonly recall: Recall = (cacheKey) => this.#recall.get(cacheKey);

  async close(): Promise<void> {}

  #kept(number: number): Kept {
    const kept = this.#runs.get(number);
    if (!kept) throw new StorageError("E_NO_RUN", `the journal has no run ${number}`, { value: number });
    return kept;
  }
}

function itemKey({ loop, item }: RunIdentity): string {
  return `${loop}\0${item}`;
}

function identityKey({ loop, item, content, version }: RunIdentity): string {
  return `${loop}\0${version}\0${content}\0${item}`;
}
