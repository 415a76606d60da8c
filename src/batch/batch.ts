/** Many items through one loop: rows in, runs journaled, everything that was not run counted and said. */

import { ModelError, messageOf, PawlError, StorageError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { addPaid } from "../core/paid-totals.ts";
import { parse } from "../core/schema.ts";
import type { Identity } from "../data/identity.ts";
import type { Row } from "../data/row.ts";
import type { BatchRow, Journal, RunIdentity, RunRecord, Taken } from "../journal/journal.ts";
import type { Loop } from "../loop/loop.ts";
import type { Parts } from "../loop/run.ts";
import { runOn } from "../loop/run-on.ts";
import { Breaker } from "./breaker.ts";
import { type Counts, mostExamples, noCounts } from "./counts.ts";
import { type Changed, type Plan, planItem } from "./plan.ts";
import { SeenIds } from "./seen.ts";
import { type IsLocal, openCalls, startedCalls, tally } from "./tally.ts";

export interface BatchOptions {
  readonly loop: Loop;
  /** Read once, one at a time, in order. */
  readonly rows: AsyncIterable<Row>;
  /** Name of the batch in the journal: the same for the same data and loop, so that it can be resumed. */
  readonly batch: string;
  readonly identify: (row: Readonly<Record<string, unknown>>) => Identity;
  /** From a row to what the loop takes in; by default the row itself. */
  readonly read?: (row: Readonly<Record<string, unknown>>) => unknown;
  readonly parts: Parts;
  /** Whether the rung of that name is local. */
  readonly isLocal: IsLocal;
  /** Most runs in flight. */
  readonly concurrency: number;
  /** Only the first so many records of the data. */
  readonly limit?: number;
  /** What happens to runs of another version of the loop; `hold` by default. */
  readonly changed?: Changed;
  /** Counted into as the batch goes, for those who want to look on; made by `noCounts`. */
  readonly counts?: Counts;
  /** After each record whose fate is known, with the same object each time. */
  readonly onProgress?: (counts: Counts) => void;
  /** Aborted: nothing new is started, and the runs in flight end. */
  readonly drain?: AbortSignal;
}

/** How a batch ended. */
export interface BatchEnd {
  readonly counts: Counts;
  /** The data was read to its end, or to the limit, and no run was stopped. */
  readonly complete: boolean;
}

/**
 * Runs a loop over rows. Never holds more than `concurrency` rows and one page of their records in memory.
 * Throws what the rows throw, and a `StorageError` as soon as the journal cannot be written; both after the runs in
 * flight were given back.
 */
export async function runBatch(options: BatchOptions): Promise<BatchEnd> {
  return new Batch(options).go();
}

/** A run that slept for less than this is worth waiting for, in milliseconds. */
const worthWaiting = 60_000;
const rowsPerWrite = 200;

interface Place {
  readonly position: number;
  readonly line: number;
  readonly item: string;
}

/** A run that sleeps. Its events are counted when it ends, or with the batch. */
interface Sleeper {
  readonly place: Place;
  readonly number: number;
  readonly wakes: number;
  /** It slept before this command began. */
  readonly earlier: boolean;
  /** So many of its events are older than this command; `undefined`: all. */
  readonly old: number | undefined;
}

class Batch {
  readonly counts: Counts;
  readonly #options: BatchOptions;
  readonly #loop: Loop;
  readonly #journal: Journal;
  readonly #parts: Parts;
  readonly #abort = new AbortController();
  readonly #seen = new SeenIds();
  readonly #breaker = new Breaker();
  readonly #sleepers: Sleeper[] = [];
  #page: BatchRow[] = [];
  #inFlight = 0;
  #failure: { readonly error: unknown } | null = null;
  /** Ends whatever the reader waits for: a free place, a row, a sleeper's time. */
  #wake: () => void = () => {};

  constructor(options: BatchOptions) {
    this.#options = options;
    this.counts = options.counts ?? noCounts();
    this.#loop = options.loop;
    this.#journal = options.parts.journal;
    this.#parts = { ...options.parts, stop: AbortSignal.any([options.parts.stop, this.#abort.signal]) };
  }

  async go(): Promise<BatchEnd> {
    const { drain, parts, batch } = this.#options;
    const onStop = (): void => this.#wake();
    const signals = drain ? [drain, parts.stop] : [parts.stop];
    for (const signal of signals) signal.addEventListener("abort", onStop);
    let last: number | null = null;
    try {
      last = await this.#readAll();
      await this.#idle();
      if (last !== null) await this.#wakeSleepers();
      for (const { number, old } of this.#sleepers) this.#tally(number, old);
      await this.#flush();
      // The data may have become shorter since an earlier command.
      if (last !== null && !this.#failure) await this.#journal.cutRows(batch, last);
    } catch (thrown) {
      this.#fail(thrown);
    } finally {
      for (const signal of signals) signal.removeEventListener("abort", onStop);
    }
    await this.#idle();
    if (this.#failure) throw this.#failure.error;
    return { counts: this.counts, complete: last !== null && this.counts.stopped === 0 };
  }

  /** Handles every row. Returns the last position, or `null` where it was stopped before the end. */
  async #readAll(): Promise<number | null> {
    const { rows, limit = Number.POSITIVE_INFINITY } = this.#options;
    const iterator = rows[Symbol.asyncIterator]();
    let last = 0;
    let hanging = false;
    try {
      while (last < limit) {
        const next = await this.#unlessStopped(iterator.next());
        if (next === stopped) {
          hanging = true;
          return null;
        }
        if (next.done) return last;
        const row = next.value;
        if (!(await this.#handle(row))) return null;
        last = row.position;
      }
      return last;
    } finally {
      const end = iterator.return?.();
      // A reader that hangs on its source (a pipe, say) would hang us too.
      if (hanging) end?.catch(() => {});
      else await end;
    }
  }

  /** Sets the row aside or launches its run, when there is a place for it. `false`: stopped before that. */
  async #handle(row: Row): Promise<boolean> {
    if (row.kind === "bad") return this.#met(row, () => this.#quarantine(row, null, row.reason));
    const identity = this.#options.identify(row.value);
    if (identity.kind === "unknown") return this.#met(row, () => this.#quarantine(row, null, identity.reason));
    const { item, content } = identity;
    const before = this.#seen.add(item, row.line);
    if (before !== null) {
      const reason = `the item "${shown(item)}" stands on line ${before} already; the first counts`;
      return this.#met(row, () => this.#quarantine(row, item, reason));
    }
    const input = this.#options.read ? this.#options.read(row.value) : row.value;
    const checked = parse(this.#loop.input, input);
    const parsed = checked instanceof Promise ? await checked : checked;
    if (!parsed.ok) {
      const { path, message } = parsed.issue;
      const reason = `does not fit the loop's input${path && ` at "${shown(path)}"`}: ${message}`;
      return this.#met(row, () => this.#quarantine(row, item, reason));
    }
    while (this.#inFlight >= this.#options.concurrency && !this.#isStopping) await this.#woken();
    if (this.#isStopping) return false;
    return this.#met(row, () => this.#launch({ ...row, item }, { item, content }, input as Json));
  }

  #met(row: Row, act: () => void): true {
    this.counts.rows++;
    this.counts.bytes += row.bytes;
    act();
    return true;
  }

  #quarantine({ position, line }: Row, item: string | null, reason: string): void {
    const { counts } = this;
    counts.quarantined++;
    if (counts.examples.quarantined.length < mostExamples) counts.examples.quarantined.push({ line, reason });
    this.#record({ position, line, item, run: null, reason });
    this.#settled();
  }

  #launch(place: Place, { item, content }: { item: string; content: string }, input: Json): void {
    const { counts } = this;
    const identity: RunIdentity = { loop: this.#loop.name, version: this.#loop.version, item, content };
    const plan = planItem(this.#journal, identity, this.#options.changed ?? "hold");
    switch (plan.kind) {
      case "keep":
        counts.kept++;
        this.#known(place, plan.run);
        return;
      case "hold": {
        counts.held++;
        const { version, status, number } = plan.run;
        this.#tally(number);
        this.#record({ ...rowOf(place, number), reason: `held: ${status} in version ${version} of the loop` });
        this.#settled();
        return;
      }
      case "continue":
        this.#inBackground(this.#follow(place, plan, this.#journal.take(plan.run.number)));
        return;
      case "begin":
        // Not awaited: what is begun in one turn of the event loop is one commit.
        this.#inBackground(this.#follow(place, plan, this.#journal.begin({ ...identity, input })));
        return;
    }
  }

  #inBackground(work: Promise<void>): void {
    this.#inFlight++;
    work
      .catch((thrown: unknown) => this.#fail(thrown))
      .finally(() => {
        this.#inFlight--;
        this.#wake();
      });
  }

  /** Takes a run to where it ends, sleeps or waits. */
  async #follow(place: Place, plan: Plan, taking: Promise<Taken>): Promise<void> {
    const taken = await taking;
    const { counts } = this;
    if (taken.kind === "settled") return this.#known(place, taken.run);
    this.#record(rowOf(place, taken.run.number));
    if (taken.kind === "busy") {
      counts.busy++;
      if (counts.examples.busy.length < mostExamples) counts.examples.busy.push(`${place.item}: ${taken.owner}`);
      return this.#settled();
    }
    const { events } = taken;
    if (events.length > 0) counts.resumed++;
    counts.effectsRepeated += openCalls(events);
    if (plan.kind === "continue") counts.continued++;
    if (plan.kind === "begin" && events.length === 0) {
      if (plan.otherContent) counts.changedContent++;
      if (plan.instead) {
        counts.restarted++;
        counts.effectsRisked += startedCalls(this.#journal.events(plan.instead.number));
      }
    }
    await this.#finish(place, taken);
  }

  /** Runs it as far as it goes now, and counts what came of it. */
  async #finish(place: Place, taken: Extract<Taken, { kind: "taken" }>, old = taken.events.length): Promise<void> {
    const { number } = taken.run;
    const end = await runOn(this.#loop, taken, this.#parts);
    if (end.kind === "stopped" && end.error) throw end.error;
    if (end.kind === "ended") this.#countOutcome(end.outcome);
    else this.counts[end.kind]++;
    if (end.kind === "sleeping") this.#sleepers.push({ place, number, wakes: end.wakes, earlier: false, old });
    else {
      this.#tally(number, old);
      this.#watch();
    }
    this.#settled();
  }

  /** `old`: so many of its events are older than this command; by default all. */
  #tally(run: number, old?: number): void {
    tally(this.#journal.events(run), this.counts, this.#options.isLocal, old);
    addPaid(this.counts.paid, this.#journal.calls.totals({ run: `${this.#journal.id}-${run}` }));
  }

  /** A dead backend must not send the rest of the file to people: what it was asked about waits, and the batch stops. */
  #watch(): void {
    const broken = this.#breaker.look(this.counts.rungsNow);
    if (broken) {
      const message = `${broken.rung} has failed in 20 runs in a row, so the batch stopped: ${broken.trouble}`;
      this.#fail(new ModelError("E_RUNG_BROKEN", message, { value: broken.rung }));
    }
  }

  #countOutcome(outcome: NonNullable<RunRecord["outcome"]>): void {
    const { counts } = this;
    counts[outcome.kind]++;
    if (outcome.kind === "limit" && outcome.limit === "spend") counts.spendLimit++;
    if (outcome.kind !== "failed") return;
    const failure = counts.failures[outcome.code];
    if (failure) failure.count++;
    else counts.failures[outcome.code] = { count: 1, example: outcome.message };
  }

  /** A run that needed nothing now: it ended, waits or sleeps since an earlier command. */
  #known(place: Place, run: RunRecord): void {
    const { counts } = this;
    counts.earlier++;
    if (run.outcome) this.#countOutcome(run.outcome);
    else counts[run.status === "sleeping" ? "sleeping" : "waiting"]++;
    if (run.status !== "sleeping") this.#tally(run.number);
    else this.#sleepers.push({ place, number: run.number, wakes: run.wakes ?? 0, earlier: true, old: undefined });
    this.#record(rowOf(place, run.number));
    this.#settled();
  }

  /** Goes on with runs whose time has come, or comes soon. */
  async #wakeSleepers(): Promise<void> {
    const { now } = this.#parts;
    this.#sleepers.sort((a, b) => a.wakes - b.wakes);
    for (;;) {
      const next = this.#sleepers[0];
      if (!next || this.#isStopping) break;
      const left = next.wakes - now();
      if (left > worthWaiting) break;
      if (left > 0) {
        const timer = setTimeout(() => this.#wake(), left);
        await this.#woken();
        clearTimeout(timer);
        continue;
      }
      if (this.#inFlight >= this.#options.concurrency) {
        await this.#woken();
        continue;
      }
      this.#sleepers.shift();
      this.#inBackground(this.#wakeUp(next));
    }
    await this.#idle();
  }

  async #wakeUp(sleeper: Sleeper): Promise<void> {
    const taken = await this.#journal.take(sleeper.number);
    if (taken.kind !== "taken") return this.#tally(sleeper.number, sleeper.old);
    // It was counted as asleep; what becomes of it now is counted instead.
    this.counts.sleeping--;
    if (sleeper.earlier) this.counts.earlier--;
    await this.#finish(sleeper.place, taken, sleeper.old);
  }

  // -- records of the batch

  #record(row: BatchRow): void {
    this.#page.push(row);
    if (this.#page.length >= rowsPerWrite) this.#flush().catch((thrown: unknown) => this.#fail(thrown));
  }

  async #flush(): Promise<void> {
    const page = this.#page;
    this.#page = [];
    if (page.length > 0) await this.#journal.putRows(this.#options.batch, page);
  }

  // -- starting and stopping

  get #isStopping(): boolean {
    return this.#failure !== null || this.#options.drain?.aborted === true || this.#options.parts.stop.aborted;
  }

  #settled(): void {
    this.#options.onProgress?.(this.counts);
  }

  #fail(thrown: unknown): void {
    if (this.#failure) return;
    const known = thrown instanceof PawlError || thrown instanceof Error;
    this.#failure = {
      error: known
        ? thrown
        : new StorageError("E_JOURNAL", `the batch stopped: ${messageOf(thrown)}`, { cause: thrown }),
    };
    this.#abort.abort();
    this.#wake();
  }

  /** Until somebody wakes the reader. Only it waits, so one place for its waker is enough. */
  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #idle(): Promise<void> {
    while (this.#inFlight > 0) await this.#woken();
  }

  /** The promise's value, or `stopped` as soon as nothing new is to be started. */
  #unlessStopped<T>(promise: Promise<T>): Promise<T | typeof stopped> {
    if (this.#isStopping) {
      promise.catch(() => {});
      return Promise.resolve(stopped);
    }
    // Not Promise.race with one long-lived promise: that would keep a reaction for every row of the file.
    return new Promise((resolve, reject) => {
      this.#wake = () => {
        if (this.#isStopping) resolve(stopped);
      };
      promise.then(resolve, reject);
    });
  }
}

const stopped = Symbol("stopped");

function rowOf({ position, line, item }: Place, run: number): BatchRow {
  return { position, line, item, run, reason: null };
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
