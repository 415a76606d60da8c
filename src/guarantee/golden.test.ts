/** Against numbers that scipy made: test/golden/guarantee/certificate.py. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { binomialAtMost, lowerBound, upperBound } from "./binomial.ts";
import { certify } from "./certificate.ts";
import { gridFrom } from "./grid.ts";
import { hoeffdingBentkus } from "./losses.ts";
import { labelsForErrors, labelsForPower } from "./sample-size.ts";
import { calibrationSample, unlabelledSample } from "./samples.ts";

interface Fallback {
  readonly risk: number;
  readonly delta: number;
  readonly size: number;
  readonly thresholds: readonly number[];
  readonly chosen: { readonly [fact: string]: number } | null;
}

interface Golden {
  readonly atMost: readonly (readonly [number, number, number, number])[];
  readonly upper: readonly (readonly [number, number, number, number])[];
  readonly lower: readonly (readonly [number, number, number, number])[];
  readonly labelsForErrors: readonly (readonly [number, number, number, number])[];
  readonly labelsForPower: readonly (readonly [number, number, number, number, number])[];
  readonly hoeffdingBentkus: readonly (readonly [number, number, number, number])[];
  readonly unlabelled: readonly number[];
  readonly scores: readonly number[];
  readonly wrong: readonly number[];
  readonly few: number;
  readonly fallback: readonly Fallback[];
  readonly fallbackFew: Fallback;
}

const golden: Golden = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../test/golden/guarantee/certificate.json"), "utf8"),
);

const apart = (got: number, wanted: number): number => (wanted === 0 ? Math.abs(got) : Math.abs(got / wanted - 1));

function worst(cases: readonly (readonly number[])[], own: (...args: number[]) => number): number {
  return Math.max(...cases.map((each) => apart(own(...each.slice(0, -1)), each.at(-1)!)));
}

describe("scipy's numbers come out within 1e-9", () => {
  test("tails", () => expect(worst(golden.atMost, binomialAtMost as never)).toBeLessThan(1e-9));
  test("upper bounds", () => expect(worst(golden.upper, upperBound as never)).toBeLessThan(1e-9));
  test("lower bounds", () => expect(worst(golden.lower, lowerBound as never)).toBeLessThan(1e-9));
  test("Hoeffding-Bentkus", () => expect(worst(golden.hoeffdingBentkus, hoeffdingBentkus as never)).toBeLessThan(1e-9));

  test("sample sizes, exactly", () => {
    for (const [k, risk, delta, labels] of golden.labelsForErrors) expect(labelsForErrors(k, risk, delta)).toBe(labels);
    for (const [trueError, risk, delta, power, labels] of golden.labelsForPower)
      expect(labelsForPower({ trueError, risk, delta, power })?.labels).toBe(labels);
  });

  test("a number that is off by a millionth would show", () => {
    expect(worst(golden.upper, (k, n, delta) => upperBound(k!, n!, delta! * (1 + 1e-6)))).toBeGreaterThan(1e-9);
  });
});

describe("thresholds of the fallback procedure", () => {
  const traffic = unlabelledSample(golden.unlabelled.map((score, index) => ({ id: `u${index}`, score })));
  const labelled = golden.scores.map((score, index) => ({ id: `c${index}`, score, wrong: golden.wrong[index] === 1 }));

  function compare(expected: Fallback, items: typeof labelled): void {
    const { risk, delta, size, chosen } = expected;
    const grid = gridFrom(traffic, { size });
    expect(grid.thresholds).toEqual(expected.thresholds);
    const certificate = certify({ grid, sample: calibrationSample(items), risk, delta });
    if (chosen === null) expect(certificate.kind).toBe("not certifiable");
    else {
      expect(certificate.kind).toBe("certified");
      const got = certificate as unknown as Record<string, number>;
      for (const [fact, value] of Object.entries(chosen)) expect(apart(got[fact]!, value), fact).toBeLessThan(1e-9);
    }
  }

  test.each(golden.fallback)("at $risk and $delta, $size points", (expected) => compare(expected, labelled));
  test("with few labels", () => compare(golden.fallbackFew, labelled.slice(0, golden.few)));
});
