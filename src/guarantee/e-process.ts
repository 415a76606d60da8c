/**
 * Evidence that may be looked at after every audit: three betting processes on the losses of audited answers.
 *
 * - the certificate bets that the error is below the promise: it stands once its value reaches 1 / delta;
 * - the alarm bets that the error is above it: it rings at 1 / delta;
 * - the change detector is the alarm, each bet started again whenever it has lost everything it had won: it finds a
 *   rise after a long good spell, and at error = promise it needs at least its limit of audits on average to ring falsely.
 *
 * Each is a mean over several bets `product (1 + lambda (1 - loss / risk))`, the sign turned for the alarm. While the
 * error is on the other side of the promise the expected value never grows, so by Ville's inequality it ever reaches
 * 1 / delta with probability delta at most, however often it is looked at (Waudby-Smith and Ramdas 2023; for the
 * detector Shin, Ramdas and Rinaldo 2023). What is rejected is "at or above the promise at every audit", not a running
 * mean. Everything is kept as logarithms: ten thousand audits would leave the range of a double.
 */

import { UsageError } from "../core/errors.ts";

/** Shares of the largest certificate bet that cannot go bankrupt, risk / (1 - risk). */
const belowBets: readonly number[] = [0.1, 0.25, 0.5, 0.75, 0.95];
/**
 * Multiples of risk / (1 - risk). At a true error p the bet that grows fastest is (p - risk) / (1 - risk), so the bets
 * must scale with the promise: fixed ones miss a doubling of a small error.
 */
const aboveBets: readonly number[] = [0.25, 0.5, 1, 2, 4, 8];
/** One right answer must not end a bet for ever; this binds for promises above 10 % only. */
const largestBet = 0.95;

/** A process and what it has seen. Plain data: survives JSON, never changed in place. */
export interface EProcess {
  /** On which side of the promise it looks for evidence. */
  readonly evidence: "below" | "above";
  /** Whether a bet that is worth less than 1 starts again from 1. */
  readonly restarts: boolean;
  /** The promised error, above 0 and below 1. */
  readonly risk: number;
  /** Largest weight of a loss; 1 when all audits were drawn at one rate. */
  readonly weightBound: number;
  /** Losses seen. */
  readonly observed: number;
  /** Natural logarithm of what each bet is worth. */
  readonly logs: readonly number[];
}

function process(evidence: EProcess["evidence"], restarts: boolean, risk: number, weightBound: number): EProcess {
  if (!(risk > 0 && risk < 1)) {
    throw new UsageError("E_RISK", `a promised error lies between 0 and 1, not at ${risk}`, { value: risk });
  }
  if (!(weightBound >= 1 && Number.isFinite(weightBound))) {
    throw new UsageError("E_WEIGHT", `the largest weight is 1 or more, not ${weightBound}`, {
      value: weightBound,
    });
  }
  const logs = (evidence === "below" ? belowBets : aboveBets).map(() => 0);
  return { evidence, restarts, risk, weightBound, observed: 0, logs };
}

/** Evidence that the error is below `risk`. */
export function certificateProcess(risk: number, weightBound = 1): EProcess {
  return process("below", false, risk, weightBound);
}

/** Evidence that the error is above `risk`. */
export function alarmProcess(risk: number, weightBound = 1): EProcess {
  return process("above", false, risk, weightBound);
}

/** Evidence that the error has risen above `risk` at some moment (e-CUSUM). */
export function riseDetector(risk: number, weightBound = 1): EProcess {
  return process("above", true, risk, weightBound);
}

/** Evidence that a rate has fallen below `rate` at some moment; for label-free rates, see drift.ts. */
export function fallDetector(rate: number): EProcess {
  return process("below", true, rate, 1);
}

/**
 * The weight of an audit that was drawn at `propensity`: mean propensity / own propensity. The mean is over all accepted
 * decisions, audited or not; a mean that is too low would make errors look rarer than they are.
 */
export function auditWeight(propensity: number, meanPropensity: number): number {
  if (!(propensity > 0 && propensity <= 1 && meanPropensity > 0 && meanPropensity <= 1)) {
    throw new UsageError("E_PROPENSITY", "a propensity lies above 0 and at most at 1", {
      value: { propensity, meanPropensity },
    });
  }
  return meanPropensity / propensity;
}

/**
 * The process after `times` audits in a row with the same `loss`: 0 or 1 for right or wrong, or `weight * loss` from 0
 * to the weight bound. Losses are scaled by the bound, and so is the promise.
 */
export function observe(seen: EProcess, loss: number, times = 1): EProcess {
  const { evidence, restarts, weightBound } = seen;
  if (!(loss >= 0 && loss <= weightBound)) {
    throw new UsageError("E_LOSS", `a loss lies between 0 and ${weightBound}, not at ${loss}`, {
      value: loss,
    });
  }
  if (!(Number.isSafeInteger(times) && times >= 0)) {
    throw new UsageError("E_COUNT", `${times} is no number of audits`, { value: times });
  }
  if (times === 0) return seen;
  const scaled = seen.risk / weightBound;
  const odds = scaled / (1 - scaled);
  const isBelow = evidence === "below";
  const surplus = isBelow ? 1 - loss / weightBound / scaled : loss / weightBound / scaled - 1;
  const bets = isBelow ? belowBets : aboveBets;
  const logs: number[] = [];
  for (let index = 0; index < bets.length; index++) {
    const bet = isBelow ? bets[index]! * odds : Math.min(bets[index]! * odds, largestBet);
    const step = Math.log1p(bet * surplus);
    const log = seen.logs[index]!;
    if (!restarts) logs.push(log + times * step);
    else if (step >= 0) logs.push(Math.max(log, 0) + times * step);
    // Losing steps restart at 1 as soon as the gains are gone.
    else logs.push(Math.max(Math.max(log, 0) + (times - 1) * step, 0) + step);
  }
  return { evidence, restarts, risk: seen.risk, weightBound, observed: seen.observed + times, logs };
}

/** Natural logarithm of the e-value: of the mean of all bets. */
export function logEValue({ logs }: EProcess): number {
  return logMeanExp(logs);
}

/** The e-value. Infinity beyond about 1e308; compare with `reaches` instead. */
export function eValue(seen: EProcess): number {
  return Math.exp(logEValue(seen));
}

/** Whether the e-value is `limit` or more: 1 / delta for certificate and alarm, the run length for a detector. */
export function reaches(seen: EProcess, limit: number): boolean {
  const log = Math.log(limit);
  // A mean is nowhere above its largest part; mostly that settles it.
  return Math.max(...seen.logs) >= log && logEValue(seen) >= log;
}

/** log(mean(exp(values))), without leaving the range of a double on the way. */
export function logMeanExp(values: readonly number[]): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > largest) largest = value;
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - largest);
  return largest + Math.log(sum / values.length);
}
