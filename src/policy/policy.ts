/** The contract of the policy: whether what a question's local rungs say may stand, and under which promise. */

import type { StandingRecord } from "../core/answer.ts";
import type { Json } from "../core/json.ts";
import type { Question } from "../core/question.ts";
import type { Answered } from "../gate/gate.ts";
import type { LearnedAnswers, Rung } from "../rung/rung.ts";

/** How the local rungs of one question stand at one moment. The same object for a whole climb. */
export interface Standing {
  /** The record of an answer that stands under the certificate; `null` while there is none, and nothing stands. */
  readonly certificate: Omit<StandingRecord, "propensity" | "audited" | "cluster" | "seal"> | null;
  /** Why nothing stands, or what stands, in words. */
  readonly why: string;
  /** The threshold that is certified: in a time of warning a stricter one holds, and what lies between is still judged. */
  readonly loosest: number;
  /** Version of labels that belong to no certificate: another after each alarm, so that old texts may be labelled anew. */
  readonly epoch: string | null;
  /** What a rung has learned: of what serves, else of what is on trial, which only ranks. */
  readonly learned: (rung: string) => LearnedAnswers | null;
  /** Whether the rung is one of those that the promise covers. */
  governs(rung: Pick<Rung, "name">): boolean;
  /** What the promise says to a reply of a governed rung. */
  judge(rung: Rung, question: Question, reply: Answered): Judgement;
  /** An answer whose coin is drawn waits for its audit, and is that of the auditor. */
  readonly holdsAudits: boolean;
  /**
   * Tosses the item's coin. Fixed by the journal's secret, the version and the item's text alone, so that a duplicate
   * has the same, and nobody who writes an item can know it.
   */
  toss(question: Question): Coin;
  /** The same for an answer of a rule, which stands by its author's word and is no part of the certificate. */
  tossRule(question: Question, rule: string): Coin;
  /** Tells the monitors of an item, after its climb, and of what the last local rung said; no label is needed. */
  watch(question: Question, value: Json | null): void;
}

export interface Judgement {
  /** Calibrated probability that the reply is right; `null` where nothing is known. */
  readonly confidence: number | null;
  /** The least that stands, for this answer; `null` where none does. */
  readonly least: number | null;
  readonly stands: boolean;
  /** It was sure enough, but its answer is a dangerous one that needs more: no other local rung may be asked. */
  readonly isFinal: boolean;
}

export interface Coin {
  /** Probability with which it is drawn. */
  readonly propensity: number;
  readonly drawn: boolean;
  /** Key of the item's text. */
  readonly cluster: string;
  /** Over the rest, under the journal's secret. */
  readonly seal: string;
}

/** What the loop asks of the policy. */
export interface Policy {
  /**
   * `null` where the author asked for no promise: then the rungs' own thresholds hold. Where one was asked for and none
   * can be given, nothing local stands.
   */
  standing(question: Question, risk: number | null, ladder: readonly Rung[]): Standing | null;
  /** A label came in: sooner or later something is to be learned from it. Returns at once. */
  nudge(): void;
}
