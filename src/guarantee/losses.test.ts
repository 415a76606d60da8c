import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binomialAtMost } from "./binomial.ts";
import { certify } from "./certificate.ts";
import { gridFrom } from "./grid.ts";
import { certifyLosses, hoeffdingBentkus, type LossItem } from "./losses.ts";
import { seededRandom } from "./random.ts";
import { calibrationSample, unlabelledSample } from "./samples.ts";

/** Uniform scores; at score s a loss of 1 in 0.1 (1 - s), of 0.2 in 0.4 (1 - s): above t the mean is 0.09 (1 - t). */
function draw(count: number, name: string, random: () => number): LossItem[] {
  return Array.from({ length: count }, (_, index) => {
    const score = random();
    const coin = random() / (1 - score);
    const loss = coin < 0.1 ? 1 : coin < 0.5 ? 0.2 : 0;
    return { id: `${name}${index}`, score, loss, wrong: loss > 0 };
  });
}

describe("a certificate of losses", () => {
  const RUNS = 400;
  const RISK = 0.05;
  const random = seededRandom(8);
  let [violated, hoped, coverage, certified] = [0, 0, 0, 0];
  for (let run = 0; run < RUNS; run++) {
    const grid = gridFrom(unlabelledSample(draw(300, "u", random)));
    const sample = calibrationSample(draw(2000, "c", random));
    const certificate = certifyLosses({ grid, sample, risk: RISK, delta: 0.05 });
    const riskAt = (threshold: number): number => 0.09 * (1 - threshold);
    if (certificate.kind === "certified") {
      certified++;
      coverage += certificate.coverage / RUNS;
      if (riskAt(certificate.threshold) > RISK) violated++;
    }
    const naive = grid.thresholds.findLast((threshold) => {
      const kept = sample.items.filter(({ score }) => score! >= threshold);
      return kept.reduce((sum, { loss }) => sum + loss, 0) / kept.length <= RISK;
    });
    if (naive !== undefined && riskAt(naive) > RISK) hoped++;
  }

  test("holds as often as promised and is of use", () => {
    expect(violated / RUNS).toBeLessThanOrEqual(0.05 + 2 * Math.sqrt((0.05 * 0.95) / RUNS));
    expect(certified).toBeGreaterThan(0.8 * RUNS);
    expect(coverage).toBeGreaterThan(0.25);
  });

  test("and the loosest threshold that looks good does not hold", () => expect(hoped / RUNS).toBeGreaterThan(0.2));

  test("keeps more than counting every loss as a whole error", () => {
    const grid = gridFrom(unlabelledSample(draw(300, "u", random)));
    const sample = calibrationSample(draw(3000, "c", random));
    const [weighted, counted] = [certifyLosses, certify].map((by) =>
      by({ grid, sample: sample as never, risk: RISK, delta: 0.05 }),
    );
    if (weighted?.kind !== "certified") throw new Error("not certified");
    expect(weighted.coverage).toBeGreaterThan(counted?.kind === "certified" ? counted.coverage : 0);
    expect(weighted.upper).toBeLessThan(RISK + 0.01);
    expect(hoeffdingBentkus(weighted.errors, weighted.accepted, weighted.upper)).toBeCloseTo(0.05, 6);
  });

  test.each([-0.1, 1.1, Number.NaN])("refuses a loss of %d", (loss) => {
    const items = [...draw(10, "c", random), { id: "odd", score: 0.5, loss, wrong: true }];
    const grid = gridFrom(unlabelledSample(draw(10, "u", random)));
    expect(() => certifyLosses({ grid, sample: calibrationSample(items), risk: RISK, delta: 0.05 })).toThrow(
      expect.objectContaining({ code: "loss" }),
    );
  });
});

describe("the Hoeffding-Bentkus p-value", () => {
  test("of no loss is that of no error", () => {
    expect(hoeffdingBentkus(0, 59, 0.05)).toBeCloseTo(binomialAtMost(0, 59, 0.05), 12);
    expect(hoeffdingBentkus(0, 0, 0.05)).toBe(1);
  });

  test("is never below the exact one of whole errors, and falls as the risk grows", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.nat(400),
        fc.double({ min: 0.01, max: 0.5, noNaN: true }),
        (n, k, risk) => {
          const errors = Math.min(k, n);
          expect(hoeffdingBentkus(errors, n, risk)).toBeGreaterThanOrEqual(
            Math.min(1, binomialAtMost(errors, n, risk)) * (1 - 1e-9),
          );
          expect(hoeffdingBentkus(errors, n, risk * 1.1)).toBeLessThanOrEqual(
            hoeffdingBentkus(errors, n, risk) + 1e-12,
          );
        },
      ),
    );
  });
});
