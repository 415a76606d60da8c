import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DeferralCosts, type DeferralPrices, deferAfterLarge, deferBeforeLarge } from "./deferral.ts";

const costs: DeferralCosts = { error: 10, large: 1, human: 4, abstain: Number.POSITIVE_INFINITY };
const free: DeferralPrices = { money: 0, reviewer: 0 };
const item = { small: 0.7, large: 0.9, acceptable: true };

describe("before the large model is asked", () => {
  it("escalates where its gain is worth more than its price", () => {
    const decision = deferBeforeLarge(item, costs, free);
    expect(decision.kind).toBe("escalate");
    expect(decision.because.large!.worth).toBeCloseTo(2, 12);
    expect(decision.because.large!.price).toBe(1);
  });

  it("keeps the small answer where scarcity or waiting eats the gain", () => {
    expect(deferBeforeLarge(item, costs, { money: 1.5, reviewer: 0 }).kind).toBe("stands");
    const slow = deferBeforeLarge({ ...item, latency: 3 }, { ...costs, second: 0.5 }, free);
    expect(slow).toMatchObject({ kind: "stands", answer: "small", because: { large: { price: 2.5 } } });
  });

  it("asks a person where both models are likely wrong, without paying the large one", () => {
    expect(deferBeforeLarge({ small: 0.3, large: 0.35, acceptable: true }, costs, free).kind).toBe("human");
  });

  it("takes the safe default where that is cheaper than being wrong and people are not to be had", () => {
    const likelyWrong = { small: 0.3, large: 0.35, acceptable: true };
    const withDefault = { ...costs, abstain: 3 };
    expect(deferBeforeLarge(likelyWrong, withDefault, { money: 0, reviewer: "closed" }).kind).toBe("default");
    expect(deferBeforeLarge({ ...likelyWrong, small: 0.8 }, withDefault, free).kind).toBe("stands");
  });

  it("lets nothing stand below the certified threshold, whatever is affordable", () => {
    const probability = fc.double({ min: 0, max: 1, noNaN: true });
    const price = fc.oneof(fc.constant("closed" as const), fc.double({ min: 0, max: 100, noNaN: true }));
    fc.assert(
      fc.property(probability, probability, price, price, (small, large, money, reviewer) => {
        const decision = deferBeforeLarge({ small, large, acceptable: false }, costs, { money, reviewer });
        expect(decision.kind).not.toBe("stands");
      }),
    );
    const nobody: DeferralPrices = { money: "closed", reviewer: "closed" };
    expect(deferBeforeLarge({ ...item, acceptable: false }, costs, nobody).kind).toBe("overflow");
    expect(deferBeforeLarge(item, costs, nobody).kind).toBe("stands");
  });
});

describe("after the large model has answered", () => {
  it("asks a person, takes the default or lets it stand, by its own risk", () => {
    expect(deferAfterLarge({ large: 0.5 }, costs, free).kind).toBe("human");
    expect(deferAfterLarge({ large: 0.7 }, costs, free)).toMatchObject({ kind: "stands", answer: "large" });
    expect(deferAfterLarge({ large: 0.5 }, { ...costs, abstain: 2 }, { money: 0, reviewer: 3 }).kind).toBe("default");
  });
});

it("refuses what is no probability and no cost", () => {
  expect(() => deferBeforeLarge({ ...item, large: Number.NaN }, costs, free)).toThrow(
    expect.objectContaining({ code: "E_PROBABILITIES" }),
  );
  expect(() => deferAfterLarge({ large: 0.5 }, { ...costs, human: -1 }, free)).toThrow(
    expect.objectContaining({ code: "E_COSTS" }),
  );
});
