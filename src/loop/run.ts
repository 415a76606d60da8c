/** One run: the author's function over one item, with the journal as its only memory. */

import { ModelError, messageOf, PawlError, StorageError, ToolError, UsageError } from "../core/errors.ts";
import type { Event, RunOutcome, StepEvent } from "../core/event.ts";
import { toJson } from "../core/json.ts";
import type { NewLabel } from "../core/label.ts";
import { longestTimer } from "../core/longest-timer.ts";
import type { Effect, Repair } from "../core/question.ts";
import { parse } from "../core/schema.ts";
import type { Check, Judged } from "../gate/gate.ts";
import type { Journal, RunRecord, Taken } from "../journal/journal.ts";
import type { Policy } from "../policy/policy.ts";
import type { DecideContext, Rung } from "../rung/rung.ts";
import { CallBook } from "../tool/offer.ts";
import type { Booking, DayBudget } from "./budget.ts";
import type { Costs } from "./costs.ts";
import type { Loop } from "./loop.ts";
import { makeStep } from "./make-step.ts";
import { never } from "./never.ts";
import type { Overflow } from "./overflow.ts";
import { Past } from "./past.ts";

/** What a run is given: everything that is not the loop or the item. */
export interface Parts {
  readonly journal: Journal;
  /** The ladder of a question, by step name; it ends with a rung that always settles the question. */
  ladder(name: string): readonly Rung[];
  readonly checks: readonly Check[];
  /** Which promises hold, and what was learned. */
  readonly policy: Policy;
  /** The rung that a tool of this effect needs at least. */
  readonly floors: { readonly [E in Effect]?: Rung };
  readonly now: () => number;
  readonly random: () => number;
  /** The day's money, or `null` where it is not bounded. */
  readonly budget: DayBudget | null;
  /** Whether a rung without a price may be asked under a spend limit. */
  readonly unpriced: "refuse" | "allow";
  /** The day's minutes of people's time, or `null` where they are not bounded; and how many an answer takes. */
  readonly reviewers: DayBudget | null;
  readonly minutesPerAnswer: number;
  /** What becomes of a question for which nobody has budget left, by step name. */
  overflow(name: string): Overflow;
  /** What wrong answers and rungs cost, by step name; `null` where a wrong answer has no price. */
  costs(name: string): Costs | null;
  /** Decide, but call no tool that changes the world. */
  readonly dryRun: boolean;
  /** Stops everything at once; runs in flight are given back unfinished. */
  readonly stop: AbortSignal;
}

/** How a run left this process. */
export type RunEnd =
  | { readonly kind: "ended"; readonly outcome: RunOutcome }
  | { readonly kind: "waiting"; readonly paths: readonly string[] }
  /** `paths`: steps beside the sleep that wait for a person. */
  | { readonly kind: "sleeping"; readonly wakes: number; readonly paths: readonly string[] }
  /** Nothing was decided: the process stops, or the journal cannot be written. */
  | { readonly kind: "stopped"; readonly error: StorageError | null };

type Fresh = Extract<Taken, { kind: "taken" }>;

/**
 * Runs a taken run to its end, its next wait, or the stop of the process. Resumes wherever the journal stands.
 * Does not reject: what went wrong is in the end that it returns.
 */
export async function runItem(loop: Loop, taken: Fresh, parts: Parts): Promise<RunEnd> {
  const run = new Run(loop, taken.run, new Past(taken.events), parts);
  const end = await run.go();
  return run.settle(end);
}

/**
 * Runs a journaled run again, with no model, no tool and no write. Gives the outcome that the loop reaches on the
 * journal alone, or the path of the first step that is not on record.
 */
export async function replayRun(
  loop: Loop,
  record: RunRecord,
  events: readonly Event[],
  parts: Parts,
): Promise<RunEnd | { readonly kind: "diverged"; readonly path: string }> {
  const run = new Run(loop, record, new Past(events), parts, true);
  const end = await run.go();
  if (run.divergedAt !== null) return { kind: "diverged", path: run.divergedAt };
  // Time passes otherwise in a replay: a run that ran out of it, and of which all steps are on record, ran out of it.
  const { outcome } = record;
  const ranOut = outcome?.kind === "limit" && outcome.limit === "seconds" && end.kind === "ended";
  return ranOut ? { kind: "ended", outcome } : end;
}

