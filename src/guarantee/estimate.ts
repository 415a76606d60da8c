/**
 * How much of what stood was wrong, from the audits alone. Labels of decisions that were escalated say nothing about
 * it: they are the doubtful ones, and an extrapolation from them is off by a quarter or more on real data.
 */

import { UsageError } from "../core/errors.ts";
import { lowerBound, upperBound } from "./binomial.ts";

/** One decision of a log. */
export interface LoggedDecision {
  /** What counts once: see `auditUnit`. Repeats of a decision are counted, not used. */
  readonly decision: string;
  /** Whether the local answer stood. */
  readonly accepted: boolean;
  /** Probability of an audit as it was logged before the answer was used; `null` when none was logged. */
  readonly propensity: number | null;
  readonly drawn: boolean;
  /** Whether the local answer is wrong; `null` while nobody has said so. */
  readonly wrong: boolean | null;
  /** Expected error before this decision's label, 0 to 1, from a fit that has not seen that label. */
  readonly expectedError?: number | null;
}

/** An estimate with its standard error and a two-sided interval, clipped to 0..1; the estimate itself is not clipped. */
export interface Estimate {
  readonly risk: number;
  readonly standardError: number;
  readonly low: number;
  readonly high: number;
}

export interface AcceptedRisk {
  readonly kind: "estimated";
  /** Weighted by 1 / propensity (Horvitz-Thompson). */
  readonly weighted: Estimate;
  /** The mean of the expected errors, corrected by the audits; `null` unless all decisions have an expected error. */
  readonly difference: Estimate | null;
  readonly accepted: number;
  readonly audited: number;
  readonly wrong: number;
  /** Audits drawn and not answered. The estimates assume that they are like the answered ones; `worst` does not. */
  readonly missing: number;
  /** The weighted estimate if every missing audit were wrong. */
  readonly worst: Estimate;
  /** Labels of accepted decisions that no coin asked for, such as complaints: not used, they come from the bad ones. */
  readonly unasked: number;
  /** Further rows of decisions that were already counted. */
  readonly repeats: number;
}

/** The log cannot tell. */
export interface Unidentified {
  readonly kind: "unidentified";
  readonly reason: "nothing_accepted" | "no_propensity" | "never_audited" | "no_audit_drawn" | "no_audit_answered";
  /** Decisions that are the reason. */
  readonly count: number;
}

/**
 * The share of accepted decisions that are wrong. Unbiased for any propensities above 0 that were logged before the
 * outcome was known. `delta` is the chance of the interval to miss, both sides together; it leans on the normal
 * distribution, widened by exact binomial bounds at the effective number of audits (Korn and Graubard 1998), because
 * the standard error of no mistakes is 0. For a promise use a certificate or an e-process.
 */
export function estimateAcceptedRisk(
  log: readonly LoggedDecision[],
  { delta = 0.05 }: { readonly delta?: number } = {},
): AcceptedRisk | Unidentified {
  const counted = new Map<string, LoggedDecision>();
  let rows = 0;
  for (const row of log) {
    if (!row.accepted) continue;
    rows++;
    if (!counted.has(row.decision)) counted.set(row.decision, row);
  }
  const accepted = [...counted.values()];
  if (accepted.length === 0) return unidentified("nothing_accepted", log.length);
  const unlogged = accepted.filter(({ propensity }) => propensity === null || Number.isNaN(propensity));
  if (unlogged.length > 0) return unidentified("no_propensity", unlogged.length);
  const never = accepted.filter(({ propensity }) => propensity === 0);
  if (never.length > 0) return unidentified("never_audited", never.length);

  const drawn = accepted.filter((row) => row.drawn);
  if (drawn.length === 0) return unidentified("no_audit_drawn", accepted.length);
  const answered = drawn.filter((row) => row.wrong !== null);
  if (answered.length === 0) return unidentified("no_audit_answered", drawn.length);

  const expected = accepted.map((row) => row.expectedError ?? Number.NaN);
  const isExpected = expected.every((q) => q >= 0 && q <= 1);
  const share = answered.length / drawn.length;
  return {
    kind: "estimated",
    weighted: estimate(accepted, share, delta, (row) => row.wrong),
    difference: isExpected ? estimate(accepted, share, delta, (row) => row.wrong, expected) : null,
    accepted: accepted.length,
    audited: answered.length,
    wrong: answered.filter((row) => row.wrong).length,
    missing: drawn.length - answered.length,
    worst: estimate(accepted, 1, delta, (row) => row.wrong ?? true),
    unasked: accepted.filter((row) => !row.drawn && row.wrong !== null).length,
    repeats: rows - accepted.length,
  };
}

function unidentified(reason: Unidentified["reason"], count: number): Unidentified {
  return { kind: "unidentified", reason, count };
}

/**
 * mean(q + drawn (wrong - q) / propensity) with q = 0 unless given. `share` is the share of the drawn that are answered:
 * it thins every propensity. The spread of these terms over the decisions is the standard error.
 */
function estimate(
  accepted: readonly LoggedDecision[],
  share: number,
  delta: number,
  outcome: (row: LoggedDecision) => boolean | null,
  expected?: readonly number[],
): Estimate {
  const count = accepted.length;
  let sum = 0;
  let squares = 0;
  let weights = 0;
  let squaredWeights = 0;
  for (const [index, row] of accepted.entries()) {
    const propensity = row.propensity!;
    if (!(propensity > 0 && propensity <= 1)) {
      throw new UsageError("E_PROPENSITY", `a propensity lies above 0 and at most at 1, not at ${propensity}`, {
        value: row.decision,
      });
    }
    const q = expected?.[index] ?? 0;
    const wrong = row.drawn ? outcome(row) : null;
    let term = q;
    if (wrong !== null) {
      const weight = 1 / (propensity * share);
      term += weight * (Number(wrong) - q);
      weights += weight;
      squaredWeights += weight * weight;
    }
    sum += term;
    squares += term * term;
  }
  const risk = sum / count;
  const variance = count > 1 ? Math.max(0, squares - count * risk * risk) / (count - 1) : 0;
  const standardError = Math.sqrt(variance / count);
  const audits = Math.max(1, Math.floor((weights * weights) / squaredWeights));
  const errors = Math.min(1, Math.max(0, risk)) * audits;
  const reach = normalQuantile(1 - delta / 2) * standardError;
  // A hair off the counts, or rounding in the weights would add or take a whole error.
  const [atLeast, atMost] = [Math.max(0, Math.floor(errors + 1e-9)), Math.min(audits, Math.ceil(errors - 1e-9))];
  return {
    risk,
    standardError,
    low: Math.max(0, Math.min(risk - reach, lowerBound(atLeast, audits, delta / 2))),
    high: Math.min(1, Math.max(risk + reach, upperBound(atMost, audits, delta / 2))),
  };
}

/** Quantile of the standard normal for 0.5 < p < 1, to 5e-4 (Abramowitz and Stegun 26.2.23). */
function normalQuantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(1 - p));
  const top = 2.515517 + t * (0.802853 + t * 0.010328);
  return t - top / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
}
