/** Runs of loops for an MCP server: one item at a time, on the journal, as `pawl run` would. */

import { planItem } from "../batch/plan.ts";
import { UsageError } from "../core/errors.ts";
import type { Event } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import { parse } from "../core/schema.ts";
import { identifier } from "../data/identity.ts";
import type { Journal, RunIdentity, RunRecord } from "../journal/journal.ts";
import type { Loop } from "../loop/loop.ts";
import type { Parts } from "../loop/run.ts";
import { runOn } from "../loop/run-on.ts";
import type { LoopHost, Receipts, RunReport, RunWatch, ServedLoop } from "../mcp/loop-host.ts";
import { receiptOf } from "../review/receipt.ts";
import { waitingQuestions } from "../review/waiting.ts";
import { findRun } from "./find-run.ts";
import { Places } from "./mcp-places.ts";
import { receiptLines } from "./receipt-text.ts";
import type { RunningSession } from "./session.ts";

type HostSession = Pick<RunningSession, "journal" | "parts">;

export interface JournalHostOptions {
  readonly session: HostSession;
  readonly loops: readonly ServedLoop[];
  /** Most runs at work at once; others wait. */
  readonly concurrency: number;
  /** Opens the rungs; asked before each run, and once is enough. */
  readonly opened: () => Promise<void>;
}

export class JournalHost implements LoopHost {
  readonly loops: readonly ServedLoop[];
  readonly #session: HostSession;
  readonly #places: Places;
  readonly #opened: () => Promise<void>;
  readonly #working = new Set<Promise<RunReport>>();

  constructor({ session, loops, concurrency, opened }: JournalHostOptions) {
    this.loops = loops;
    this.#session = session;
    this.#places = new Places(concurrency);
    this.#opened = opened;
  }

  run(loop: Loop, input: { readonly [field: string]: Json | undefined }, watch: RunWatch): Promise<RunReport> {
    const work = this.#run(loop, input, watch);
    this.#working.add(work);
    const done = (): boolean => this.#working.delete(work);
    work.then(done, done);
    return work;
  }

  /** Resolves once no run is under way. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.allSettled([...this.#working]);
  }

  report(reference: string): RunReport {
    return this.#reportOf(this.#find(reference));
  }

  explain(reference: string): Receipts {
    const run = this.#find(reference);
    const receipt = receiptOf(run, this.#session.journal.events(run.number));
    return { text: receiptLines(receipt).join("\n"), receipt };
  }

  async #run(
    loop: Loop,
    input: { readonly [field: string]: Json | undefined },
    { signal, onStep }: RunWatch,
  ): Promise<RunReport> {
    const { journal } = this.#session;
    const identity = await identityOf(loop, input);
    const plan = planItem(journal, identity, "hold");
    if (plan.kind === "keep") return this.#reportOf(plan.run);
    if (plan.kind === "hold") return { ...idOf(plan.run), status: "held" };
    return this.#places.within(signal, async () => {
      await this.#opened();
      const taken = await journal.begin({ ...identity, input: input as Json });
      if (taken.kind === "settled") return this.#reportOf(taken.run);
      if (taken.kind === "busy") return { ...idOf(taken.run), status: "running" };
      const { number } = taken.run;
      const end = await runOn(loop, taken, {
        ...this.#session.parts,
        stop: AbortSignal.any([this.#session.parts.stop, signal]),
        journal: watched(journal, number, onStep),
      } satisfies Parts);
      if (end.kind === "stopped" && end.error) throw end.error;
      return this.#reportOf(journal.run(number)!);
    });
  }

  /** Only runs of loops that are offered: the journal may hold others, which are none of the client's business. */
  #find(reference: string): RunRecord {
    const { journal } = this.#session;
    const id = /^[a-z0-9]{8}-\d{1,15}$/.test(reference) && reference.startsWith(`${journal.id}-`);
    const run = id ? findRun(journal, reference).run : undefined;
    if (run && this.loops.some(({ loop }) => loop.name === run.loop)) return run;
    throw new UsageError("E_NO_RUN", `there is no run ${reference.slice(0, 60)} of these loops`, { value: reference });
  }

  #reportOf(run: RunRecord): RunReport {
    const { status, outcome, wakes } = run;
    const about = idOf(run);
    if (outcome !== null) return { ...about, status: "ended", outcome };
    if (status === "running") return { ...about, status };
    if (status === "sleeping" && wakes !== null) return { ...about, status, wakes };
    if (status !== "waiting") return { ...about, status: "unfinished" };
    const open = [...waitingQuestions(this.#session.journal, run.loop)].filter((one) => one.run.number === run.number);
    const questions = open.map(({ path, question }) => ({ path, ask: question.ask }));
    return { ...about, status, questions };
  }
}

function idOf({ id, version }: RunRecord): { readonly run: string; readonly version: string } {
  return { run: id, version };
}

/** Known as a row of a file with these fields would be. */
async function identityOf(loop: Loop, input: { readonly [field: string]: Json | undefined }): Promise<RunIdentity> {
  const parsed = await parse(loop.input, input);
  if (!parsed.ok) {
    const { path, message } = parsed.issue;
    throw new UsageError("E_INPUT", `the item does not fit the loop's input${path && ` at ${path}`}: ${message}`);
  }
  const identity = identifier(input).identify(input);
  if (identity.kind === "unknown") throw new UsageError("E_INPUT", `the item has no id: ${identity.reason}`);
  return { loop: loop.name, version: loop.version, item: identity.item, content: identity.content };
}

/** The same journal, with somebody told of each step of one run once it is on record. */
function watched(journal: Journal, run: number, onStep: RunWatch["onStep"]): Journal {
  let steps = 0;
  const append: Journal["append"] = async (number, event, label) => {
    await journal.append(number, event, label);
    const line = number === run ? lineOf(event) : null;
    if (line !== null) onStep(++steps, line);
  };
  return new Proxy(journal, {
    get(target, key) {
      if (key === "append") return append;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A step in a few words; `null` for what is no step of its own. */
function lineOf(event: Event): string | null {
  switch (event.type) {
    case "step_answered":
      return `${event.path}: answered by ${event.rung}`;
    case "step_waiting":
      return `${event.path}: waits for a person`;
    case "tool_called":
      return `${event.path}: ${event.tool}, ${event.outcome.kind}`;
    case "sleep_started":
      return `${event.path}: sleeps`;
    default:
      return null;
  }
}
