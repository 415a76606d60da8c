import { describe, expect, test } from "vitest";
import { bootstrap, compareVersions, exactMcNemar } from "./bootstrap.ts";
import { classReport } from "./class-report.ts";
import { seededRandom } from "./random.ts";

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("bootstrap", () => {
  test("covers the true mean about as often as it says", () => {
    const random = seededRandom(1);
    let covered = 0;
    for (let run = 0; run < 200; run++) {
      const items = Array.from({ length: 60 }, random);
      const { low, high } = bootstrap(items, mean, { draws: 300, seed: run });
      if (low <= 0.5 && high >= 0.5) covered++;
    }
    expect(covered).toBeGreaterThan(178);
    expect(covered).toBeLessThan(200);
  });

  test("is wide by the number of clusters, not of copies", () => {
    const random = seededRandom(2);
    const items = Array.from({ length: 30 }, (_, at) => ({ at, value: random() })).flatMap((item) =>
      Array.from({ length: 20 }, () => item),
    );
    const statistic = (sample: readonly { value: number }[]): number => mean(sample.map(({ value }) => value));
    const copies = bootstrap(items, statistic, { draws: 400 });
    const clustered = bootstrap(items, statistic, { draws: 400, clusterOf: ({ at }) => String(at) });
    expect(clustered.clusters).toBe(30);
    expect(clustered.estimate).toBe(copies.estimate);
    expect(clustered.high - clustered.low).toBeGreaterThan(3 * (copies.high - copies.low));
  });

  test("is the same for the same seed, and leaves out draws without a figure", () => {
    const once = bootstrap([1, 2, 4, 8], mean, { seed: 5 });
    expect(bootstrap([1, 2, 4, 8], mean, { seed: 5 })).toEqual(once);
    expect(bootstrap([1, 2, 4, 8], mean, { seed: 6 })).not.toEqual(once);
    const ratio = bootstrap([0, 1], (sample) => mean(sample.filter((value) => value === 1)), { draws: 100 });
    expect(ratio).toMatchObject({ low: 1, high: 1 });
    expect(() => bootstrap([], mean)).toThrow("nothing to draw from");
  });
});

describe("two versions", () => {
  const outcomes = (both: number, fixed: number, broken: number) =>
    Array.from({ length: both + fixed + broken }, (_, at) => ({
      id: `item ${at}`,
      before: at < both || at >= both + fixed,
      after: at < both + fixed,
    }));

  test("are compared item by item, with the list of what changed", () => {
    const comparison = compareVersions(outcomes(180, 16, 4));
    expect(comparison).toMatchObject({ items: 200, accuracyBefore: 0.92, accuracyAfter: 0.98 });
    expect(comparison.difference.estimate).toBeCloseTo(0.06, 12);
    expect(comparison.difference.low).toBeGreaterThan(0);
    expect(comparison.p).toBeLessThan(0.02);
    expect(comparison.fixed).toHaveLength(16);
    expect(comparison.broken).toEqual(["item 196", "item 197", "item 198", "item 199"]);
  });

  test("that change as much for better as for worse do not differ", () => {
    const { difference, p } = compareVersions(outcomes(180, 10, 10));
    expect(difference.low).toBeLessThan(0);
    expect(difference.high).toBeGreaterThan(0);
    expect(p).toBe(1);
  });

  test("copies of one case widen the interval", () => {
    const alone = outcomes(40, 6, 0);
    const copied = alone.flatMap((outcome) => Array.from({ length: 10 }, () => ({ ...outcome, cluster: outcome.id })));
    const width = ({ difference }: ReturnType<typeof compareVersions>): number => difference.high - difference.low;
    const unnamed = copied.map(({ id, before, after }) => ({ id, before, after }));
    expect(width(compareVersions(copied))).toBeGreaterThan(2 * width(compareVersions(unnamed)));
  });

  test("McNemar's exact p-value is scipy's", () => {
    expect(exactMcNemar(5, 13)).toBeCloseTo(0.09625244140625, 12);
    expect(exactMcNemar(8, 1)).toBeCloseTo(0.0390625, 12);
    expect(exactMcNemar(0, 0)).toBe(1);
  });
});

describe("class report", () => {
  const of = (truth: string, predicted: string | null, times: number) =>
    Array.from({ length: times }, () => ({ truth, predicted }));
  const items = [...of("a", "a", 6), ...of("a", "b", 2), ...of("b", "b", 3), ...of("b", null, 1)];

  test("counts each class, and no answer as a miss", () => {
    const report = classReport(items, ["a", "b", "c"]);
    expect(report).toMatchObject({ items: 12, answered: 11, accuracy: 0.75 });
    expect(report.classes).toEqual([
      { name: "a", support: 8, claimed: 6, right: 6, precision: 1, recall: 0.75, f1: expect.closeTo(6 / 7, 12) },
      { name: "b", support: 4, claimed: 5, right: 3, precision: 0.6, recall: 0.75, f1: expect.closeTo(2 / 3, 12) },
      { name: "c", support: 0, claimed: 0, right: 0, precision: null, recall: null, f1: null },
    ]);
    expect(report.confusions).toEqual([{ truth: "a", predicted: "b", items: 2 }]);
    expect(report.macroF1).toBeCloseTo((6 / 7 + 2 / 3) / 2, 12);
    expect(report.weightedF1).toBeCloseTo((8 * (6 / 7) + 4 * (2 / 3)) / 12, 12);
  });

  test("of nothing is unknown, and a class that only answers name is in it", () => {
    expect(classReport([])).toMatchObject({ accuracy: null, macroF1: null, classes: [] });
    expect(classReport(of("a", "z", 1)).classes.map(({ name, f1 }) => [name, f1])).toEqual([
      ["a", 0],
      ["z", 0],
    ]);
  });
});
