/** Everything that can happen in a run. One closed union, written once, read by all who report. */

import type { Attempt, Basis, Origin } from "./answer.ts";
import type { Json } from "./json.ts";
import type { JournaledOutcome } from "./outcome.ts";
import type { QuestionRecord, Verb } from "./question.ts";

export type LimitName = "steps" | "seconds" | "spend";

/** How a run can end. `waiting` is not an end: a run that waits has no outcome. */
export type RunOutcome =
  | { readonly kind: "done"; readonly output: Json }
  | { readonly kind: "limit"; readonly limit: LimitName; readonly allowed: number; readonly path: string }
  | {
      readonly kind: "failed";
      readonly who: "usage" | "model" | "tool" | "storage" | "loop";
      readonly code: string;
      readonly message: string;
    };

export interface StepAnswered {
  readonly type: "step_answered";
  readonly path: string;
  readonly verb: Verb;
  /** Version of the question. */
  readonly question: string;
  /** The raw value, before the author's schema parses it. */
  readonly value: Json;
  readonly confidence: number | null;
  readonly basis: Basis;
  readonly rung: string;
  readonly origin?: Origin;
  /** Largest share of wrong answers that the author asked for; no promise is made about it yet. */
  readonly risk: number | null;
  readonly trail: readonly Attempt[];
  readonly milliseconds: number;
  /** Set where a cache may serve this answer again: hash of question version and item text. */
  readonly cacheKey?: string;
}

export interface StepWaiting {
  readonly type: "step_waiting";
  readonly path: string;
  readonly question: QuestionRecord;
  readonly risk: number | null;
  readonly trail: readonly Attempt[];
  readonly cacheKey?: string;
}

/** A person's answer to a waiting step; the first one counts. */
export interface PersonAnswered {
  readonly type: "person_answered";
  readonly path: string;
  readonly value: Json;
  readonly by: string;
}

/** Written before a tool that changes the world is called, so that an interrupted call is known. */
export interface ToolStarted {
  readonly type: "tool_started";
  readonly path: string;
  readonly tool: string;
  readonly args: Json;
  readonly key: string;
}

export interface ToolCalled {
  readonly type: "tool_called";
  readonly path: string;
  readonly tool: string;
  readonly args: Json;
  readonly outcome: JournaledOutcome;
  readonly milliseconds: number;
}

export interface ValueDrawn {
  readonly type: "value_drawn";
  readonly path: string;
  readonly kind: "now" | "random";
  readonly value: number;
}

export interface SleepStarted {
  readonly type: "sleep_started";
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

export interface RunEnded {
  readonly type: "run_ended";
  readonly outcome: RunOutcome;
  readonly milliseconds: number;
}

export type StepEvent =
  | StepAnswered
  | StepWaiting
  | PersonAnswered
  | ToolStarted
  | ToolCalled
  | ValueDrawn
  | SleepStarted;
export type Event = StepEvent | RunEnded;
