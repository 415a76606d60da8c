/**
 * Who answers, by what it costs: keep the small model's answer, ask the large one, ask a person, or take the answer that
 * is safe when wrong (Jitkrittum and others 2023). Knows nothing of promises: a threshold that must hold is settled
 * before, and nothing here accepts what it refused.
 */

import { UsageError } from "../core/errors.ts";

/** All in one currency, per decision. */
export interface DeferralCosts {
  /** What a wrong answer costs. */
  readonly error: number;
  /** What a call of the large model costs. */
  readonly large: number;
  /** What a person's answer costs. */
  readonly human: number;
  /** What the safe default costs; infinite where there is none. */
  readonly abstain: number;
  /** What a second of waiting costs; 0 unless told. */
  readonly second?: number;
}

/** What is scarce now, on top of its cost: see shadow-price.ts. `closed`: the hard cap is reached and nothing is left. */
export interface DeferralPrices {
  readonly money: number | "closed";
  readonly reviewer: number | "closed";
}

/** The small model has answered and the large one has not been asked. */
export interface BeforeLarge {
  /** Probability that the small answer is right, and that the large one would be. */
  readonly small: number;
  readonly large: number;
  /** Seconds that the large model would take. */
  readonly latency?: number;
  /** Whether the small answer may stand at all: false below the certified threshold. */
  readonly acceptable: boolean;
}

/** The large model has answered: what its answer, and whether it agrees with the small one, now say. */
export interface AfterLarge {
  readonly large: number;
}

/** The numbers of one comparison: taken when `worth` is above `price`. */
export interface Comparison {
  /** Expected cost of errors that it takes away. */
  readonly worth: number;
  /** Cost, scarcity and waiting together; infinite where the cap is reached. */
  readonly price: number;
}

/** What was decided and on which numbers; `expectedLoss` is of the model's answer that would otherwise stand. */
export type DeferralDecision =
  | { readonly kind: "stands"; readonly answer: "small" | "large"; readonly because: Reasons }
  | { readonly kind: "escalate"; readonly because: Reasons }
  | { readonly kind: "human"; readonly because: Reasons }
  | { readonly kind: "default"; readonly because: Reasons }
  /** Nothing may stand, nobody is affordable and there is no safe default: the overflow policy decides. */
  | { readonly kind: "overflow"; readonly because: Reasons };

export interface Reasons {
  /** `null` where the comparison was not reached, or the large model has answered already. */
  readonly large: Comparison | null;
  readonly human: Comparison | null;
  readonly expectedLoss: number;
  readonly abstain: number;
}

/**
 * Escalates when gain × error cost is above the large model's price; else a person when what would stand is expected to
 * cost more than the person; else the safe default when it is cheaper than that; else the small answer stands.
 */
export function deferBeforeLarge(item: BeforeLarge, costs: DeferralCosts, prices: DeferralPrices): DeferralDecision {
  refuseOdd([item.small, item.large], costs, prices, item.latency ?? 0);
  const waiting = (item.latency ?? 0) * (costs.second ?? 0);
  // An answer that may not stand loses for certain what an error costs, whatever its probability.
  const expectedLoss = (item.acceptable ? 1 - item.small : 1) * costs.error;
  const worth = item.acceptable ? (item.large - item.small) * costs.error : item.large * costs.error;
  const large = { worth, price: priceOf(costs.large + waiting, prices.money) };
  if (large.worth > large.price) {
    return { kind: "escalate", because: { large, human: null, expectedLoss, abstain: costs.abstain } };
  }
  const otherwise = item.acceptable ? "small" : null;
  return withoutLarge(large, expectedLoss, otherwise, costs, prices);
}

/** A person when the large answer's own risk is dearer than one; else the safe default when cheaper; else it stands. */
export function deferAfterLarge(item: AfterLarge, costs: DeferralCosts, prices: DeferralPrices): DeferralDecision {
  refuseOdd([item.large], costs, prices, 0);
  return withoutLarge(null, (1 - item.large) * costs.error, "large", costs, prices);
}

function withoutLarge(
  large: Comparison | null,
  expectedLoss: number,
  otherwise: "small" | "large" | null,
  costs: DeferralCosts,
  prices: DeferralPrices,
): DeferralDecision {
  const human = { worth: expectedLoss, price: priceOf(costs.human, prices.reviewer) };
  const because: Reasons = { large, human, expectedLoss, abstain: costs.abstain };
  if (human.worth > human.price) return { kind: "human", because };
  if (costs.abstain < expectedLoss) return { kind: "default", because };
  if (otherwise !== null) return { kind: "stands", answer: otherwise, because };
  return Number.isFinite(costs.abstain) ? { kind: "default", because } : { kind: "overflow", because };
}

function priceOf(cost: number, scarcity: number | "closed"): number {
  return scarcity === "closed" ? Number.POSITIVE_INFINITY : cost + scarcity;
}

function refuseOdd(
  probabilities: readonly number[],
  costs: DeferralCosts,
  prices: DeferralPrices,
  latency: number,
): void {
  if (!probabilities.every((p) => p >= 0 && p <= 1)) {
    throw new UsageError("E_PROBABILITIES", "a probability lies between 0 and 1", { value: probabilities });
  }
  const scarce = [prices.money, prices.reviewer].map((price) => (price === "closed" ? 0 : price));
  const finite = [costs.error, costs.large, costs.human, costs.second ?? 0, latency, ...scarce];
  if (!finite.every((cost) => cost >= 0 && Number.isFinite(cost)) || !(costs.abstain >= 0)) {
    throw new UsageError("E_COSTS", "costs, prices and waiting are numbers of 0 or more", {
      value: { costs, prices, latency },
    });
  }
}
