/** What to do with an item, given the runs of it that the journal knows. */

import { shadowOf } from "../core/shadow.ts";
import type { Journal, RunIdentity, RunRecord } from "../journal/journal.ts";

/**
 * What happens to runs of another version of the loop.
 * `hold`: finished ones stay as they are, unfinished ones are left alone · `continue`: unfinished ones go on under
 * this version, their steps matched by name · `restart`: unfinished ones are left behind and their items begun anew ·
 * `redo`: so are finished ones.
 */
export type Changed = "hold" | "continue" | "restart" | "redo";

export const changedWays: readonly Changed[] = ["hold", "continue", "restart", "redo"];

export type Plan =
  /** Find or make the run of this version; `instead` is the run of another version that it replaces. */
  | { readonly kind: "begin"; readonly instead: RunRecord | null; readonly otherContent: boolean }
  /** Go on with this run of another version. */
  | { readonly kind: "continue"; readonly run: RunRecord }
  /** Another version finished this item. */
  | { readonly kind: "keep"; readonly run: RunRecord }
  | { readonly kind: "hold"; readonly run: RunRecord };

/** Decides by the newest run of the same content. A run of this version always goes before. */
export function planItem(journal: Journal, identity: RunIdentity, changed: Changed): Plan {
  // A shadow run is no run of the item: it neither stands for a real one nor is kept instead of it.
  const isAlike = ({ version }: RunRecord): boolean => shadowOf(version) === shadowOf(identity.version);
  const relatives = journal.relatives(identity);
  const otherVersion = relatives.otherVersion.filter(isAlike);
  const otherContent = relatives.otherContent.filter(isAlike);
  const begin = { kind: "begin", instead: null, otherContent: otherContent.length > 0 } as const;
  const newest = otherVersion.toSorted((a, b) => a.number - b.number).at(-1);
  if (!newest || hasOwn(journal, identity)) return begin;
  if (newest.outcome !== null)
    return changed === "redo" ? { ...begin, instead: newest } : { kind: "keep", run: newest };
  switch (changed) {
    case "hold":
      return { kind: "hold", run: newest };
    case "continue":
      return { kind: "continue", run: newest };
    case "restart":
    case "redo":
      return { ...begin, instead: newest };
  }
}

function hasOwn(journal: Journal, { loop, item, content, version }: RunIdentity): boolean {
  for (const run of journal.runs({ loop, item })) {
    if (run.content === content && run.version === version) return true;
  }
  return false;
}
