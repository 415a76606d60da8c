/** What tokens cost: pure. An unknown price or an unknown count is `null`, never 0. */

import { UsageError } from "../core/errors.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
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

/** Throws a `UsageError` (`E_CONFIG`) that names whose price it is and what is wrong with it. */
export function checkPrice(whose: string, price: Price): void {
  refuseUnknown("E_CONFIG", `${whose}: price`, price, ["input", "output", "cachedInput", "updated"]);
  for (const value of [price.input, price.output, price.cachedInput ?? 0]) {
    if (isAmount(value)) continue;
    throw new UsageError("E_CONFIG", `${whose}: a price is an amount for a million tokens, 0 or more`, { value });
  }
  if (typeof price.updated === "string" && price.updated !== "") return;
  throw new UsageError("E_CONFIG", `${whose}: price.updated is the day it was looked up`, { value: price.updated });
}

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
