/** A run of the gateway as its client may see it: each question's answer, and what it rests on. */

import type { Attempt, Basis, ServingState } from "../core/answer.ts";
import type { Event } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import { namedTool } from "../core/question.ts";
import type { RunRecord } from "../journal/journal.ts";
import { Past, type PastAnswer } from "../loop/past.ts";
import { posedBy } from "./posed.ts";
import { type GatewayInput, type GatewayRequest, pathOf, type StepPlan } from "./request.ts";

/**
 * What an answer stands on. `certified`: a certificate; `escalated`: one is in force, and whoever answered is not
 * covered by it: a rung above, or a rule; `uncertified`: one was asked for, and none was in force; `unpromised`: none was asked for; `waiting`:
 * a person is asked; `unanswered`: nobody knew.
 */
export type StandingName = "waiting" | "unanswered" | "uncertified" | "unpromised" | "escalated" | "certified";

/** The weakest first: a reply of several answers has the standing of the weakest. */
export const standingNames: readonly StandingName[] = [
  "waiting",
  "unanswered",
  "uncertified",
  "unpromised",
  "escalated",
  "certified",
];

/** One question of a request, as it stands. */
export interface Given {
  readonly id: string;
  readonly path: string;
  readonly standing: StandingName;
  /** The raw answer; `undefined` where there is none. The way out is none. */
  readonly value: Json | undefined;
  readonly rung: string | null;
  readonly basis: Basis;
  readonly confidence: number | null;
  /** What the rung read of each option; empty where it has no probabilities. */
  readonly read: readonly { readonly name: string; readonly p: number }[];
  /** What is promised; `null` where nothing is. */
  readonly promised: { readonly risk: number; readonly delta: number; readonly state: ServingState } | null;
  /** A cache gave it: the question was asked before. */
  readonly cached: boolean;
  readonly trail: readonly Attempt[];
}

export interface View {
  readonly run: RunRecord;
  readonly request: GatewayRequest;
  readonly given: readonly Given[];
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export function viewOf(run: RunRecord, events: readonly Event[]): View {
  const { request, steps } = run.input as unknown as GatewayInput;
  const past = new Past(events);
  const given = posedBy(request).map(({ id, otherwise }, index) => {
    const step = steps[index]!;
    return givenAt(id, pathOf(step), step, past.answers.get(pathOf(step)), otherwise);
  });
  const usages = given.flatMap(({ trail }) => trail.flatMap(({ usage }) => (usage ? [usage] : [])));
  return {
    run,
    request,
    given,
    inputTokens: usages.reduce((sum, usage) => sum + usage.inputTokens, 0),
    outputTokens: usages.reduce((sum, usage) => sum + usage.outputTokens, 0),
  };
}

function givenAt(
  id: string,
  path: string,
  step: StepPlan,
  past: PastAnswer | undefined,
  otherwise: string | null,
): Given {
  const at = { id, path, basis: "none", confidence: null, read: [], promised: null, cached: false } as const;
  if (!past) return { ...at, standing: "unanswered", value: undefined, rung: null, trail: [] };
  if (past.kind === "waiting") {
    return { ...at, standing: "waiting", value: undefined, rung: null, trail: past.waiting.trail };
  }
  const raw = past.kind === "answered" ? past.event.value : past.value;
  const isOut = otherwise !== null && (raw === otherwise || namedTool(raw) === otherwise);
  const value = isOut ? undefined : raw;
  if (past.kind === "by person") {
    const standing = isOut ? "unanswered" : plainStanding(step);
    return { ...at, standing, value, rung: "person", basis: "certain", trail: past.waiting.trail };
  }
  const { event } = past;
  const { standing: record } = event;
  const attempt = event.trail.findLast(({ verdict }) => verdict?.stands === true);
  return {
    id,
    path,
    standing: isOut ? "unanswered" : record ? "certified" : plainStanding(step),
    value,
    rung: event.origin?.rung ?? event.rung,
    basis: event.basis,
    confidence: event.confidence,
    read: attempt?.evidence?.options ?? [],
    promised: record ? { risk: record.risk, delta: record.delta, state: record.state } : null,
    cached: event.origin !== undefined,
    trail: event.trail,
  };
}

/** Of an answer that stands under no certificate. */
function plainStanding({ promise }: StepPlan): StandingName {
  return promise === "in force" ? "escalated" : promise === "not in force" ? "uncertified" : "unpromised";
}

/** The weakest standing of all; that of a request without an answer is `unanswered`. */
export function standingOf(given: readonly Given[]): StandingName {
  const found = standingNames.find((name) => given.some(({ standing }) => standing === name));
  return found ?? "unanswered";
}
