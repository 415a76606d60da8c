/** The journal's contract: the durable record of everything that happened, and the only state of a run. */

import type { Event, PersonAnswered, RunOutcome, StepReopened, StepWaiting } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import type { Label, LabelAnswer, NewLabel, OpenLabel } from "../core/label.ts";
import type { PolicyEvent } from "../core/policy-event.ts";
import type { PaidCalls } from "../ledger/ledger.ts";
import type { Notes, Recall, Vectors } from "../rung/rung.ts";

export type RunStatus = "ready" | "running" | "waiting" | "sleeping" | "done" | "limit" | "failed";

/** Vectors that a journal keeps: some 85 MB of those of the default encoder. */
export const mostVectors = 100_000;

/** What identifies a run: the same loop, version, item and content are one run. */
export interface RunIdentity {
  readonly loop: string;
  readonly version: string;
  /** Id of the item. */
  readonly item: string;
  /** Hash of the item's content. */
  readonly content: string;
}

export interface NewRun extends RunIdentity {
  readonly input: Json;
}

export interface RunRecord extends NewRun {
  /** Sequential number in this journal. */
  readonly number: number;
  /** `<journal id>-<number>`, the first part of every effect's key. */
  readonly id: string;
  readonly status: RunStatus;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly outcome: RunOutcome | null;
  /** A sleeping run may go on from here, in milliseconds since the epoch. */
  readonly wakes: number | null;
}

/** What taking a run found. */
export type Taken =
  | { readonly kind: "taken"; readonly run: RunRecord; readonly events: readonly Event[] }
  /** Nothing to do: it ended, waits for a person, or sleeps. */
  | { readonly kind: "settled"; readonly run: RunRecord }
  /** Another living process has it. */
  | { readonly kind: "busy"; readonly run: RunRecord; readonly owner: string };

/** What a run is given back for. With neither paths nor a time there is no reason to. */
export interface Until {
  /** Steps that wait for a person. */
  readonly paths: readonly string[];
  /** When a sleeper of the run may go on, in milliseconds since the epoch. */
  readonly wakes: number | null;
}

/** Other runs of the same loop and item, which a batch must mention. */
export interface Relatives {
  /** Runs of the same content by another version of the loop. */
  readonly otherVersion: readonly RunRecord[];
  /** Runs of the same id with other content. */
  readonly otherContent: readonly RunRecord[];
}

/** A row of a batch: which run it became, or why it was set aside. */
export interface BatchRow {
  /** 1-based place in the input, quarantined rows included. */
  readonly position: number;
  /** Line of the data file on which the row starts, 1-based. */
  readonly line: number;
  readonly item: string | null;
  readonly run: number | null;
  /** Why the row was quarantined. */
  readonly reason: string | null;
}

export interface BatchResult extends BatchRow {
  readonly record: RunRecord | null;
}

export interface WaitingStep {
  readonly run: RunRecord;
  readonly waiting: StepWaiting;
}

export interface RunFilter {
  readonly loop?: string;
  readonly item?: string;
  readonly status?: RunStatus;
}

/** Labels of all questions: what learning and certificates rest on. */
export interface Labels {
  /** Adds rows. One of a decision that has a row already is left out: the first counts. */
  add(labels: readonly NewLabel[]): Promise<void>;
  /** The answer to an open one. `false` where it has one already: the first counts. */
  answer(number: number, answer: LabelAnswer): Promise<boolean>;
  /** Answered labels of a question in the order of their answers, from behind the one with the number `after` on. */
  answered(question: string, version: string, after?: number): Iterable<Label>;
  /** All labels of a question in the order in which they were set aside, from behind a number on. */
  aside(question: string, version: string, after?: number): Iterable<Label | OpenLabel>;
  /** Audits without an answer, oldest first; of one question, if it is named. */
  open(question?: string): Iterable<OpenLabel>;
  /** Number of the last label that was set aside, over all questions; 0 for none. */
  last(): number;
  /** How many labels a question has in all its versions: answered ones, and audits without an answer. */
  counts(question: string): { readonly answered: number; readonly open: number };
}

/** An event and its place in the record, over all questions: numbers grow, not by one. */
export interface NumberedEvent {
  readonly number: number;
  readonly event: PolicyEvent;
}

/** The record of promises: what was trained, certified, revoked. */
export interface PolicyLog {
  append(events: readonly PolicyEvent[]): Promise<void>;
  /** In the order of writing; of one question, if it is named. */
  read(question?: string): readonly PolicyEvent[];
  /**
   * Those of one question behind the event with the number `after` (0 for all), whichever process wrote them, with their
   * numbers. Some microseconds where there are none.
   */
  since(question: string, after: number): readonly NumberedEvent[];
}

/** Learned weights by the digest of their bytes. They are part of a version and are never let go. */
export interface Weights {
  get(digest: string): Uint8Array | undefined;
  set(digest: string, bytes: Uint8Array): Promise<void>;
}

/**
 * Every write is durable when its promise resolves, and rejects with a `StorageError` when it cannot be:
 * `E_DISK_FULL`, `E_LEASE_LOST` (another process took this one for dead), `E_JOURNAL_BUSY`, `E_JOURNAL`.
 * Reads are synchronous.
 */
export interface Journal {
  /** Eight letters and digits, made with the journal. */
  readonly id: string;
  /** Finds or creates the run and takes it for this process. */
  begin(run: NewRun): Promise<Taken>;
  /** Takes an existing run, also one that waited or slept and may go on now. */
  take(number: number): Promise<Taken>;
  /**
   * Appends to a run that this process has taken. `run_ended` gives it back. A label that is set aside with an answer
   * is on record with it or not at all.
   */
  append(number: number, event: Event, label?: NewLabel): Promise<void>;
  /** Gives a run back until a person answers (`waiting`) or a time comes (`sleeping`), whichever is first. */
  park(number: number, until: Until): Promise<void>;
  /** Gives a run back unfinished, for any process to take. */
  release(number: number): Promise<void>;
  /**
   * A person's answer to a waiting step, and the label that it is; or that its rung need not be awaited any more.
   * `false` when nothing waits there (any more): the first answer counts.
   */
  answer(number: number, event: PersonAnswered | StepReopened): Promise<boolean>;

  run(number: number): RunRecord | undefined;
  relatives(run: RunIdentity): Relatives;
  events(number: number): readonly Event[];
  runs(filter: RunFilter): Iterable<RunRecord>;
  /** Unanswered questions of runs that wait or sleep, oldest run first. */
  waiting(): Iterable<WaitingStep>;
  /** How many runs stand in each status. */
  counts(loop?: string): { readonly [status in RunStatus]: number };

  /** Records rows of a batch; a row recorded before at the same position is replaced. */
  putRows(batch: string, rows: readonly BatchRow[]): Promise<void>;
  /** Forgets the rows behind a position: the data file became shorter. */
  cutRows(batch: string, after: number): Promise<void>;
  /** The batch's rows in input order, with their runs as they stand now. */
  rows(batch: string): Iterable<BatchResult>;

  readonly labels: Labels;
  readonly policy: PolicyLog;
  readonly weights: Weights;
  /** 32 random bytes made with the journal: nobody can know beforehand which answers will be audited. */
  readonly secret: Uint8Array;
  readonly notes: Notes;
  /** A cache: what it cannot keep it does without, and the oldest go first. */
  readonly vectors: Vectors;
  readonly recall: Recall;
  /** Calls that cost money, and what they cost. */
  readonly calls: PaidCalls;
  close(): Promise<void>;
}
