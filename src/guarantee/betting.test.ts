import { describe, expect, test } from "vitest";
import { BettingTest, type Foreseen } from "./betting.ts";
import { seededRandom } from "./random.ts";

const points = 20;
const coverage = Array.from({ length: points }, (_, point) => (point + 1) / points);
/** Training items whose errors lie `factor` times the risk, the same at every threshold. */
const foreseenAt = (error: number): Foreseen => ({
  coverage,
  accepted: coverage.map((share) => 600 * share),
  wrong: coverage.map((share) => 600 * share * error),
});

interface World {
  readonly risk: number;
  /** Error of items that a champion lets stand, and of the others. */
  readonly low: number;
  readonly high: number;
  /** Share that the champion lets stand, and the probability with which those are labelled. */
  readonly champion: number;
  readonly propensity: number;
  readonly items: number;
  readonly forgetsWeights?: boolean;
}

/** Whether anything passes at any moment of a stream. Scores are uniform and say nothing beyond the two strata. */
function passes(seed: number, world: World, only?: number): boolean {
  const random = seededRandom(seed);
  const { risk, low, high, champion, propensity, items, forgetsWeights = false } = world;
  const test = new BettingTest({ risk, delta: 0.05, foreseen: foreseenAt(0.4 * risk) });
  for (let item = 0; item < items; item++) {
    const score = random();
    const stands = score < champion;
    const isWrong = random() < (stands ? low : high);
    const isLabelled = random() < (stands ? propensity : 1);
    if (!isLabelled) continue;
    const at = (point: number) => {
      const isUp = only === undefined ? score > coverage[point]! : point < only;
      return isUp ? ("up" as const) : isWrong ? ("wrong" as const) : ("right" as const);
    };
    test.observe({ at, propensity: stands && !forgetsWeights ? propensity : 1, least: propensity });
  }
  return test.passed() !== null;
}

function share(runs: number, world: World, only?: number): number {
  let passed = 0;
  for (let seed = 1; seed <= runs; seed++) if (passes(seed, world, only)) passed++;
  return passed / runs;
}

describe("the betting test", () => {
  const risk = 0.05;
  const even = { risk, low: risk, high: risk, champion: 0.6, propensity: 0.3, items: 2000 };

  test("passes what errs as often as the risk in at most 5 % of streams, however often one looks", () => {
    const bound = 0.05 + 2 * Math.sqrt((0.05 * 0.95) / 400);
    expect(share(400, even)).toBeLessThanOrEqual(bound);
    expect(share(400, { ...even, propensity: 1 })).toBeLessThanOrEqual(bound);
  });

  test("(control) passes most of what errs a third as often", () => {
    expect(share(60, { ...even, low: risk / 3, high: risk / 3 })).toBeGreaterThan(0.9);
  });

  // Where what the champion accepts errs more than the rest, its audits are few and count more.
  const strata = { ...even, low: 1.6 * risk, high: 0.1 * risk, items: 4000 };

  test("holds when what is seldom labelled errs more, because it is weighted", () => {
    expect(share(300, strata, points - 1)).toBeLessThanOrEqual(0.075);
  });

  test("(control) forgetting the weights would pass nearly everything there", () => {
    expect(share(60, { ...strata, forgetsWeights: true }, points - 1)).toBeGreaterThan(0.5);
  });

  test("hands its level on to looser thresholds, and never takes one back", () => {
    const test = new BettingTest({ risk, delta: 0.05, foreseen: foreseenAt(0.001) });
    let loosest = -1;
    for (let item = 0; item < 400; item++) {
      test.observe({ at: () => (item % 200 === 199 ? "wrong" : "right"), propensity: 1, least: 1 });
      const point = test.passed()?.point ?? -1;
      expect(point).toBeGreaterThanOrEqual(loosest);
      loosest = point;
    }
    expect(loosest).toBe(points - 1);
    expect(test.passed()).toMatchObject({ accepted: 400, wrong: 2, error: 0.005, effective: 400 });
  });

  test("needs some seventy clean labels at 5 %, and says how many more", () => {
    const test = new BettingTest({ risk, delta: 0.05, foreseen: { coverage: [1], accepted: [2000], wrong: [0] } });
    const foretold = test.moreItems()!;
    let needed = 0;
    while (!test.passed()) {
      test.observe({ at: () => "right", propensity: 1, least: 1 });
      needed++;
    }
    expect(needed).toBeGreaterThanOrEqual(59);
    expect(needed).toBeLessThan(75);
    expect(Math.abs(foretold - needed)).toBeLessThan(12);
  });

  test("foresees nothing where training errs as often as the risk", () => {
    expect(new BettingTest({ risk, delta: 0.05, foreseen: foreseenAt(0.06) }).moreItems()).toBeNull();
  });

  test.each([
    [{ propensity: 0.1, least: 0.3 }],
    [{ propensity: 0, least: 0 }],
    [{ propensity: Number.NaN, least: 0.1 }],
    [{ propensity: 1.5, least: 0.1 }],
  ])("refuses a label with %j: its weight would break the promise", (given) => {
    const test = new BettingTest({ risk, delta: 0.05, foreseen: foreseenAt(0.01) });
    expect(() => test.observe({ at: () => "right", ...given })).toThrow(/probability/);
  });
});
