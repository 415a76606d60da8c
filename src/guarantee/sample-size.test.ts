import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binomialAtMost } from "./binomial.ts";
import { labelsForErrors, labelsForPower, moreLabelsBuy, mostErrors } from "./sample-size.ts";

describe("labels among accepted items", () => {
  test.each([
    [0.01, [299, 473, 628, 1049, 1693], 459],
    [0.02, [149, 236, 313, 523, 845], 228],
    [0.05, [59, 93, 124, 208, 336], 90],
    [0.005, [598, 947, 1258, 2100, 3389], 919],
  ])("for %d, with 0, 1, 2, 5 and 10 errors", (risk, labels, strict) => {
    expect([0, 1, 2, 5, 10].map((errors) => labelsForErrors(errors, risk, 0.05))).toEqual(labels);
    expect(labelsForErrors(0, risk, 0.01)).toBe(strict);
  });

  test("for 20 step types together: 297 clean ones for 2 %", () => {
    expect(labelsForErrors(0, 0.02, 0.05 / 20)).toBe(297);
  });

  test("are the fewest that do, and the errors the most that may be", () => {
    fc.assert(
      fc.property(
        fc.nat(40),
        fc.double({ min: 0.002, max: 0.5, noNaN: true }),
        fc.double({ min: 1e-4, max: 0.3, noNaN: true }),
        (errors, risk, delta) => {
          const labels = labelsForErrors(errors, risk, delta);
          expect(binomialAtMost(errors, labels, risk)).toBeLessThanOrEqual(delta * (1 + 1e-6));
          expect(binomialAtMost(errors, labels - 1, risk)).toBeGreaterThan(delta);
          expect(mostErrors(labels + 1, risk, delta)).toBeGreaterThanOrEqual(errors);
          expect(mostErrors(labels - 1, risk, delta)).toBe(errors - 1);
        },
      ),
    );
  });

  test("for nine chances of ten really give them", () => {
    const { labels, errors } = labelsForPower({ trueError: 0.01, risk: 0.02, delta: 0.05 })!;
    expect(binomialAtMost(errors, labels, 0.01)).toBeGreaterThanOrEqual(0.9);
    expect(binomialAtMost(errors, labels, 0.02)).toBeLessThanOrEqual(0.05);
    // One label less allows one error less.
    expect(binomialAtMost(mostErrors(labels - 1, 0.02, 0.05), labels - 1, 0.01)).toBeLessThan(0.9);
  });

  test("do not exist for an error at the risk", () => {
    expect(labelsForPower({ trueError: 0.02, risk: 0.02, delta: 0.05 })).toBeNull();
  });

  test.each([-1, 0.5, Number.NaN])("%d errors are a mistake", (errors) => {
    expect(() => labelsForErrors(errors, 0.02, 0.05)).toThrow(expect.objectContaining({ code: "counts" }));
  });
});

describe("what more labels buy", () => {
  test("is a better chance and a tighter bound when the error is below the risk", () => {
    const rows = moreLabelsBuy({
      accepted: 300,
      errors: 3,
      coverage: 0.5,
      risk: 0.02,
      delta: 0.05,
      more: [0, 1000, 4000],
    });
    expect(rows.map(({ accepted }) => accepted)).toEqual([300, 800, 2300]);
    expect(rows[0]!.chance).toBeLessThan(rows[1]!.chance);
    expect(rows[1]!.chance).toBeLessThan(rows[2]!.chance);
    expect(rows[2]!.bound).toBeLessThan(rows[0]!.bound);
  });

  test("is nothing when it is above", () => {
    const rows = moreLabelsBuy({ accepted: 300, errors: 12, coverage: 1, risk: 0.02, delta: 0.05, more: [0, 10_000] });
    expect(rows[1]!.chance).toBeLessThan(0.001);
  });

  test("without a label so far is unknown, not certain", () => {
    const [row] = moreLabelsBuy({ accepted: 0, errors: 0, coverage: 1, risk: 0.02, delta: 0.05, more: [10] });
    expect(row).toMatchObject({ accepted: 10, allowed: -1, chance: 0 });
  });
});
