/** A run, taken as far as it goes now: what a batch and a review both do with a run that they have taken. */

import type { Taken } from "../journal/journal.ts";
import type { Loop } from "./loop.ts";
import { type Parts, type RunEnd, runItem } from "./run.ts";

/** Runs it until it ends, sleeps, stops or really waits for a person. Does not reject, unless `journal.take` does. */
export async function runOn(loop: Loop, taken: Extract<Taken, { kind: "taken" }>, parts: Parts): Promise<RunEnd> {
  const { journal } = parts;
  const { number } = taken.run;
  let end = await runItem(loop, taken, parts);
  // Somebody may have answered between a question and the parking of the run; nobody else would take it up.
  while (end.kind !== "ended" && end.kind !== "stopped" && journal.run(number)?.status === "ready") {
    const again = await journal.take(number);
    if (again.kind !== "taken") break;
    end = await runItem(loop, again, parts);
  }
  return end;
}
