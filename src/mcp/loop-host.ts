/** What a server of loops needs from whoever has the journal: runs, their results, their receipts. */

import type { RunOutcome } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import type { Effect } from "../core/question.ts";
import type { Loop } from "../loop/loop.ts";

/** A loop that is offered. */
export interface ServedLoop {
  readonly loop: Loop;
  /** Effects of all tools that it may call; `null` where nobody has said. */
  readonly effects: readonly Effect[] | null;
}

/** A question of a run that waits for a person. */
export interface OpenQuestion {
  readonly path: string;
  readonly ask: string;
}

/** How a run stands. */
export type RunReport = {
  /** The run's id, for `pawl_result`, `pawl_explain` and `pawl review`. */
  readonly run: string;
  /** The version of the loop that it is a run of. */
  readonly version: string;
} & (
  | { readonly status: "ended"; readonly outcome: RunOutcome }
  | { readonly status: "waiting"; readonly questions: readonly OpenQuestion[] }
  /** `wakes`: milliseconds since the epoch. */
  | { readonly status: "sleeping"; readonly wakes: number }
  /** Under way here or elsewhere. */
  | { readonly status: "running" }
  /** Unfinished, and nobody is at it: the same call again goes on with it. */
  | { readonly status: "unfinished" }
  /** Unfinished, in another version of the loop: it is left alone. */
  | { readonly status: "held" }
);

export interface RunWatch {
  /** Aborted: the run is given back unfinished; the same call again goes on with it. */
  readonly signal: AbortSignal;
  /** After each step that is on record: how many this call has seen, and a line about it. */
  readonly onStep: (steps: number, line: string) => void;
}

export interface Receipts {
  readonly text: string;
  readonly receipt: object;
}

export interface LoopHost {
  readonly loops: readonly ServedLoop[];
  /** Runs an item, or goes on with its run. Throws `UsageError` `E_INPUT`, `StorageError`, `ModelError`. */
  run(loop: Loop, input: { readonly [field: string]: Json | undefined }, watch: RunWatch): Promise<RunReport>;
  /** Throws `UsageError` `E_NO_RUN`, also for runs of loops that are not offered. */
  report(run: string): RunReport;
  explain(run: string): Receipts;
}
