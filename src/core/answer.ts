/** What a rung replies, and what of it becomes an answer. */

import type { Json } from "./json.ts";
import type { ServerFault } from "./server-fault.ts";
import type { Usage } from "./usage.ts";

/**
 * What the confidence of a reply rests on. `calibrated`: on labelled answers of this very question; `certain`: a rule,
 * a person; `none`: no figure at all.
 */
export type Basis = "raw" | "constrained" | "similarity" | "votes" | "calibrated" | "certain" | "none";

/** How sure a rung is of one field that it filled. */
export interface FieldEvidence {
  readonly confidence: number | null;
  /** `read`: chosen among options; `copied`: chosen among pieces of the item; `generated`: written by the model. */
  readonly how: "read" | "copied" | "generated";
}

/** What a reply rests on. Everything is optional: each rung gives what it honestly has. */
export interface Evidence {
  /**
   * Probability (or similarity softmax) of each option, in the question's order; sums to 1. `atMost`: the option was not
   * read to its end, because it could not win; its probability lies between 0 and this, and `p` is its even share of
   * what such options can have together.
   */
  readonly options?: readonly { readonly name: string; readonly p: number; readonly atMost?: number }[];
  /** Lowest and highest that the best option's probability can be, where not all was read; the lowest is what counts. */
  readonly interval?: readonly [low: number, high: number];
  /**
   * Unconstrained probability that the model gave to all options together, 0 to 1. A low mass beside a high `p` is
   * manufactured confidence: the model wanted to say something else.
   */
  readonly mass?: number;
  /** Of `options`, in nats: 0 where one has all, the logarithm of their number where all are alike. */
  readonly entropy?: number;
  /** Log-probability (or similarity) of the best option minus that of the next. */
  readonly margin?: number;
  /** Mean log-probability of each option before the prior was taken off, natural logarithms, question's order. */
  readonly logp?: readonly number[];
  /** Whether the options' prior was corrected, and over how many unlabelled items it was learned. */
  readonly prior?: { readonly items: number; readonly corrected: boolean; readonly drift?: number };
  /** The options were read in the opposite order too and both averaged; whether the best one was another there. */
  readonly order?: { readonly flipped: boolean };
  /** Labelled examples that stood before the item. */
  readonly examples?: number;
  /** The options were offered by letters instead of by their names. */
  readonly byLetter?: true;
  /** 512 log-probabilities over the model's vocabulary: base64 of little-endian float16, 1,024 bytes. */
  readonly sketch?: string;
  /** How the item went through the model: numbers of another shape differ by some hundredths of a nat. */
  readonly shape?: string;
  readonly fields?: { readonly [path: string]: FieldEvidence };
  /** The encoder's vector of the item: base64 of little-endian float16. */
  readonly vector?: string;
  /** The item did not fit and was read in so many pieces, by the author's rule. */
  readonly pieces?: number;
  /** The server that was asked, as host and port, and the model as it names it. */
  readonly host?: string;
  readonly model?: string;
  /** What was wrong with the server or its reply, in the order found. */
  readonly faults?: readonly ServerFault[];
  /** What was taken out of the item before it left the machine. */
  readonly redacted?: { readonly emails: number; readonly phones: number; readonly cards: number };
  /** Shares of so many votes are the probabilities. */
  readonly votes?: number;
  /** Whatever else a rung wants to show: kept small. */
  readonly note?: string;
}

/** A rung's reply: an answer, a refusal to answer, or the promise of one later. */
export type Reply =
  | {
      readonly kind: "answered";
      readonly value: unknown;
      /** 0 to 1, or `null` where there is none; anything else counts as none and escalates. */
      readonly confidence: number | null;
      readonly basis: Basis;
      readonly evidence: Evidence;
      readonly usage: Usage;
      /** A cached answer names the rung that gave it first. */
      readonly origin?: Origin;
    }
  | { readonly kind: "escalated"; readonly reason: string; readonly evidence?: Evidence; readonly usage: Usage }
  /**
   * The answer comes from outside the process, later: the run waits. `later`: the rung itself will have it, so nobody
   * else is asked meanwhile; it is asked once more when it has it.
   */
  | { readonly kind: "waiting"; readonly reason: string; readonly later?: true };

/** A confidence that may be compared with a threshold: a number from 0 to 1, or `null`. */
export function usableConfidence(confidence: unknown): number | null {
  return typeof confidence === "number" && confidence >= 0 && confidence <= 1 ? confidence : null;
}

/** Where a cached answer first came from. */
export interface Origin {
  readonly rung: string;
  readonly run: string;
  readonly path: string;
  /** Version key of the certificate that it stood under there. */
  readonly key?: string;
}

/** One item of the gate's checklist. `need` and `have` are what the check compared. */
export interface CheckResult {
  readonly check: string;
  readonly passes: boolean;
  readonly need: Json;
  readonly have: Json;
}

/** What the gate says of a reply. */
export interface Verdict {
  readonly stands: boolean;
  readonly checks: readonly CheckResult[];
}

/** Named ways in which a reply failed before the gate could look at it. */
export type Fault = "unknown_tool" | "second_call" | "invalid_arguments" | "invalid_value" | "rung_failed";

/** One rung's try at a question, as the journal keeps it. */
export interface Attempt {
  readonly rung: string;
  readonly kind: "answered" | "escalated" | "waiting";
  readonly value?: Json;
  readonly confidence?: number | null;
  readonly basis?: Basis;
  readonly evidence?: Evidence;
  readonly usage?: Usage;
  /** Where nobody knows what it cost: the most that it can have been, which is what limits on spend count it as. */
  readonly atMost?: number;
  readonly verdict?: Verdict;
  readonly reason?: string;
  readonly fault?: Fault;
  /** It was not asked at all: its price is not known under a limit on spend, or the day's budget is used up. */
  readonly skipped?: "unpriced" | "day spent" | "reviewers spent" | "not worth it" | "below the floor";
  /** The reply was repaired once; this was wrong with the first. */
  readonly repaired?: { readonly path: string; readonly message: string };
}

/** The states of a question's local rungs in which something stands under a certificate (escalation.md c.7). */
export type ServingState = "probation" | "certified" | "watch";

/** What an answer stood under, as the journal keeps it: fixed before the answer was used. */
export interface StandingRecord {
  /** Version key of the local rungs together. */
  readonly key: string;
  readonly state: ServingState;
  /** Largest share of wrong answers that its certificate promises, and with which confidence (1 - delta). */
  readonly risk: number;
  readonly delta: number;
  readonly threshold: number;
  /** Probability with which it was to be audited, and whether its coin was drawn. */
  readonly propensity: number;
  readonly audited: boolean;
  /** Key of the item's text, for which the coin was tossed, and a code over all of it under the journal's secret. */
  readonly cluster: string;
  readonly seal: string;
}

/**
 * What is promised of an answer: at most a share of `risk` wrong among those that stand under the same certificate,
 * with a confidence of 1 - `delta`; or nothing.
 */
export type Promised =
  | { readonly kind: "no promise yet" }
  | { readonly kind: "promised"; readonly risk: number; readonly delta: number; readonly state: ServingState };

/** An answer that stands: what a step returns. */
export interface Answer<T> {
  readonly value: T;
  readonly confidence: number | null;
  readonly basis: Basis;
  /** The rung that gave it; for a cached answer, the rung that gave it first. */
  readonly rung: string;
  readonly cached: boolean;
  readonly path: string;
  /** The share of wrong answers that the author asked for, and what is promised about it. */
  readonly risk: { readonly asked: number | null; readonly promised: Promised };
}
