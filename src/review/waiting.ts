/** What waits for a person, with all that one needs to answer it. */

import type { Attempt } from "../core/answer.ts";
import type { Json } from "../core/json.ts";
import type { QuestionRecord } from "../core/question.ts";
import { isShadow } from "../core/shadow.ts";
import type { Journal, RunRecord } from "../journal/journal.ts";
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
    const { path, question, risk, trail } = waiting;
    yield {
      run,
      path,
      question,
      risk,
      trail,
      suggestion: suggestionIn(trail),
      reason: askedReason({ trail, rung: null, by: null }),
      superseded: isSuperseded(journal, run),
    };
  }
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
