/** What happened to the promises of a question. Written once; states, certificates and ledgers are readings of it. */

import type { Json } from "./json.ts";
import type { MetQuestion } from "./label.ts";

/** Plain data of `guarantee/calibrator.ts`, which stands above this tier. */
type Calibrator = Json;

/** Every event says of which question, and when. */
interface About {
  /** The step's name, and the version of its question. */
  readonly question: string;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Where it stands among the labels: the last that had been answered, by `seq`, and set aside, by number. */
  readonly seq: number;
  readonly after: number;
}

/** How far a certificate reaches: the figures of one passed test. */
export interface CertificateFigures {
  /** Least calibrated probability that stands. */
  readonly threshold: number;
  /** Largest share of wrong answers, and the chance that the test passes though it is larger. */
  readonly risk: number;
  readonly delta: number;
  /** Labels that the version would have let stand, and those of them that it had wrong. */
  readonly accepted: number;
  readonly wrong: number;
  /** Labels that were looked at, whatever the version made of them. */
  readonly labels: number;
  /** Share of wrong answers among what it lets stand: estimated, and bounded above at `delta`. For people; the promise is the risk. */
  readonly error: number;
  readonly upper: number;
  /** Place of the threshold in the version's grid. */
  readonly step: number;
  /** Share of unlabelled items that it lets stand. */
  readonly coverage: number;
  /** Answers with a risk of their own: their threshold, or `null` where they may not stand. */
  readonly classes?: { readonly [value: string]: { readonly risk: number; readonly threshold: number | null } };
  /** A frontier's answers promise agreement with the frontier, not truth. */
  readonly source: "person" | "frontier" | "known" | "mixed";
}

/** One local rung of a version, and what its numbers depend on. */
export interface MemberRecord {
  readonly name: string;
  /** Model file, quantisation, engine's build, prior: what the rung itself says of it. */
  readonly version: string;
  /** Digest of what it learned; `null` where it answers as it is. */
  readonly weights: string | null;
  /** From its score to a probability, where it learned none. */
  readonly calibrator: Calibrator | null;
}

export type PolicyEvent =
  /** A question was met for the first time in this version. */
  | (About & { readonly type: "question_met"; readonly record: MetQuestion; readonly risk: number })
  /** The local rungs of a question were put together anew: learned weights, model files, calibrators. */
  | (About & {
      readonly type: "version_made";
      readonly key: string;
      /** Lowest first. */
      readonly members: readonly MemberRecord[];
      /** Rung that the labels come from. */
      readonly upper: string;
      /** Labels it was trained on, and the number of the last of them: only later ones may certify it. */
      readonly trainedOn: number;
      readonly upTo: number;
      /** Thresholds that may be tested, strictest first, made of scores that no certificate rests on. */
      readonly grid: readonly number[];
      /** Share of the items that each lets stand; and of the training items, unseen, how many, and how many of them wrong. */
      readonly coverage: readonly number[];
      readonly accepted: readonly number[];
      readonly wrong: readonly number[];
      /** What speaks for or against it, in words. */
      readonly notes: readonly string[];
    })
  | (About & { readonly type: "certificate_issued"; readonly key: string } & CertificateFigures)
  /** A version was given up without a certificate: another took its place on trial. */
  | (About & { readonly type: "trial_ended"; readonly key: string; readonly labels: number; readonly why: string })
  /** A label-free monitor moved, or came to rest again: audits become more frequent, nothing is certified by it. */
  | (About & { readonly type: "warning_raised" | "warning_over"; readonly key: string; readonly monitor: string })
  | (About & { readonly type: "certificate_revoked"; readonly key: string; readonly why: string });
