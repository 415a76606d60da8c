import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  adaptiveEce,
  brierOf,
  brierOfOptions,
  classwiseEce,
  meetsEce,
  nllOf,
  nllOfOptions,
  reliabilityTable,
  topReliability,
} from "./calibration-metrics.ts";
import { apgr, deferralCurve, deferralOf, gapClosed, leastEscalated } from "./deferral-curve.ts";
import { sigmoid } from "./logistic.ts";
import { seededRandom, shuffle } from "./random.ts";
import { aurc, coverageAt, excessAurc, riskCoverage } from "./risk-coverage.ts";

const golden = Array.from({ length: 120 }, (_, i) => {
  const score = ((i * 37) % 101) / 10 - 5;
  return { confidence: sigmoid(score), correct: ((i * 53) % 97) / 97 < sigmoid(0.6 * score + 0.4) };
});

describe("calibration", () => {
  test("figures are those of numpy for the same predictions", () => {
    expect(brierOf(golden)).toBeCloseTo(0.1991292453702748, 12);
    expect(nllOf(golden)).toBeCloseTo(0.6819665530118743, 12);
    expect(adaptiveEce(golden).ece).toBeCloseTo(0.15624661474209836, 12);
  });

  test("error is small for honest probabilities and large for bold ones, and only then decides", () => {
    const random = seededRandom(1);
    const honest = Array.from({ length: 6000 }, () => {
      const confidence = random();
      return { confidence, correct: random() < confidence };
    });
    const bold = honest.map(({ confidence, correct }) => ({ confidence: Math.sqrt(confidence), correct }));
    expect(meetsEce(adaptiveEce(honest), 0.03)).toBe(true);
    expect(meetsEce(adaptiveEce(bold), 0.03)).toBe(false);
    const few = adaptiveEce(honest.slice(0, 999));
    expect(few).toMatchObject({ decides: false, note: expect.stringContaining("999 items are fewer than 1000") });
    expect(meetsEce(few, 1)).toBeNull();
    expect(adaptiveEce(honest.slice(0, 1000))).toMatchObject({ decides: true, note: null });
  });

  test("a certain mistake costs as much as the clip says", () => {
    expect(nllOf([{ confidence: 1, correct: false }])).toBeCloseTo(-Math.log(1e-6), 12);
    expect(nllOfOptions([[0, 1]], [0])).toBeCloseTo(-Math.log(1e-6), 12);
    expect(nllOfOptions([[0.25, 0.75]], [1])).toBeCloseTo(-Math.log(0.75), 12);
    expect(
      nllOf([
        { confidence: 0.5, correct: true, weight: 3 },
        { confidence: 1, correct: true },
      ]),
    ).toBeCloseTo(0.75 * Math.LN2, 12);
  });

  test("of all options: Brier's score and the error of each class", () => {
    expect(brierOfOptions([[0.5, 0.3, 0.2]], [0])).toBeCloseTo(0.25 + 0.09 + 0.04, 12);
    const rows = Array.from({ length: 10 }, () => [0.7, 0.3]);
    const truths = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
    expect(classwiseEce(rows, truths)).toMatchObject({ ece: expect.closeTo(0.1, 12), decides: false });
  });

  test("table holds every item once, in bins of equal mass that never divide equal confidences", () => {
    const confidence = fc.integer({ min: 0, max: 20 }).map((twentieth) => twentieth / 20);
    const items = fc.array(fc.record({ confidence, correct: fc.boolean() }), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(items, fc.integer(), (drawn, seed) => {
        const table = reliabilityTable(drawn, 5);
        expect(table.reduce((sum, row) => sum + row.items, 0)).toBe(drawn.length);
        expect(table.map(({ bin }) => bin)).toEqual(table.map((_, at) => at + 1));
        const means = table.map(({ meanConfidence }) => meanConfidence);
        expect(means).toEqual(means.toSorted((a, b) => a - b));
        for (const { accuracy } of table) {
          expect(accuracy.low).toBeLessThanOrEqual(accuracy.share + 1e-9);
          expect(accuracy.high).toBeGreaterThanOrEqual(accuracy.share - 1e-9);
        }
        // Nothing hangs on the order of equals.
        const again = adaptiveEce(shuffle(drawn, seededRandom(seed)), 5).ece;
        expect(again).toBeCloseTo(adaptiveEce(drawn, 5).ece, 9);
      }),
    );
    const sizes = reliabilityTable(Array.from({ length: 150 }, (_, i) => ({ confidence: i / 150, correct: true })));
    expect(sizes.map(({ items: count }) => count)).toEqual(new Array(15).fill(10));
  });

  test("of the surest fifth, with all that are as sure as its last", () => {
    const items = [0.9, 0.8, 0.8, 0.3, 0.2, 0.1].map((confidence, at) => ({ confidence, correct: at !== 1 }));
    expect(topReliability(items, 1 / 3)).toMatchObject({ items: 3, accuracy: { share: expect.closeTo(2 / 3, 12) } });
    expect(topReliability([])).toBeNull();
  });
});

