/** Runs a loop over one item on a journal in memory, as a batch would: take, run, and again when there is news. */

import type { Config } from "../../src/config/config.ts";
import { makeParts, type OpenParts, type PartsOptions } from "../../src/config/parts.ts";
import type { Event, RunOutcome } from "../../src/core/event.ts";
import type { Json } from "../../src/core/json.ts";
import type { Journal, RunRecord } from "../../src/journal/journal.ts";
import { memoryJournal } from "../../src/journal/memory.ts";
import type { Loop } from "../../src/loop/loop.ts";
import { type RunEnd, replayRun, runItem } from "../../src/loop/run.ts";
import type { Rung } from "../../src/rung/rung.ts";

export interface Bench {
  readonly journal: Journal;
  readonly parts: OpenParts;
  /** The run as it stands in the journal. */
  readonly run: RunRecord;
  readonly events: readonly Event[];
  /** Takes the run and goes on with it; throws when it cannot be taken. */
  go(loop?: Loop): Promise<RunEnd>;
  answer(path: string, value: Json): Promise<boolean>;
  replay(loop?: Loop): Promise<Awaited<ReturnType<typeof replayRun>>>;
}

export interface BenchOptions extends PartsOptions {
  readonly journal?: Journal;
  readonly config?: Omit<Config, "ladder">;
  readonly input?: Json;
}

/** A run that has not begun. `ladder` without a person at its end gets one. */
export function bench(loop: Loop, ladder: readonly Rung[], options: BenchOptions = {}): Bench {
  const journal = options.journal ?? memoryJournal(options.now ? { now: options.now } : {});
  const parts = makeParts({ ...options.config, ladder }, journal, options);
  const identity = { loop: loop.name, version: "1", item: "item", content: "c", input: options.input ?? {} };
  const record = (): RunRecord => {
    for (const run of journal.runs({ loop: loop.name, item: "item" })) return run;
    throw new Error("the run has not begun");
  };
  return {
    journal,
    parts,
    get run() {
      return record();
    },
    get events() {
      return journal.events(record().number);
    },
    async go(changed = loop) {
      await parts.open();
      const taken = await journal.begin(identity);
      if (taken.kind !== "taken") throw new Error(`the run is ${taken.kind}: ${taken.run.status}`);
      return runItem(changed, taken, parts);
    },
    answer: (path, value) => journal.answer(record().number, { type: "person_answered", path, value, by: "ann" }),
    replay: (changed = loop) => replayRun(changed, record(), journal.events(record().number), parts),
  };
}

/** The outcome of a run that ended; throws when it did not. */
export function outcomeOf(end: RunEnd): RunOutcome {
  if (end.kind !== "ended") throw new Error(`the run has not ended: ${JSON.stringify(end)}`);
  return end.outcome;
}

/** What a run that is done put out. */
export function outputOf(end: RunEnd): Json {
  const outcome = outcomeOf(end);
  if (outcome.kind !== "done") throw new Error(`the run is not done: ${JSON.stringify(outcome)}`);
  return outcome.output;
}

/** Runs to the end, and replays, which must give the same. */
export async function outputAndReplay(started: Bench): Promise<Json> {
  const output = outputOf(await started.go());
  const again = await started.replay();
  if (again.kind === "diverged") throw new Error(`the replay diverged at ${again.path}`);
  if (JSON.stringify(outputOf(again)) !== JSON.stringify(output)) throw new Error("the replay gave another output");
  return output;
}
