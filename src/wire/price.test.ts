import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { costOf, mostCostOf, type Price } from "./price.ts";
import type { Tokens } from "./wire.ts";

const price: Price = { input: 2, output: 8, cachedInput: 0.5, updated: "2026-11-01" };
const tokens = (more: Partial<Tokens> = {}): Tokens => {
  return { input: 1000, output: 10, cachedInput: 0, cost: null, ...more };
};

describe("the cost of a call", () => {
  test("is its tokens at their prices, for a million of them", () => {
    expect(costOf(tokens(), price)).toBeCloseTo(0.00208, 12);
    expect(costOf(tokens({ cachedInput: 600 }), price)).toBeCloseTo(0.00118, 12);
    const { cachedInput: _, ...plain } = price;
    expect(costOf(tokens({ cachedInput: 600 }), plain)).toBeCloseTo(0.00208, 12);
  });

  test("is what the provider says where that is in the config's currency, and no other", () => {
    expect(costOf(tokens({ cost: 0.5 }), price)).toBe(0.5);
    expect(costOf(tokens({ cost: 0 }), price)).toBe(0);
    expect(costOf(tokens({ cost: 0.5 }), price, "EUR")).toBeCloseTo(0.00208, 12);
    expect(costOf(tokens({ cost: 0.5 }), null, "EUR")).toBeNull();
    expect(costOf(tokens({ cost: -1 }), null)).toBeNull();
  });

  test("is unknown without counts, without a price, or with counts that are none: never 0", () => {
    expect(costOf(null, price)).toBeNull();
    expect(costOf(tokens(), null)).toBeNull();
    for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(costOf(tokens({ input: wrong }), price)).toBeNull();
      expect(costOf(tokens({ output: wrong }), price)).toBeNull();
      expect(costOf(tokens({ cachedInput: wrong }), price)).toBeNull();
      expect(mostCostOf(price, wrong, 1)).toBeNull();
    }
    expect(mostCostOf(null, 1, 1)).toBeNull();
  });

  test("is never more than the most that was set aside for so many tokens", () => {
    const amount = fc.double({ min: 0, max: 1e6, noNaN: true });
    const count = fc.nat(1_000_000);
    fc.assert(
      fc.property(amount, amount, amount, count, count, count, (input, output, cachedInput, read, wrote, cached) => {
        const of = { input, output, cachedInput, updated: "2026-11-01" };
        const cost = costOf(tokens({ input: read, output: wrote, cachedInput: cached }), of);
        const most = mostCostOf(of, read, wrote);
        expect(cost).not.toBeNull();
        expect(cost!).toBeLessThanOrEqual(most! * (1 + 1e-9));
      }),
    );
  });
});
