/**
 * What waits for a person, with all that one needs to answer it, and no more: an answer that will be evidence about the
 * local rungs is asked for blind, because whoever has seen what they say tends to agree with it.
 */

import type { Attempt } from "../core/answer.ts";
import type { StepWaiting } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import type { QuestionRecord } from "../core/question.ts";
import { isShadow } from "../core/shadow.ts";
import type { Journal, RunRecord } from "../journal/journal.ts";
import { isPromisable } from "../policy/met-question.ts";
import { askedReason } from "./sentence.ts";

/** What the ladder thought before it gave the question up. */
export interface Suggestion {
  readonly rung: string;
  readonly value: Json;
  readonly confidence: number | null;
}

export interface WaitingQuestion {
  readonly run: RunRecord;
  readonly path: string;
  readonly question: QuestionRecord;
  /** Share of wrong answers that the author asked for. */
  readonly risk: number | null;
  /** The answer will be evidence: then there are neither trail nor suggestion here, and the reason says so. */
  readonly isBlind: boolean;
  readonly trail: readonly Attempt[];
  readonly suggestion: Suggestion | null;
  /** Why it came to a person. */
  readonly reason: string;
  /** A newer run of the same item exists: answering this one helps nobody. */
  readonly superseded: boolean;
}

/** Unanswered questions, oldest run first; those of one loop, if it is named. */
export function* waitingQuestions(journal: Journal, loop?: string): Iterable<WaitingQuestion> {
  for (const { run, waiting } of journal.waiting()) {
    if (loop !== undefined && run.loop !== loop) continue;
    // Nobody is asked on behalf of a run that does nothing.
    if (isShadow(run.version)) continue;
    // What a rung will answer by itself is no work for a person.
    if (waiting.awaits !== undefined) continue;
    const { path, question, risk } = waiting;
    const isBlind = isEvidence(waiting);
    const trail = isBlind ? [] : waiting.trail;
    yield {
      run,
      path,
      question,
      risk,
      isBlind,
      trail,
      suggestion: suggestionIn(trail),
      reason: isBlind ? askedBlind : askedReason({ trail, rung: null, by: null }),
      superseded: isSuperseded(journal, run),
    };
  }
}

/** Why nothing is said of what the rungs thought. */
export const askedBlind = "asked blind: your answer tests the model";

/**
 * Whether the person's answer will be a label that a certificate may rest on, or break on. What was picked only teaches,
 * and no promise can be given for a text or a call.
 */
function isEvidence({ label, question }: StepWaiting): boolean {
  return label !== undefined && label.sample !== "chosen" && isPromisable(question);
}

/** What the ladder had said of a question that a person has answered; `null` as long as it waits. */
export function saidBefore(journal: Pick<Journal, "events">, run: number, path: string): Suggestion | null {
  let asked: StepWaiting | null = null;
  let isAnswered = false;
  for (const event of journal.events(run)) {
    if (event.type === "step_waiting" && event.path === path) [asked, isAnswered] = [event, false];
    if (event.type === "person_answered" && event.path === path) isAnswered = true;
  }
  return asked && isAnswered ? suggestionIn(asked.trail) : null;
}

/** The value of the highest rung that had one which fits the question. */
function suggestionIn(trail: readonly Attempt[]): Suggestion | null {
  const last = trail.findLast((attempt) => attempt.value !== undefined && attempt.fault === undefined);
  return last ? { rung: last.rung, value: last.value ?? null, confidence: last.confidence ?? null } : null;
}

function isSuperseded(journal: Journal, run: RunRecord): boolean {
  const { otherContent, otherVersion } = journal.relatives(run);
  return [...otherContent, ...otherVersion].some((other) => other.number > run.number && !isShadow(other.version));
}
