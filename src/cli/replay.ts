/** The same run again, out of the journal alone. */

import { UsageError } from "../core/errors.ts";
import type { Event, RunOutcome, StepWaiting } from "../core/event.ts";
import { canonicalJson } from "../core/json.ts";
import { unanswered } from "../journal/fold.ts";
import type { RunRecord } from "../journal/journal.ts";
import { type RunEnd, replayRun } from "../loop/run.ts";
import { type ExitCode, log, print, printJson } from "./command.ts";
import { findRun } from "./find-run.ts";
import { loadLoop, shortPath } from "./load.ts";
import { endLine } from "./receipt-text.ts";
import { loopFileOf, openSession } from "./session.ts";

/** What `pawl replay` takes. */
export interface ReplayOptions {
  readonly item?: true;
  readonly journal?: string;
  readonly config?: string;
  readonly json?: true;
}

/** Replays a run and says whether it comes to the same end. Returns the exit code. */
export async function replay(
  reference: string,
  loopFile: string | undefined,
  options: ReplayOptions,
): Promise<ExitCode> {
  const session = await openSession({ ...options, existing: true });
  try {
    const { run, note } = findRun(session.journal, reference, options.item);
    if (note !== null) log(note);
    const from = loopFile ?? loopFileOf(session.journal, run.loop);
    if (from === undefined) {
      const message = `the journal does not know the file of the loop ${run.loop}: pawl replay ${reference} FILE`;
      throw new UsageError("E_NO_LOOP", message, { value: run.loop });
    }
    const { loop } = await loadLoop(from);
    if (loop.name !== run.loop) {
      const message = `${shortPath(from)} is the loop ${loop.name}; run ${run.number} is of ${run.loop}`;
      throw new UsageError("E_NO_LOOP", message, { value: from });
    }
    const events = session.journal.events(run.number);
    const end = await replayRun(loop, run, events, session.parts);
    const same = isSame(run, events, end);
    const versions = { run: run.version, loop: loop.version };
    if (options.json) {
      const divergedAt = end.kind === "diverged" ? end.path : null;
      printJson({
        run: run.number,
        id: run.id,
        loop: run.loop,
        versions,
        same,
        divergedAt,
        end,
        was: run.outcome ?? run.status,
      });
    } else {
      if (versions.run !== versions.loop) {
        log(`the loop has changed: the run is of version ${versions.run}, the file is ${versions.loop}`);
      }
      print(`same outcome: ${same ? "yes" : "no"}`);
      print(`  then: ${endLine(run.status, run.outcome)}`);
      print(`  now:  ${nowLine(end)}`);
    }
    return same ? 0 : 1;
  } finally {
    await session.close();
  }
}

type Replayed = RunEnd | { readonly kind: "diverged"; readonly path: string };

/** Whether a replay left the loop where the record has it. */
export function isSame(run: RunRecord, events: readonly Event[], end: Replayed): boolean {
  switch (end.kind) {
    case "ended":
      return run.outcome !== null && spelt(run.outcome) === spelt(end.outcome);
    case "waiting":
      return run.outcome === null && isSamePaths(end.paths, unanswered(events));
    case "sleeping":
      return run.status === "sleeping";
    case "diverged":
      // A run that was stopped half-way has no more than this on record; one that waits or sleeps has it all.
      return run.status === "ready" || run.status === "running";
    case "stopped":
      return false;
  }
}

function isSamePaths(now: readonly string[], then: readonly StepWaiting[]): boolean {
  const paths = new Set(now);
  return paths.size === then.length && then.every(({ path }) => paths.has(path));
}

/** What must be equal: not the wording of an error, which may quote a path or a time. */
function spelt(outcome: RunOutcome): string {
  return canonicalJson(outcome.kind === "failed" ? { ...outcome, message: "" } : outcome);
}

function nowLine(end: Replayed): string {
  switch (end.kind) {
    case "ended":
      return endLine("", end.outcome);
    case "waiting":
      return `waits for a person at ${end.paths.join(", ")}`;
    case "diverged":
      return `comes to the step ${end.path}, which is not on record`;
    case "sleeping":
      return `sleeps until ${new Date(end.wakes).toISOString()}`;
    case "stopped":
      return "stopped";
  }
}
