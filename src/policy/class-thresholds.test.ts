import { describe, expect, test } from "vitest";
import { seededRandom } from "../guarantee/random.ts";
import { type ClassTest, classThresholds, halfOf, nameOf, type ReadLabel } from "./class-thresholds.ts";

const version = { grid: [0.95, 0.9, 0.8, 0.7, 0.6], coverage: [0.2, 0.35, 0.55, 0.75, 0.9] };

/** A third of the items is answered `refund`, wrong in a share of `errs` of them. */
function labelsOf(count: number, seed: number, errs: number): readonly ReadLabel[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    const value = random() < 1 / 3 ? "refund" : "keep";
    const isWrong = random() < (value === "refund" ? errs : 0.01);
    const reading = [{ value, p: 0.6 + random() * 0.4 }];
    return { cluster: `c${seed}-${index}`, truth: isWrong ? "else" : value, reading };
  });
}

function refundOf(labels: readonly ReadLabel[], more: Partial<ClassTest> = {}): number | null {
  const usual = { version, labels, threshold: 0.7, classes: { refund: 0.05 }, delta: 0.05, attempt: 1 };
  return classThresholds({ ...usual, same: (a, b) => a === b, ...more }).refund!.threshold;
}

describe("the threshold of a dangerous answer", () => {
  test("is that of the others at least, where it is right", () => {
    expect(refundOf(labelsOf(1500, 1, 0))).toBeGreaterThanOrEqual(0.7);
    expect(refundOf(labelsOf(1500, 1, 0), { threshold: 0.9 })).toBeGreaterThanOrEqual(0.9);
  });

  test("is none where it errs more than it may, in all but a few of the draws", () => {
    const draws = Array.from({ length: 200 }, (_, seed) => refundOf(labelsOf(800, seed, 0.05)));
    expect(draws.filter((least) => least !== null).length).toBeLessThanOrEqual(0.05 * 200 + 2 * Math.sqrt(9.5));
    // (control) The same test passes where it errs less.
    const right = Array.from({ length: 50 }, (_, seed) => refundOf(labelsOf(1500, seed, 0.005)));
    expect(right.filter((least) => least !== null).length).toBeGreaterThan(40);
  });

  test("rests on what was answered so alone", () => {
    const labels = labelsOf(1500, 1, 0);
    const isRefund = ({ reading }: ReadLabel): boolean => reading[0]?.value === "refund";
    const spoilt = (which: (label: ReadLabel) => boolean) =>
      labels.map((label) => (which(label) ? { ...label, truth: "else" } : label));
    expect(refundOf(spoilt((label) => !isRefund(label)))).toBe(refundOf(labels));
    expect(refundOf(spoilt(isRefund))).toBeNull();
  });

  test("looks at the rung that decides at the threshold of all, and at no other", () => {
    const low = { value: "keep", p: 0.75 };
    const high = { value: "refund", p: 0.99 };
    const labels = Array.from({ length: 600 }, (_, index) => ({
      cluster: `c${index}`,
      truth: "refund",
      reading: [low, high],
    }));
    // At 0.7 the first decides, and never says refund; at 0.8 the second does.
    expect(refundOf(labels)).toBeNull();
    expect(refundOf(labels, { threshold: 0.8 })).not.toBeNull();
  });

  test("is none without labels, and needs more of them at each further attempt", () => {
    expect(refundOf([])).toBeNull();
    const labels = labelsOf(700, 1, 0);
    expect(refundOf(labels)).not.toBeNull();
    expect(refundOf(labels, { attempt: 100_000 })).toBeNull();
  });
});

test("clusters are cut in halves by their names alone", () => {
  const halves = Array.from({ length: 1000 }, (_, index) => halfOf(`c${index}`));
  expect(halves.filter((half) => half === 0).length).toBeGreaterThan(440);
  expect(halves.filter((half) => half === 0).length).toBeLessThan(560);
  expect(halfOf("c1")).toBe(halves[1]);
});

test("answers are named as the config names them", () => {
  expect([nameOf("yes"), nameOf(3), nameOf(true), nameOf({ a: 1 })]).toEqual(["yes", "3", "true", '{"a":1}']);
});
