/** What becomes of a question for which nobody above has budget left. Never that it stands below its threshold. */

import type { Json } from "../core/json.ts";
import { noUsage } from "../core/usage.ts";
import { fallback } from "../rung/rules.ts";
import type { Rung } from "../rung/rung.ts";

/**
 * `queue`: it waits for a person, however long their list is. `block`: its run sleeps until the next day (UTC).
 * `{ default }`: this raw answer is given, without any confidence, where the question knows it; elsewhere it waits.
 */
export type Overflow = "queue" | "block" | { readonly default: Json };

/** The safe answer as a rung that says why it was asked. */
export function overflowRung(value: Json, why: string): Rung {
  return {
    ...fallback(value),
    name: "overflow",
    decide: () => ({
      kind: "answered",
      value,
      confidence: null,
      basis: "none",
      evidence: { note: `the safe answer: ${why}` },
      usage: noUsage,
    }),
  };
}

/** When budgets are fresh again: the next day in UTC, in milliseconds since the epoch. */
export function nextDay(now: number): number {
  const day = 86_400_000;
  return (Math.floor(now / day) + 1) * day;
}
