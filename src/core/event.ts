/** Everything that can happen in a run. One closed union, written once, read by all who report. */

import type { Attempt, Basis, Origin, StandingRecord } from "./answer.ts";
import type { Json } from "./json.ts";
import type { LabelNote } from "./label.ts";
import type { JournaledOutcome } from "./outcome.ts";
import type { QuestionRecord, Verb } from "./question.ts";

/** What every step's event carries. */
export interface OnStep {
  readonly path: string;
  /** Milliseconds that the run had been at work by then, over all processes. */
  readonly elapsed?: number;
}

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

export interface StepAnswered extends OnStep {
  readonly type: "step_answered";
  readonly verb: Verb;
  /** Version of the question. */
  readonly question: string;
  /** The raw value, before the author's schema parses it. */
  readonly value: Json;
  readonly confidence: number | null;
  readonly basis: Basis;
  readonly rung: string;
  readonly origin?: Origin;
  /** Largest share of wrong answers that the author asked for. */
  readonly risk: number | null;
  /** What is promised about it, and whether the answer is audited; absent where nothing is. */
  readonly standing?: StandingRecord;
  readonly trail: readonly Attempt[];
  readonly milliseconds: number;
  /** Set where a cache may serve this answer again: hash of question version and item text. */
  readonly cacheKey?: string;
}

export interface StepWaiting extends OnStep {
  readonly type: "step_waiting";
  readonly question: QuestionRecord;
  readonly risk: number | null;
  readonly trail: readonly Attempt[];
  readonly cacheKey?: string;
  /** Set where the person's answer will be a label. */
  readonly label?: LabelNote;
  /** The rung that will have the answer by itself, later; absent where a person is asked. */
  readonly awaits?: string;
}

/** What a rung was awaited for is here, or will not come: the step goes on up its ladder, from that rung. */
export interface StepReopened extends OnStep {
  readonly type: "step_reopened";
  readonly rung: string;
}

/** What was tried, and paid, before the run's spend limit ended a step. */
export interface StepStopped extends OnStep {
  readonly type: "step_stopped";
  readonly trail: readonly Attempt[];
}

/** A person's answer to a waiting step; the first one counts. */
export interface PersonAnswered extends OnStep {
  readonly type: "person_answered";
  readonly value: Json;
  readonly by: string;
}

/** Written before a tool that changes the world is called, so that an interrupted call is known. */
export interface ToolStarted extends OnStep {
  readonly type: "tool_started";
  readonly tool: string;
  readonly args: Json;
  readonly key: string;
}

export interface ToolCalled extends OnStep {
  readonly type: "tool_called";
  readonly tool: string;
  readonly args: Json;
  readonly outcome: JournaledOutcome;
  readonly milliseconds: number;
}

export interface ValueDrawn extends OnStep {
  readonly type: "value_drawn";
  readonly kind: "now" | "random";
  readonly value: number;
}

export interface SleepStarted extends OnStep {
  readonly type: "sleep_started";
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
  | StepStopped
  | PersonAnswered
  | StepReopened
  | ToolStarted
  | ToolCalled
  | ValueDrawn
  | SleepStarted;
export type Event = StepEvent | RunEnded;
