import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  binomialAtMost,
  inverseRegularizedBeta,
  logGamma,
  lowerBound,
  regularizedBeta,
  upperBound,
} from "./binomial.ts";

describe("Clopper-Pearson", () => {
  test.each([
    [0, 299, 0.00997],
    [0, 149, 0.0199],
    [0, 59, 0.0495],
  ])("of %i errors among %i is below %f", (k, n, bound) => {
    expect(upperBound(k, n, 0.05)).toBeCloseTo(bound, 4);
    expect(upperBound(k, n - 1, 0.05)).toBeGreaterThan(upperBound(k, n, 0.05));
  });

  test("says 2 % of 5 errors among 523, not of 6", () => {
    expect(binomialAtMost(5, 523, 0.02)).toBeLessThanOrEqual(0.05);
    expect(binomialAtMost(6, 523, 0.02)).toBeGreaterThan(0.05);
  });

  test("bounds turn the tails back, and lie around the share", () => {
    const counted = fc.integer({ min: 1, max: 5000 }).chain((n) => fc.tuple(fc.nat({ max: n }), fc.constant(n)));
    fc.assert(
      fc.property(counted, fc.double({ min: 1e-6, max: 0.4, noNaN: true }), ([k, n], delta) => {
        const [low, high] = [lowerBound(k, n, delta), upperBound(k, n, delta)];
        expect(low).toBeLessThanOrEqual(k / n);
        expect(high).toBeGreaterThanOrEqual(k / n);
        // Nearer to 1, a double is too coarse to turn back.
        if (high < 0.999) expect(binomialAtMost(k, n, high) / delta).toBeCloseTo(1, 8);
        if (k > 0) expect(regularizedBeta(low, k, n - k + 1) / delta).toBeCloseTo(1, 8);
      }),
    );
  });

  test("without a case knows nothing", () => {
    expect([lowerBound(0, 0, 0.05), upperBound(0, 0, 0.05)]).toEqual([0, 1]);
  });

  test.each([
    [-1, 10, 0.05],
    [11, 10, 0.05],
    [0.5, 10, 0.05],
    [Number.NaN, 10, 0.05],
    [1, 10, 0],
    [1, 10, Number.NaN],
  ])("refuses %d of %d at %d", (k, n, delta) => {
    expect(() => upperBound(k, n, delta)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/counts|delta/) }),
    );
  });
});

describe("the functions below", () => {
  test("tails of the binomial are sums of its terms", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.nat(60),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, k, p) => {
          let [term, sum] = [(1 - p) ** n, 0];
          for (let index = 0; index <= Math.min(k, n); index++) {
            sum += term;
            term *= ((n - index) / (index + 1)) * (p / (1 - p));
          }
          if (p < 0.99) expect(binomialAtMost(k, n, p)).toBeCloseTo(sum, 10);
        },
      ),
    );
  });

  test("log gamma grows by log z", () => {
    for (const z of [0.1, 0.9, 1, 3.7, 15.5, 16, 400])
      expect(logGamma(z + 1) - logGamma(z)).toBeCloseTo(Math.log(z), 11);
    expect(logGamma(11)).toBeCloseTo(Math.log(3_628_800), 12);
  });

  test("the incomplete beta function and its inverse keep to their edges", () => {
    expect([regularizedBeta(0, 2, 3), regularizedBeta(1, 2, 3), regularizedBeta(1, 2, 3, "upper")]).toEqual([0, 1, 0]);
    expect([inverseRegularizedBeta(0, 2, 3), inverseRegularizedBeta(0, 2, 3, "upper")]).toEqual([0, 1]);
    expect(inverseRegularizedBeta(0.9999, 2, 3)).toBeGreaterThan(0.95);
    expect(() => inverseRegularizedBeta(1.1, 2, 3)).toThrow("not a probability");
  });
});
