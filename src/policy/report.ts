/** Where a question's promise stands: what status, calibrate and the reports show. */

import type { ServingState } from "../core/answer.ts";
import type { Label } from "../core/label.ts";
import type { CertificateFigures } from "../core/policy-event.ts";
import type { NotYet, TrialPassed } from "./trial.ts";

export interface QuestionReport {
  /** The step's name, and the version of its question. */
  readonly question: string;
  readonly version: string;
  readonly risk: number;
  readonly delta: number;
  readonly state: "cold" | "revoked" | ServingState;
  /** Why nothing stands, with what would move it. */
  readonly why: string;
  readonly serving: {
    readonly key: string;
    /** When its certificate was issued, in milliseconds since the epoch. */
    readonly since: number;
    readonly figures: CertificateFigures;
    /** Least calibrated probability that stands now; stricter than certified in a time of warning. */
    readonly threshold: number;
    readonly trainedOn: number;
    readonly members: readonly { readonly rung: string; readonly learned: boolean }[];
    readonly auditRate: number;
    readonly audits: { readonly answered: number };
  } | null;
  /** The version that is to take over, or to be the first. */
  readonly trial: {
    readonly key: string;
    readonly trainedOn: number;
    /** Labels of items that it had not seen, so far. */
    readonly labels: number;
    readonly test: TrialPassed | NotYet;
  } | null;
  /** Audits of what rules answered, by rule: outside the certificate. */
  readonly rules: readonly { readonly rule: string; readonly answered: number; readonly wrong: number }[];
  /** Answered labels, one a cluster, in the order of their answers. */
  readonly labels: readonly Label[];
  /** Number of labels at which it learns anew. */
  readonly nextTraining: number;
}
