import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aurc, coverageAt, riskCoverage } from "../guarantee/risk-coverage.ts";
import { areaUnder, coverageWithin, localCurve, pointAt } from "./local-curve.ts";

const replies = fc.uniqueArray(
  fc.record({ p: fc.double({ min: 0, max: 1, noNaN: true, noDefaultInfinity: true }), correct: fc.boolean() }),
  { minLength: 1, maxLength: 40, selector: ({ p }) => p },
);

describe("the curve of the local rungs", () => {
  test("is the risk-coverage curve where there is one rung", () => {
    fc.assert(
      fc.property(replies, (said) => {
        const curve = localCurve(said.map((reply) => [reply]));
        const kept = said.map(({ p, correct }) => ({ score: p, correct }));
        expect(curve).toEqual(riskCoverage(kept));
        expect(areaUnder(curve)).toBeCloseTo(aurc(kept), 9);
        expect(coverageWithin(curve, 0.2)).toBe(coverageAt(kept, 0.2));
      }),
    );
  });

  test("lets the lowest rung answer that reaches the threshold, whatever a higher one said before", () => {
    const curve = localCurve([
      [
        { p: 0.6, correct: false },
        { p: 0.9, correct: true },
      ],
      [null, { p: 0.7, correct: true }],
    ]);
    expect(curve).toEqual([
      { score: 0.9, coverage: 0.5, risk: 0 },
      { score: 0.7, coverage: 1, risk: 0 },
      { score: 0.6, coverage: 1, risk: 0.5 },
    ]);
    expect(pointAt(curve, 0.65)).toEqual(curve[1]);
    expect(pointAt(curve, 0.95)).toBeNull();
  });

  test("ends where nothing local has an answer, and is nothing of nothing", () => {
    expect(localCurve([[{ p: 0.5, correct: true }], [null]])).toEqual([{ score: 0.5, coverage: 0.5, risk: 0 }]);
    expect(areaUnder(localCurve([[null]]))).toBeNull();
    expect(coverageWithin([], 1)).toBe(0);
  });

  test("keeps or drops equal ones together", () => {
    const curve = localCurve([[{ p: 0.5, correct: true }], [{ p: 0.5, correct: false }]]);
    expect(curve).toEqual([{ score: 0.5, coverage: 1, risk: 0.5 }]);
  });
});