describe("risk and coverage", () => {
  const items = [
    { score: 9, correct: true },
    { score: 8, correct: true },
    { score: 7, correct: false },
    { score: 6, correct: true },
  ];

  test("of four answers, by hand", () => {
    expect(riskCoverage(items).map(({ coverage, risk }) => [coverage, risk])).toEqual([
      [0.25, 0],
      [0.5, 0],
      [0.75, 1 / 3],
      [1, 0.25],
    ]);
    expect(aurc(items)).toBeCloseTo((1 / 3 + 1 / 4) / 4, 12);
    expect(excessAurc(items)).toBeCloseTo((1 / 3 + 1 / 4 - 1 / 4) / 4, 12);
    expect([coverageAt(items, 0.2), coverageAt(items, 0.25), coverageAt(items, 0)]).toEqual([0.5, 1, 0.5]);
  });

  test("of equal scores is the mean over their orders, and a perfect order has no excess", () => {
    const random = seededRandom(6);
    const tied = [true, true, false, false, true].map((correct) => ({ score: 1, correct }));
    let sum = 0;
    for (let draw = 0; draw < 4000; draw++) {
      sum += aurc(shuffle(tied, random).map(({ correct }, at) => ({ score: -at, correct })));
    }
    expect(aurc(tied)).toBeCloseTo(sum / 4000, 2);
    expect(riskCoverage(tied)).toEqual([{ score: 1, coverage: 1, risk: 0.4 }]);
    expect(coverageAt(tied, 0.39)).toBe(0);
    expect(excessAurc(tied)).toBeGreaterThan(0.05);
    expect(excessAurc(tied.map(({ correct }) => ({ score: Number(correct), correct })))).toBe(0);
  });
});

describe("deferral", () => {
  const item = (priority: number, small: number, large: number) => ({ priority, small, large, cost: 2 });

  test("of four items, by hand", () => {
    const items = [item(4, 0, 1), item(3, 1, 1), item(2, 0, 1), item(1, 1, 1)];
    const curve = deferralCurve(items);
    expect(curve.map(({ quality }) => quality)).toEqual([0.5, 0.75, 0.75, 1, 1]);
    expect(curve.map(({ cost }) => cost)).toEqual([0, 0.5, 1, 1.5, 2]);
    expect(gapClosed(curve)).toEqual([0, 0.5, 0.5, 1, 1]);
    expect(deferralOf(items)).toEqual({ small: 0.5, large: 1, apgr: 0.625, cpt50: 0.25, cpt80: 0.75 });
    expect(leastEscalated(curve, 1.2)).toBeNull();
  });

  test("without any order closes half of the gap, and a gain-based order may close more than all", () => {
    const random = seededRandom(8);
    const items = Array.from({ length: 500 }, () => item(0, Number(random() < 0.7), Number(random() < 0.8)));
    expect(deferralOf(items).apgr).toBeCloseTo(0.5, 9);
    const byGain = items.map((each) => ({ ...each, priority: each.large - each.small }));
    expect(deferralOf(byGain).apgr!).toBeGreaterThan(1);
    expect(Math.max(...gapClosed(deferralCurve(byGain))!)).toBeGreaterThan(1);
  });

  test("says nothing of a gap that is not there", () => {
    const items = [item(1, 1, 0), item(2, 0, 1), item(2, 0, 0), item(2, 1, 1)];
    expect(deferralOf(items)).toMatchObject({ apgr: null, cpt50: null, cpt80: null });
    expect(apgr(deferralCurve([item(1, 1, 0)]))).toBeNull();
  });
});
