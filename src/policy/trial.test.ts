import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Label } from "../core/label.ts";
import { seededRandom } from "../guarantee/random.ts";
import { halfOf } from "./class-thresholds.ts";
import type { LocalVersion, Said } from "./local-version.ts";
import { Trial, type TrialPassed } from "./trial.ts";

const version: LocalVersion = {
  key: "k",
  members: [],
  grid: [0.95, 0.9, 0.8, 0.7, 0.6],
  coverage: [0.2, 0.35, 0.55, 0.75, 0.9],
  accepted: [40, 70, 110, 150, 180],
  wrong: [0, 1, 2, 4, 6],
  trainedOn: 200,
  upTo: 200,
};
const settings = { risk: 0.1, delta: 0.05, classes: {}, same: (a: unknown, b: unknown) => a === b };

function label(number: number, more: Partial<Label> = {}): Label {
  return {
    number,
    seq: number,
    made: 0,
    at: 0,
    question: "q",
    version: "v",
    cluster: `c${number}`,
    about: "",
    sample: "random",
    propensity: 1,
    key: null,
    stood: null,
    decision: null,
    answer: { value: "yes", source: "known", by: "test" },
    ...more,
  };
}

/** Two members, each sure of something now and then; `errs` of what they say is wrong. */
function reading(random: () => number, errs: number, wrong = "no"): (Said | null)[] {
  const one = (): Said | null =>
    random() < 0.2 ? null : { value: random() < errs ? wrong : "yes", p: 0.5 + random() * 0.5 };
  return [one(), one()];
}

function fed(count: number, seed: number, errs: number, more: Partial<typeof settings> = {}) {
  const random = seededRandom(seed);
  const trial = new Trial(version, 200, [], { ...settings, ...more });
  const items = Array.from({ length: count }, (_, index) => ({
    label: label(201 + index),
    reading: reading(random, errs),
  }));
  let passedAt: number | null = null;
  for (const [index, item] of items.entries()) {
    trial.add(item.label, item.reading);
    if (passedAt === null && trial.test().kind === "certified") passedAt = index + 1;
  }
  return { trial, items, passedAt };
}

describe("a version on trial", () => {
  test("is judged by what the first rung to reach the threshold says, as a count by hand has it", () => {
    let certified = 0;
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 100, max: 400 }), (seed, count) => {
        const { trial, items } = fed(count, seed, 0.02);
        const found = trial.test();
        if (found.kind !== "certified") return;
        certified++;
        let [accepted, wrong] = [0, 0];
        for (const { reading } of items) {
          const said = reading.find((one) => one !== null && one.p >= found.threshold);
          if (!said) continue;
          accepted++;
          if (said.value !== "yes") wrong++;
        }
        expect(found).toMatchObject({ accepted, wrong, labels: count, threshold: version.grid[found.step] });
        expect(found.error).toBeCloseTo(wrong / accepted, 12);
      }),
      { seed: 1, numRuns: 40 },
    );
    expect(certified).toBeGreaterThan(20);
  });

  test("at the very error that it may not have passes in few of the draws, looked at after every label", () => {
    const passed = (errs: number, draws: number) =>
      Array.from({ length: draws }, (_, seed) => fed(400, seed, errs).passedAt).filter((at) => at !== null).length;
    expect(passed(0.1, 200)).toBeLessThanOrEqual(0.05 * 200 + 2 * Math.sqrt(9.5));
    expect(passed(0.2, 60)).toBe(0);
    // (control) It passes where it errs less.
    expect(passed(0.02, 20)).toBe(20);
  });

  test("wants labels that came later, are no duplicates, and had a known chance to be there", () => {
    const trained = [label(50, { cluster: "seen" }), label(250, { cluster: "not in the training" })];
    const trial = new Trial(version, 200, trained, settings);
    const wants = (number: number, more: Partial<Label> = {}): boolean => trial.wants(label(number, more));
    expect([wants(200), wants(201)]).toEqual([false, true]);
    expect([wants(300, { cluster: "seen" }), wants(300, { cluster: "not in the training" })]).toEqual([false, true]);
    expect([
      wants(300, { sample: "audit", propensity: 0.1 }),
      wants(300, { sample: "audit", propensity: null }),
    ]).toEqual([true, false]);
    expect([wants(300, { sample: "chosen" }), wants(300, { sample: "history" })]).toEqual([false, false]);
    trial.add(label(300), [null, null]);
    expect(wants(301, { cluster: "c300" })).toBe(false);
  });

  test("behind an alarm looks at what came after it alone", () => {
    const trial = new Trial(version, 900, [], settings);
    expect([trial.wants(label(900)), trial.wants(label(901))]).toEqual([false, true]);
  });

  test("passes by nothing but labels: none, and readings without an answer, certify nothing", () => {
    const trial = new Trial(version, 200, [], settings);
    expect(trial.test()).toMatchObject({ kind: "not certifiable", labels: 0 });
    for (let number = 201; number < 900; number++) trial.add(label(number), [null, null]);
    expect(trial.test()).toMatchObject({ kind: "not certifiable", labels: 699 });
  });

  test("weighs an audit by how rarely it was drawn: the errors of what stood count for all beside it", () => {
    const run = (wrongAudits: boolean): string => {
      const trial = new Trial(version, 200, [], settings);
      const random = seededRandom(4);
      for (let number = 201; number < 1000; number++) {
        const isAudit = random() < 0.2;
        const wrong = isAudit && wrongAudits && random() < 0.4;
        const said = [{ value: wrong ? "no" : "yes", p: 0.97 }, null];
        const propensity = 0.1;
        trial.add(label(number, { sample: isAudit ? "audit" : "escalated", propensity }), said);
      }
      return trial.test().kind;
    };
    // Unweighted, 8 % of all labels are wrong, which would pass.
    expect(run(true)).toBe("not certifiable");
    expect(run(false)).toBe("certified");
  });
});

describe("dangerous answers on trial", () => {
  const withRefunds = (count: number, errs: number, each: (trial: Trial) => void = () => {}) => {
    const random = seededRandom(9);
    const trial = new Trial(version, 200, [], { ...settings, classes: { no: 0.05 } });
    for (let number = 201; number < 201 + count; number++) {
      const value = random() < 1 / 3 ? "no" : "yes";
      const truth = value === "no" && random() < errs ? "yes" : value;
      const answer = { value: truth, source: "known", by: "test" } as const;
      trial.add(label(number, { answer }), [{ value, p: 0.6 + 0.4 * random() }]);
      each(trial);
    }
    return trial.test() as TrialPassed;
  };

  test("are tested by themselves: wrong ones have no threshold, and do not weigh on the rest", () => {
    expect(withRefunds(900, 0.3)).toMatchObject({ kind: "certified", wrong: 0, classes: { no: { threshold: null } } });
    expect(withRefunds(2600, 0).classes.no?.threshold).toBeGreaterThan(0.5);
  });

  test("are tested on the half of the clusters that the others are not", () => {
    const found = withRefunds(900, 0);
    const first = Array.from({ length: 900 }, (_, index) => halfOf(`c${201 + index}`)).filter((half) => half === 0);
    expect(found.accepted).toBeLessThan(first.length);
    expect(found.accepted).toBeGreaterThan(first.length / 3);
  });

  test("keep their threshold however often one looks, since both are tested anew only with twice the labels", () => {
    const found = withRefunds(2600, 0, (trial) => void trial.test());
    expect(found.classes.no?.threshold).not.toBeNull();
  });
});