/** The state of one run in this process. All of it can be had again from the journal. */
export class Run {
  readonly loop: Loop;
  readonly record: RunRecord;
  readonly past: Past;
  readonly parts: Parts;
  readonly book: CallBook;
  readonly isReplay: boolean;
  divergedAt: string | null = null;
  item: unknown = null;

  readonly #paths = new Set<string>();
  // Steps that hang until something outside the run happens, by what they hang on.
  readonly #parked: string[] = [];
  readonly #wakes: number[] = [];
  readonly #missing: string[] = [];
  #steps: number;
  #active = 0;
  #spent: number;
  #reserved = 0;
  /** What is set aside in the day's budget, by rung. */
  readonly #booked = new Map<Rung, Booking[]>();
  /** Milliseconds at work before `#since`. */
  #elapsed: number;
  /** When the run began to be at work, if it is. */
  #since = 0;
  /** Calls under way that change the world. */
  #effects = 0;
  /** The limit that was reached while such a call was under way. */
  #due: RunEnd | null = null;
  #over = false;
  #resolve: (end: RunEnd) => void = () => {};
  readonly #halted: Promise<RunEnd>;
  #controller: AbortController | undefined;

  constructor(loop: Loop, record: RunRecord, past: Past, parts: Parts, isReplay = false) {
    this.loop = loop;
    this.record = record;
    this.past = past;
    this.parts = parts;
    this.isReplay = isReplay;
    // Counted from the record at once, not as the loop comes by: beside a branch that has much on record another
    // may already be spending.
    this.book = new CallBook(past.called);
    this.#steps = past.paths.size;
    this.#spent = past.spent;
    this.#elapsed = past.milliseconds;
    this.#halted = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The author's function from its first line, until it returns, throws, waits or is halted. */
  async go(): Promise<RunEnd> {
    const { stop } = this.parts;
    if (stop.aborted) return { kind: "stopped", error: null };
    const item = await parse(this.loop.input, this.record.input);
    if (!item.ok) {
      const { path, message } = item.issue;
      return failed("usage", "E_INPUT", `the item does not fit the loop's input${path && ` at ${path}`}: ${message}`);
    }
    this.item = item.value;
    const onStop = (): void => this.#leave({ kind: "stopped", error: null });
    stop.addEventListener("abort", onStop, { once: true });
    const left = this.isReplay ? longestTimer : this.loop.limits.seconds * 1000 - this.#elapsed;
    const timer = setTimeout(() => this.#timeIsUp(), Math.min(left, longestTimer));
    try {
      const own = this.#runAuthor();
      return await Promise.race([this.#halted, own]);
    } finally {
      this.#over = true;
      clearTimeout(timer);
      stop.removeEventListener("abort", onStop);
      this.#controller?.abort();
    }
  }

  async #runAuthor(): Promise<RunEnd> {
    try {
      const output = await this.loop.run(this.item, makeStep(this, ""));
      const checked = await parse(this.loop.output, output);
      if (!checked.ok) {
        const { path, message } = checked.issue;
        return failed(
          "loop",
          "E_OUTPUT",
          `what the loop returned does not fit its output${path && ` at ${path}`}: ${message}`,
        );
      }
      return ended(checked.value);
    } catch (thrown) {
      const code = thrown instanceof PawlError ? thrown.code : "E_LOOP";
      return failed(whoMustAct(thrown), code, messageOf(thrown));
    }
  }

  /** Writes down how the run left. */
  async settle(end: RunEnd): Promise<RunEnd> {
    const { journal } = this.parts;
    const { number } = this.record;
    try {
      switch (end.kind) {
        case "ended":
          await journal.append(number, {
            type: "run_ended",
            outcome: end.outcome,
            milliseconds: Math.round(this.elapsed),
          });
          break;
        case "waiting":
          await journal.park(number, { paths: end.paths, wakes: null });
          break;
        case "sleeping":
          await journal.park(number, end);
          break;
        case "stopped":
          if (end.error === null) await journal.release(number);
          break;
      }
      return end;
    } catch (thrown) {
      return { kind: "stopped", error: asStorageError(thrown) };
    }
  }

  // -- what steps need

  /**
   * Starts a step: claims its path and counts it. `false` when the run is over already or this very step ended it;
   * then the step never settles. A step on record was counted, and allowed, when it was new.
   */
  enter(path: string): boolean {
    if (this.#over || this.#due) return false;
    if (this.#paths.has(path)) {
      const error = new UsageError(
        "E_PATH_TWICE",
        `two steps of this run are called "${path}"; give a repeated step an index: [name, index]`,
        { value: path },
      );
      this.#leave(failed("usage", error.code, error.message));
      return false;
    }
    this.#paths.add(path);
    if (this.isReplay || this.past.paths.has(path)) return true;
    const { steps, seconds } = this.loop.limits;
    if (this.#steps >= steps) return this.#stopAt({ kind: "limit", limit: "steps", allowed: steps, path });
    if (this.elapsed >= seconds * 1000) {
      return this.#stopAt({ kind: "limit", limit: "seconds", allowed: seconds, path });
    }
    this.#steps++;
    return true;
  }

  #stopAt(outcome: RunOutcome): false {
    this.#leave({ kind: "ended", outcome });
    return false;
  }

  /** Runs the part of a step that may wait for the world; the run is idle when no such part is under way. */
  async busy<T>(work: () => Promise<T>): Promise<T> {
    if (this.#active++ === 0) this.#since = performance.now();
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof StorageError) return this.#abandon({ kind: "stopped", error: thrown });
      throw thrown;
    } finally {
      this.#rest();
      this.#leaveWhenIdle();
    }
  }

  /** One step less is under way. */
  #rest(): void {
    if (--this.#active === 0) this.#elapsed += performance.now() - this.#since;
  }

  /** Milliseconds that the run was at work: steps side by side count once, waiting for people does not. */
  get elapsed(): number {
    return this.#elapsed + (this.#active > 0 ? performance.now() - this.#since : 0);
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Makes a call that changes the world. A time limit lets it end, within its own, and be put on record. */
  async effect<T>(call: () => Promise<T>): Promise<T> {
    this.#effects++;
    try {
      return await call();
    } finally {
      this.#effects--;
      if (this.#effects === 0 && this.#due) this.#leave(this.#due);
    }
  }

  async append(event: StepEvent, label?: NewLabel): Promise<void> {
    if (this.#over) await never;
    await this.parts.journal.append(this.record.number, { ...event, elapsed: Math.round(this.elapsed) }, label);
    if (label) this.parts.policy.nudge();
  }

  /** Ends the run with an outcome; the caller's step never settles. */
  halt(outcome: RunOutcome): Promise<never> {
    return this.#abandon({ kind: "ended", outcome });
  }

  /** Notes that this step waits for a person. The run is parked once no other step is under way. */
  park(path: string): Promise<never> {
    return this.#hang(this.#parked, path);
  }

  /** Notes that this step sleeps so long. Other steps go on first, as beside one that waits. */
  sleepUntil(wakes: number): Promise<never> {
    return this.#hang(this.#wakes, wakes);
  }

  /** A replay came to a step that the journal does not hold: it was under way when the run ended, or is new. */
  missing(path: string): Promise<never> {
    return this.#hang(this.#missing, path);
  }

  #hang<T>(list: T[], entry: T): Promise<never> {
    list.push(entry);
    // The step is about to hang for ever, so it is no longer under way.
    this.#rest();
    this.#leaveWhenIdle();
    return never;
  }

  #leaveWhenIdle(): void {
    if (this.#active > 0 || this.#parked.length + this.#wakes.length + this.#missing.length === 0) return;
    // The author's code may start its next step in the microtasks before this.
    setImmediate(() => {
      if (this.#active === 0) this.#leave(this.#hungEnd());
    });
  }

  #hungEnd(): RunEnd {
    const missing = this.#missing[0];
    if (missing !== undefined) {
      const { outcome } = this.record;
      if (outcome?.kind === "limit" && (outcome.path === "" || this.#paths.has(outcome.path))) {
        return { kind: "ended", outcome };
      }
      if (!this.#over) this.divergedAt = missing;
      return { kind: "stopped", error: null };
    }
    const paths = this.#parked;
    return this.#wakes.length > 0
      ? { kind: "sleeping", wakes: Math.min(...this.#wakes), paths }
      : { kind: "waiting", paths };
  }

  #abandon(end: RunEnd): Promise<never> {
    this.#leave(end);
    return never;
  }

  #leave(end: RunEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#resolve(end);
  }

  #timeIsUp(): void {
    const { seconds } = this.loop.limits;
    const path = [...this.#paths].at(-1) ?? "";
    const end: RunEnd = { kind: "ended", outcome: { kind: "limit", limit: "seconds", allowed: seconds, path } };
    if (this.#effects > 0) this.#due = end;
    else this.#leave(end);
  }

  // -- time and money

  context(
    suggestion: DecideContext["suggestion"],
    repair: Repair | null,
    learned: DecideContext["learned"],
  ): DecideContext {
    const run = this;
    return {
      get signal(): AbortSignal {
        return run.signal;
      },
      run: this.record.id,
      item: this.item,
      suggestion,
      repair,
      ...(learned && { learned }),
    };
  }

  /** Aborts when the run is over. Made when first asked for: most steps never look. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#over) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** Sets the rung's largest price aside before it is asked, so that no limit is passed even side by side. */
  reserve(rung: Rung): "reserved" | "unpriced" | "too dear" | "day spent" | "reviewers spent" {
    const { spend } = this.loop.limits;
    const { budget, unpriced, reviewers, minutesPerAnswer } = this.parts;
    if (rung.mostCost === null && unpriced === "refuse" && (spend !== null || budget)) return "unpriced";
    const most = rung.mostCost ?? 0;
    if (spend !== null && most > 0 && this.#spent + this.#reserved + most > spend) return "too dear";
    const booking = budget?.reserve(most);
    if (booking === null) return "day spent";
    if (rung.name === "person" && reviewers && !reviewers.reserve(minutesPerAnswer)) return "reviewers spent";
    if (booking) this.#booked.set(rung, [...(this.#booked.get(rung) ?? []), booking]);
    this.#reserved += most;
    return "reserved";
  }

  /** Ends a reservation with what the try counts as. */
  unreserve(rung: Rung, charge: number): void {
    this.#reserved -= rung.mostCost ?? 0;
    this.#booked.get(rung)?.shift()?.settle(charge);
  }

  spent(charge: number): void {
    this.#spent += charge;
  }

  get spend(): Judged["spend"] {
    return { allowed: this.loop.limits.spend, spent: this.#spent, unpriced: this.parts.unpriced };
  }
}

/** The end of a run that returned. What it returned is kept, and handed on, as JSON. */
function ended(output: unknown): RunEnd {
  try {
    return { kind: "ended", outcome: { kind: "done", output: toJson(output) } };
  } catch (thrown) {
    return failed("loop", "E_OUTPUT", `what the loop returned is not JSON: ${messageOf(thrown)}`);
  }
}

function failed(who: "usage" | "model" | "tool" | "storage" | "loop", code: string, message: string): RunEnd {
  return { kind: "ended", outcome: { kind: "failed", who, code, message } };
}

function whoMustAct(thrown: unknown): "usage" | "model" | "tool" | "storage" | "loop" {
  if (thrown instanceof UsageError) return "usage";
  if (thrown instanceof ModelError) return "model";
  if (thrown instanceof ToolError) return "tool";
  if (thrown instanceof StorageError) return "storage";
  return "loop";
}

function asStorageError(thrown: unknown): StorageError {
  return thrown instanceof StorageError
    ? thrown
    : new StorageError("E_JOURNAL", `the journal could not be written: ${messageOf(thrown)}`, { cause: thrown });
}
