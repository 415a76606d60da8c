/** The gate: a conjunction of checks that lets a reply stand, or sends its question one rung up. */

import type { CheckResult, Reply, Verdict } from "../core/answer.ts";
import type { Effect, Question } from "../core/question.ts";
import type { Standing } from "../policy/policy.ts";
import type { Rung } from "../rung/rung.ts";

export type Answered = Extract<Reply, { kind: "answered" }>;

/** What a check may look at. */
export interface Judged {
  readonly question: Question;
  readonly reply: Answered;
  /** The author's typed value. */
  readonly value: unknown;
  readonly rung: Rung;
  /** The rung that must answer for the reply: for a cached one that of its origin, `null` when it is not here any more. */
  readonly accountable: Rung | null;
  /** The promise that the question's local rungs stand under; `null` where none was asked for. */
  readonly standing: Standing | null;
  /** `null` where a wrong answer has no price. */
  readonly weighing: Weighing | null;
  /** Place of the rung on the question's ladder, 0 at the bottom. */
  readonly place: number;
  /** Lowest place whose replies may let a tool of this effect stand. */
  readonly floor: (effect: Effect) => { readonly place: number; readonly rung: string };
  /** The run's money, in the config's currency; `allowed` is `null` without a spend limit. */
  readonly spend: {
    readonly allowed: number | null;
    readonly spent: number;
    /** Whether a reply without a price may stand under a limit. */
    readonly unpriced: "refuse" | "allow";
  };
}

/** What a wrong answer costs, against what asking further up does. */
export interface Weighing {
  /** Whether it settles what stands: where a promise was asked for, it only settles who is asked. */
  readonly replacesThreshold: boolean;
  /** The best reason to go on from an answer of this rung that is right with probability `p`; `null` at the top. */
  above(rung: Rung, p: number): { readonly isWorth: boolean; readonly why: string } | null;
}

/** One condition. `null`: the check has nothing to say about this question. */
export type Check = (judged: Judged) => CheckResult | null;

/** All checks, even after one failed: the receipt shows the whole list. */
export function judge(checks: readonly Check[], judged: Judged): Verdict {
  const results: CheckResult[] = [];
  let stands = true;
  for (const check of checks) {
    const result = check(judged);
    if (result === null) continue;
    results.push(result);
    if (!result.passes) stands = false;
  }
  return { stands, checks: results };
}
