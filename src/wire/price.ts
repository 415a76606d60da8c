/** What tokens cost: pure. An unknown price or an unknown count is `null`, never 0. */

import type { Tokens } from "./wire.ts";

/** What a model's tokens cost, in the config's currency for a million of them. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** Tokens read from the provider's cache; as `input` where it is not said. */
  readonly cachedInput?: number;
  /** The day on which the price was looked up, such as `2026-11-01`. */
  readonly updated: string;
}

const million = 1_000_000;

/**
 * What a call cost. The provider's own figure, which is in US dollars, wins where that is the config's currency.
 * `null` where there is neither that nor a price, or where counts are none.
 */
export function costOf(tokens: Tokens | null, price: Price | null, currency = "USD"): number | null {
  if (!tokens) return null;
  if (currency === "USD" && isAmount(tokens.cost)) return tokens.cost;
  const { input, output, cachedInput } = tokens;
  if (!price || ![input, output, cachedInput].every(isAmount)) return null;
  const cached = Math.min(cachedInput, input);
  const fresh = input - cached;
  return known((fresh * price.input + cached * (price.cachedInput ?? price.input) + output * price.output) / million);
}

/** The most that a call of so many tokens can cost, nothing of it cached; `null` where no price is known. */
export function mostCostOf(price: Price | null, maxInputTokens: number, maxOutputTokens: number): number | null {
  if (!price || !isAmount(maxInputTokens) || !isAmount(maxOutputTokens)) return null;
  // Where a cache is written to at a surcharge, the dearer of the two is what counts.
  const input = Math.max(price.input, price.cachedInput ?? 0);
  return known((maxInputTokens * input + maxOutputTokens * price.output) / million);
}

function isAmount(value: number | null): value is number {
  return value !== null && value >= 0 && value < Number.POSITIVE_INFINITY;
}

function known(cost: number): number | null {
  return isAmount(cost) ? cost : null;
}
