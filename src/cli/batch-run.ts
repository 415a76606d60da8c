/** A batch under the eyes of a person: progress, Ctrl-C, the seconds it took. */

import { type BatchOptions, runBatch } from "../batch/batch.ts";
import { type Counts, isComplete, noCounts, settledRows } from "../batch/counts.ts";
import { counted } from "../batch/figures.ts";
import { Progress } from "../batch/progress.ts";
import type { ExitCode } from "./command.ts";
import type { Interrupts } from "./interrupts.ts";
import { type RunningSession, rememberRungs } from "./session.ts";
import { cleanStyled } from "./text.ts";

export interface BatchRunOptions
  extends Pick<
    BatchOptions,
    "loop" | "rows" | "batch" | "identify" | "read" | "concurrency" | "limit" | "changed" | "onProgress"
  > {
  readonly session: RunningSession;
  readonly interrupts: Interrupts;
  /** Records of the data, where known. */
  readonly total: number | null;
  /** Bytes of the data, from which the total is estimated where it is not known. */
  readonly totalBytes: number | null;
  readonly quiet: boolean;
  /** The command that goes on after an interrupt. */
  readonly again: string;
  /** The session's messages come here while the batch runs. */
  readonly onProgressReady?: (say: (line: string) => void) => void;
}

export interface BatchRun {
  readonly counts: Counts;
  /** The data was read to its end, or to the limit. */
  readonly complete: boolean;
  readonly interrupted: boolean;
  readonly seconds: number;
}

/** Runs the batch and shows how far it is. The session's parts must be open. Throws as `runBatch` does. */
export async function runWithProgress(options: BatchRunOptions): Promise<BatchRun> {
  const { session, interrupts, total, totalBytes, quiet, again } = options;
  const counts = noCounts();
  const durable = session.journalFile !== null;
  const progress = new Progress({
    stream: process.stderr,
    total,
    totalBytes,
    currency: session.currency,
    durable,
    quiet,
  });
  options.onProgressReady?.((line) => progress.say(cleanStyled(line)));
  rememberRungs(session);
  interrupts.listen((signal) => {
    const inFlight = counts.rows - settledRows(counts);
    if (signal === "second") return progress.say("stopping at once: unfinished runs are given back");
    progress.draining();
    const resumes = durable ? `the same command resumes: ${again}` : "nothing of a dry run is kept";
    progress.say(`draining ${counted(inFlight, "run")} (Ctrl-C again stops at once); ${resumes}`);
  });
  const started = performance.now();
  progress.start(counts);
  try {
    const { complete } = await runBatch({
      ...options,
      counts,
      parts: session.parts,
      isLocal: (rung) => session.isLocal(rung),
      drain: interrupts.drain,
    });
    const seconds = (performance.now() - started) / 1000;
    return { counts, complete, interrupted: interrupts.drain.aborted && !complete, seconds };
  } finally {
    progress.stop();
  }
}

/** Rungs that failed whenever this command asked them: the backend is unhealthy. */
export function brokenRungs(counts: Counts): readonly { readonly name: string; readonly trouble: string | null }[] {
  return Object.entries(counts.rungsNow)
    .filter(([, { asked, broken }]) => asked > 0 && broken === asked)
    .map(([name, { trouble }]) => ({ name, trouble }));
}

export function exitCodeOf({ counts, interrupted }: BatchRun): ExitCode {
  if (interrupted) return 130;
  if (brokenRungs(counts).length > 0) return 5;
  const isDaySpent = Object.values(counts.rungsNow).some(({ skipped }) => (skipped["day spent"] ?? 0) > 0);
  if (counts.spendLimit > 0 || isDaySpent) return 4;
  return isComplete(counts) ? 0 : 3;
}
