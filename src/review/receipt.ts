/** The receipt of a run: its events as a tree of steps, with the reason of each in a sentence made by code. */

import type { Attempt, Origin, Promised, StandingRecord } from "../core/answer.ts";
import type { Event, RunOutcome, StepAnswered, StepWaiting, ToolCalled } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import type { QuestionRecord, Verb } from "../core/question.ts";
import type { RunRecord, RunStatus } from "../journal/journal.ts";
import { promisedBy } from "../loop/ladder.ts";
import { askedReason, calledReason, drawnReason, sleptReason, startedReason } from "./sentence.ts";

/** A question of a run, as it stands. */
export interface AskedReceipt {
  readonly verb: Verb;
  /** The rungs that were asked, lowest first, each with the gate's checklist. */
  readonly trail: readonly Attempt[];
  /** What stands; absent while it waits. */
  readonly value?: Json;
  readonly confidence: number | null;
  /** The rung that gave it; `null` while it waits. */
  readonly rung: string | null;
  /** Where a cached answer first came from. */
  readonly origin: Origin | null;
  /** The person who answered. */
  readonly by: string | null;
  /** Share of wrong answers that the author asked for, and what is promised about it. */
  readonly risk: { readonly asked: number | null; readonly promised: Promised };
  /** The certificate it stood under and its coin; `null` where nothing is promised. */
  readonly standing: StandingRecord | null;
  /** Milliseconds up the ladder; `null` where a person's answer took its own time. */
  readonly milliseconds: number | null;
  /** In words, kept only of questions that went to a person. */
  readonly question: QuestionRecord | null;
  readonly reason: string;
}

export interface CalledReceipt {
  readonly tool: string;
  readonly args: Json;
  /** The key under which the world was changed, or `null` where a tool only reads or was refused. */
  readonly key: string | null;
  /** `null`: begun, and not known to have ended. */
  readonly outcome: ToolCalled["outcome"] | null;
  readonly milliseconds: number | null;
  readonly reason: string;
}

/** A value drawn or a sleep. */
export interface OtherReceipt {
  readonly kind: "now" | "random" | "sleep";
  readonly value: number;
  readonly reason: string;
}

/** A step, and the steps whose paths start with its own. */
export interface StepReceipt {
  /** The last part of the path. */
  readonly name: string;
  readonly path: string;
  asked: AskedReceipt | null;
  called: CalledReceipt | null;
  other: OtherReceipt | null;
  readonly steps: StepReceipt[];
}

export interface Receipt {
  readonly run: { readonly number: number; readonly id: string };
  readonly loop: { readonly name: string; readonly version: string };
  readonly item: { readonly id: string; readonly content: string };
  readonly input: Json;
  readonly status: RunStatus;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly outcome: RunOutcome | null;
  /** Spent in steps, waiting for people not counted; `null` before the end. */
  readonly milliseconds: number | null;
  readonly steps: readonly StepReceipt[];
}

/** Folds a run's events into its receipt. */
export function receiptOf(run: RunRecord, events: readonly Event[]): Receipt {
  const root: StepReceipt = { name: "", path: "", asked: null, called: null, other: null, steps: [] };
  const waiting = new Map<string, StepWaiting>();
  /** Of steps that awaited a rung, and went on from there: who had been asked before. */
  const earlier = new Map<string, readonly Attempt[]>();
  const keys = new Map<string, string>();
  let milliseconds: number | null = null;
  for (const event of events) {
    if (event.type === "run_ended") {
      milliseconds = event.milliseconds;
      continue;
    }
    const step = stepAt(root, event.path);
    switch (event.type) {
      case "step_answered":
        step.asked = answered(withEarlier(event, earlier));
        break;
      case "step_waiting": {
        const whole = withEarlier(event, earlier);
        waiting.set(event.path, whole);
        step.asked = asked(whole, null);
        break;
      }
      case "person_answered": {
        const question = waiting.get(event.path);
        if (question) step.asked = asked(question, event);
        break;
      }
      case "step_reopened":
        earlier.set(event.path, waiting.get(event.path)?.trail ?? []);
        break;
      case "tool_started":
        keys.set(event.path, event.key);
        step.called = {
          tool: event.tool,
          args: event.args,
          key: event.key,
          outcome: null,
          milliseconds: null,
          reason: startedReason(event),
        };
        break;
      case "tool_called": {
        const { tool, args, outcome } = event;
        const key = keys.get(event.path) ?? null;
        step.called = { tool, args, key, outcome, milliseconds: event.milliseconds, reason: calledReason(event, key) };
        break;
      }
      case "value_drawn":
        step.other = { kind: event.kind, value: event.value, reason: drawnReason(event) };
        break;
      case "sleep_started":
        step.other = { kind: "sleep", value: event.until, reason: sleptReason(event) };
        break;
    }
  }
  return {
    run: { number: run.number, id: run.id },
    loop: { name: run.loop, version: run.version },
    item: { id: run.item, content: run.content },
    input: run.input,
    status: run.status,
    started: run.started,
    outcome: run.outcome,
    milliseconds,
    steps: root.steps,
  };
}

/** The whole way up, without the wait on it. */
function withEarlier<E extends StepAnswered | StepWaiting>(
  event: E,
  earlier: ReadonlyMap<string, readonly Attempt[]>,
): E {
  const before = earlier.get(event.path)?.filter(({ kind }) => kind !== "waiting");
  return before ? { ...event, trail: [...before, ...event.trail] } : event;
}

const noPromise: Promised = { kind: "no promise yet" };

function answered(event: StepAnswered): AskedReceipt {
  return {
    verb: event.verb,
    trail: event.trail,
    value: event.value,
    confidence: event.confidence,
    rung: event.rung,
    origin: event.origin ?? null,
    by: null,
    risk: { asked: event.risk, promised: event.standing ? promisedBy(event.standing) : noPromise },
    standing: event.standing ?? null,
    milliseconds: event.milliseconds,
    question: null,
    reason: askedReason({ ...event, by: null }),
  };
}

function asked(event: StepWaiting, answer: { readonly value: Json; readonly by: string } | null): AskedReceipt {
  return {
    verb: event.question.verb,
    trail: event.trail,
    ...(answer && { value: answer.value }),
    confidence: null,
    rung: answer ? "person" : null,
    origin: null,
    by: answer?.by ?? null,
    risk: { asked: event.risk, promised: noPromise },
    standing: null,
    milliseconds: null,
    question: event.question,
    reason: askedReason({
      trail: event.trail,
      rung: answer ? "person" : null,
      ...answer,
      by: answer?.by ?? null,
      awaits: event.awaits,
    }),
  };
}

/** The step of that path, made with those above it if need be. */
function stepAt(root: StepReceipt, path: string): StepReceipt {
  let step = root;
  for (const name of path.split("/")) {
    let next = step.steps.find((below) => below.name === name);
    if (!next) {
      const own = step === root ? name : `${step.path}/${name}`;
      next = { name, path: own, asked: null, called: null, other: null, steps: [] };
      step.steps.push(next);
    }
    step = next;
  }
  return step;
}
