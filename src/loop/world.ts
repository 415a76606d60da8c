/** Time and chance, reached through the journal so that a replay meets the same. */

import { UsageError } from "../core/errors.ts";
import { never } from "./never.ts";
import type { Run } from "./run.ts";

/** Sleeps up to this long keep their place in the process; longer ones give the run back. */
const longestStay = 5_000;

export function drawStep(run: Run, path: string, kind: "now" | "random"): Promise<number> {
  return run.busy(async () => {
    if (!run.enter(path)) return never;
    const past = run.past.values.get(path);
    if (past?.kind === kind) return past.value;
    if (run.isReplay) return run.missing(path);
    const value = kind === "now" ? run.parts.now() : run.parts.random();
    await run.append({ type: "value_drawn", path, kind, value });
    return value;
  });
}

export function sleepStep(run: Run, path: string, seconds: number): Promise<void> {
  return run.busy(async () => {
    if (!(seconds >= 0 && Number.isFinite(seconds))) {
      throw new UsageError("E_SLEEP", `step ${path}: a sleep takes a number of seconds, 0 or more`, { value: seconds });
    }
    if (!run.enter(path)) return never;
    let until = run.past.sleeps.get(path);
    if (until === undefined) {
      if (run.isReplay) return run.missing(path);
      until = run.parts.now() + seconds * 1000;
      await run.append({ type: "sleep_started", path, until });
    }
    if (run.isReplay) {
      const { status, wakes } = run.record;
      return status === "sleeping" && until >= (wakes ?? 0) ? run.sleepUntil(until) : undefined;
    }
    const left = until - run.parts.now();
    if (left > longestStay) return run.sleepUntil(until);
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  });
}
