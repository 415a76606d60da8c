/** Finds the run that somebody means: by its number, its id, or the id of its item. */

import { UsageError } from "../core/errors.ts";
import type { Journal, RunRecord } from "../journal/journal.ts";

export interface FoundRun {
  readonly run: RunRecord;
  /** What else it could have meant, in words; `null` where it was clear. */
  readonly note: string | null;
}

/** Throws a `UsageError` `E_NO_RUN`. `asItem`: it is an item's id, even if it looks like a number. */
export function findRun(journal: Journal, reference: string, asItem = false): FoundRun {
  const number = asItem ? null : numberIn(journal, reference);
  const byNumber = number === null ? undefined : journal.run(number);
  const items = [...journal.runs({ item: reference })];
  const newest = items.at(-1);
  if (byNumber) {
    const note =
      newest && newest.number !== byNumber.number
        ? `"${reference}" is also an item, of run ${newest.number}: --item means that one`
        : null;
    return { run: byNumber, note };
  }
  if (!newest) {
    const what = asItem ? `no item "${reference}"` : `no run and no item "${reference}"`;
    throw new UsageError("E_NO_RUN", `the journal has ${what}`, { value: reference });
  }
  const others = items.slice(0, -1).map((run) => run.number);
  const note =
    others.length === 0
      ? null
      : `"${reference}" has ${items.length} runs; this is the newest, the others are ${others.slice(-10).join(", ")}`;
  return { run: newest, note };
}

/** `17`, or the number in `k3x9a2b1-17` where that is this journal's id. */
function numberIn(journal: Journal, reference: string): number | null {
  const text = reference.startsWith(`${journal.id}-`) ? reference.slice(journal.id.length + 1) : reference;
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
