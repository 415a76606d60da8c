/** Promises about harm instead of error: each wrong answer has a loss between 0 and 1, and its mean is bounded. */

import { UsageError } from "../core/errors.ts";
import { binomialAtMost } from "./binomial.ts";
import { type Certificate, type CertifyOptions, certifyOn, type RiskTest } from "./certificate.ts";
import type { CalibrationSample, LabelledItem } from "./samples.ts";

export interface LossItem extends LabelledItem {
  /** From 0, harmless, to 1, the worst. */
  readonly loss: number;
}

/**
 * The Hoeffding-Bentkus p-value of "the mean loss is more than `risk`" from `count` losses in [0, 1] that add up to
 * `sum` (Bates et al. 2021, after Hoeffding 1963 and Bentkus 2004): the smaller of exp(-n h(min(mean, risk), risk)),
 * h the relative entropy of two coins, and e P(Bin(n, risk) <= ceil(sum)).
 */
export function hoeffdingBentkus(sum: number, count: number, risk: number): number {
  if (count === 0) return 1;
  const hoeffding = Math.exp(-count * coinEntropy(Math.min(sum / count, risk), risk));
  // Losses such as 0.2 add up to a hair above a whole number.
  const bentkus = Math.E * binomialAtMost(Math.ceil(sum - 1e-9), count, risk);
  return Math.min(1, hoeffding, bentkus);
}

/** Relative entropy of a coin of `a` to one of `b`, in nats. */
function coinEntropy(a: number, b: number): number {
  const heads = a === 0 ? 0 : a * Math.log(a / b);
  const tails = a === 1 ? 0 : (1 - a) * (Math.log1p(-a) - Math.log1p(-b));
  return heads + tails;
}

const hoeffdingBentkusTest: RiskTest = {
  pValue: ({ accepted, errors }, risk) => hoeffdingBentkus(errors, accepted, risk),
  upper: ({ accepted, errors }, delta) => largestRisk(errors, accepted, delta),
  binomialLevel: (delta) => delta / Math.E,
};

/** The risk at which the p-value falls to delta, by bisection: it falls as the risk grows. */
function largestRisk(sum: number, count: number, delta: number): number {
  if (count === 0) return 1;
  let [low, high] = [sum / count, 1];
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (hoeffdingBentkus(sum, count, middle) > delta) low = middle;
    else high = middle;
  }
  return high;
}

/** As `certify`, with `risk` the mean loss of accepted items. In the certificate, `errors` is the sum of losses. */
export function certifyLosses(
  options: Omit<CertifyOptions, "sample"> & { readonly sample: CalibrationSample<LossItem> },
): Certificate {
  const { items } = options.sample;
  const odd = items.find(({ loss }) => !(loss >= 0 && loss <= 1));
  if (odd) throw new UsageError("loss", `a loss lies between 0 and 1, not ${odd.loss}`, { value: odd.id });
  return certifyOn(options, hoeffdingBentkusTest, (index) => items[index]!.loss);
}
