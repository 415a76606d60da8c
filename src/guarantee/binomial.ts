/** Exact binomial tails and Clopper-Pearson bounds, accurate to about 1e-12 for up to a million trials. */

import { UsageError } from "../core/errors.ts";

const HALF_LOG_TWO_PI = 0.9189385332046727;
const SERIES_FROM = 16;

/** The natural logarithm of the gamma function, for z > 0. */
export function logGamma(z: number): number {
  // Stirling's series needs a large argument; gamma(z + 1) = z gamma(z) leads there.
  let [shifted, product] = [z, 1];
  for (; shifted < SERIES_FROM; shifted++) product *= shifted;
  return (shifted - 0.5) * Math.log(shifted) - shifted + HALF_LOG_TWO_PI + stirlingSeries(shifted) - Math.log(product);
}

/** What Stirling's formula for log gamma(z + 1) leaves out (Abramowitz and Stegun 6.1.41). */
function stirlingSeries(z: number): number {
  const s = 1 / (z * z);
  return (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - (s * 1) / 1188)))) / z;
}

function stirlingError(z: number): number {
  if (z >= SERIES_FROM) return stirlingSeries(z);
  return logGamma(z + 1) - ((z + 0.5) * Math.log(z) - z + HALF_LOG_TWO_PI);
}

/** x log(x / m) + m - x without the cancellation near x = m (Loader 2000, "Fast and accurate computation of binomial probabilities"). */
function deviance(x: number, m: number): number {
  if (Math.abs(x - m) >= 0.1 * (x + m)) return x * Math.log(x / m) + m - x;
  const v = (x - m) / (x + m);
  let sum = (x - m) * v;
  let power = 2 * x * v;
  for (let odd = 3; odd < 1000; odd += 2) {
    power *= v * v;
    const next = sum + power / odd;
    if (next === sum) break;
    sum = next;
  }
  return sum;
}

/** x^a y^b / B(a, b) with y = 1 - x. Plain log gammas would lose nine digits at a million trials; Loader's form does not. */
function front(a: number, b: number, x: number, y: number): number {
  const n = a + b;
  const exponent = stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x) - deviance(b, n * y);
  return Math.exp(exponent - HALF_LOG_TWO_PI) * Math.sqrt((a * b) / n);
}

/** Both tails of the beta distribution at x, each with its full relative accuracy. */
interface Tails {
  readonly lower: number;
  readonly upper: number;
}

/** `y` is 1 - x, given apart because near x = 1 the subtraction would lose it. */
function tailsFrom(a: number, b: number, x: number, y: number, density: number): Tails {
  if (x <= (a + 1) / (a + b + 2)) {
    const lower = (density * continuedFraction(a, b, x)) / a;
    return { lower, upper: 1 - lower };
  }
  const upper = (density * continuedFraction(b, a, y)) / b;
  return { lower: 1 - upper, upper };
}

/** The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method as Thompson and Barnett changed it. */
function continuedFraction(a: number, b: number, x: number): number {
  const tiny = 1e-300;
  const apart = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / apart(1 - ((a + b) * x) / (a + 1));
  let result = d;
  // Settles in the order of sqrt(max(a, b)) rounds.
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / apart(1 + even * d);
    c = apart(1 + even / c);
    result *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / apart(1 + odd * d);
    c = apart(1 + odd / c);
    const step = c * d;
    result *= step;
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return result;
}

/** I_x(a, b), the share of a beta(a, b) distribution below x; `upper` gives what lies above. a, b > 0. */
export function regularizedBeta(x: number, a: number, b: number, tail: "lower" | "upper" = "lower"): number {
  if (x <= 0) return tail === "lower" ? 0 : 1;
  if (x >= 1) return tail === "lower" ? 1 : 0;
  return tailsFrom(a, b, x, 1 - x, front(a, b, x, 1 - x))[tail];
}

/**
 * The x whose `tail` of beta(a, b) holds `probability`: Newton's method on the logarithm of the tail over logit x, where
 * both tails are log-concave, so that it nears the root from one side. A step into where the tail underflows is halved.
 */
export function inverseRegularizedBeta(
  probability: number,
  a: number,
  b: number,
  tail: "lower" | "upper" = "lower",
): number {
  if (!(probability >= 0 && probability <= 1))
    throw new UsageError("probability", "not a probability", { value: probability });
  if (probability === 0 || probability === 1) return (probability === 0) === (tail === "lower") ? 0 : 1;
  const sign = tail === "lower" ? 1 : -1;
  const wanted = Math.log(probability);
  // The root lies between these, in logits.
  let [low, high] = [-750, 750];
  let logit = Math.log(a / b);
  for (let round = 0; round < 200; round++) {
    const x = 1 / (1 + Math.exp(-logit));
    const y = 1 / (1 + Math.exp(logit));
    const density = front(a, b, x, y);
    const share = tailsFrom(a, b, x, y, density)[tail];
    if (share < probability === (tail === "lower")) low = logit;
    else high = logit;
    const step = (sign * (Math.log(share) - wanted) * share) / density;
    if (Math.abs(step) < 1e-14 * Math.max(1, Math.abs(logit))) break;
    const next = logit - step;
    logit = next > low && next < high ? next : (low + high) / 2;
  }
  return 1 / (1 + Math.exp(-logit));
}

/** P(Bin(n, p) <= k). `k` below 0 gives 0, `k` of n or more gives 1. */
export function binomialAtMost(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  if (k >= n || p <= 0) return 1;
  if (p >= 1) return 0;
  if (k === 0) return Math.exp(n * Math.log1p(-p));
  return regularizedBeta(p, k + 1, n - k, "upper");
}

/**
 * One-sided Clopper-Pearson: the largest share of errors that k errors among n leave possible at 1 - delta, that is the
 * p with P(Bin(n, p) <= k) = delta (Clopper and Pearson 1934). 1 without a case.
 */
export function upperBound(k: number, n: number, delta: number): number {
  refuseOdd(k, n, delta);
  if (k === n) return 1;
  if (k === 0) return -Math.expm1(Math.log(delta) / n);
  return inverseRegularizedBeta(delta, k + 1, n - k, "upper");
}

/** The p with P(Bin(n, p) >= k) = delta: the smallest share that k among n leave possible at 1 - delta. 0 without a case. */
export function lowerBound(k: number, n: number, delta: number): number {
  refuseOdd(k, n, delta);
  if (k === 0) return 0;
  if (k === n) return Math.exp(Math.log(delta) / n);
  return inverseRegularizedBeta(delta, k, n - k + 1);
}

function refuseOdd(k: number, n: number, delta: number): void {
  if (!(Number.isInteger(k) && Number.isInteger(n) && k >= 0 && k <= n))
    throw new UsageError("counts", `${k} of ${n}: not a count of a count`, { value: { k, n } });
  if (!(delta > 0 && delta < 1))
    throw new UsageError("delta", `delta must lie between 0 and 1, not ${delta}`, { value: delta });
}
