/** How many labels a promise takes. All counts are of labels among accepted items: divide by coverage for the total. */

import { UsageError } from "../core/errors.ts";
import { binomialAtMost, upperBound } from "./binomial.ts";
import { refuseOddShare } from "./samples.ts";

/** The fewest accepted labels that certify `risk` at `delta` with `errors` wrong ones among them. */
export function labelsForErrors(errors: number, risk: number, delta: number): number {
  refuseOddShare("risk", risk);
  refuseOddShare("delta", delta);
  if (!(Number.isInteger(errors) && errors >= 0))
    throw new UsageError("counts", `a whole number of errors, not ${errors}`, { value: errors });
  const passes = (labels: number): boolean => binomialAtMost(errors, labels, risk) <= delta;
  const none = Math.ceil(Math.log(delta) / Math.log1p(-risk) - 1e-9);
  return errors === 0 ? none : first(passes, none + errors);
}

export interface PowerQuestion {
  /** The error that the accepted items really have. */
  readonly trueError: number;
  readonly risk: number;
  readonly delta: number;
  /** Chance that the certificate passes; 0.9. */
  readonly power?: number;
}

export interface LabelsForPower {
  readonly labels: number;
  /** Errors that this many labels may show. */
  readonly errors: number;
}

/** The fewest accepted labels that certify with that chance; `null` when the true error is not below the risk. */
export function labelsForPower(question: PowerQuestion): LabelsForPower | null {
  const { trueError, risk, delta, power = 0.9 } = question;
  if (!(trueError < risk)) return null;
  // Among the sizes that allow the same errors the smallest has the best chance, so only those can be the first.
  const enough = (errors: number): boolean =>
    binomialAtMost(errors, labelsForErrors(errors, risk, delta), trueError) >= power;
  const errors = enough(0) ? 0 : first(enough, 1);
  return { labels: labelsForErrors(errors, risk, delta), errors };
}

/** The first whole number from `from` on at which `holds`, which stays true: doubling, then bisection. */
function first(holds: (value: number) => boolean, from: number): number {
  let [low, high] = [from - 1, from];
  while (!holds(high)) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

export interface MoreLabels {
  /** Labels in all, accepted or not, on top of those there are. */
  readonly more: number;
  /** Accepted among all of them then, at the coverage given. */
  readonly accepted: number;
  /** Errors that so many may show; -1 when not even none would do. */
  readonly allowed: number;
  /** Chance that no more are shown, if the error is as projected. */
  readonly chance: number;
  /** Bound at 1 - delta, if the errors come as projected. */
  readonly bound: number;
}

/**
 * What each count of `more` labels would buy at one threshold, if a fresh sample of that size had the error seen so
 * far. The projected error is (k + 1/2) / (n + 1), not k / n: no error among few is not an error of zero.
 */
export function moreLabelsBuy(question: {
  readonly accepted: number;
  readonly errors: number;
  readonly coverage: number;
  readonly risk: number;
  readonly delta: number;
  readonly more: readonly number[];
}): readonly MoreLabels[] {
  const { risk, delta } = question;
  const error = projectedError(question.errors, question.accepted);
  return question.more.map((more) => {
    const accepted = question.accepted + Math.floor(more * question.coverage);
    const allowed = mostErrors(accepted, risk, delta);
    const expected = Math.min(accepted, Math.round(error * accepted));
    return {
      more,
      accepted,
      allowed,
      chance: binomialAtMost(allowed, accepted, error),
      bound: upperBound(expected, accepted, delta),
    };
  });
}

export function projectedError(errors: number, accepted: number): number {
  return (errors + 0.5) / (accepted + 1);
}

/** The most errors among `accepted` that still certify; -1 when not even none does. */
export function mostErrors(accepted: number, risk: number, delta: number): number {
  if (binomialAtMost(0, accepted, risk) > delta) return -1;
  return first((errors) => binomialAtMost(errors, accepted, risk) > delta, 1) - 1;
}
