import { describe, expect, test } from "vitest";
import { certify } from "./certificate.ts";
import { certifyClasses, certifyFamily, mayStandInClass, type PredictedLabel } from "./family.ts";
import { gridFrom } from "./grid.ts";
import { seededRandom } from "./random.ts";
import { type CalibrationSample, calibrationSample, type LabelledItem, unlabelledSample } from "./samples.ts";

const RISK = 0.05;

function draw(count: number, name: string, error: number, random: () => number): LabelledItem[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${name}${index}`,
    score: random(),
    wrong: random() < error,
  }));
}

describe("twenty step types, one with ten times the error", () => {
  // Scores that say nothing, so that every threshold of a type has the error of the type.
  const random = seededRandom(3);
  const RUNS = 60;
  const errors = Array.from({ length: 20 }, (_, type) => (type === 7 ? 0.1 : 0.01));
  let [bad, others, naive] = [0, 0, 0];
  for (let run = 0; run < RUNS; run++) {
    const types = new Map(
      errors.map((error, type) => {
        const grid = gridFrom(unlabelledSample(draw(100, `u${type}-`, error, random)), { size: 20 });
        return [
          `${type}`,
          { grid, sample: calibrationSample(draw(600, `c${type}-`, error, random)), risk: RISK },
        ] as const;
      }),
    );
    const { certificates } = certifyFamily(types, { delta: 0.05, joint: "together" });
    const passed = [...certificates]
      .filter(([, certificate]) => certificate.kind === "certified")
      .map(([name]) => name);
    if (passed.includes("7")) bad++;
    others += passed.length;
    if (hopeful(types.get("7")!.sample)) naive++;
  }

  test("the bad one is not certified, in at least 95 % of runs", () => {
    // Only its promise can be broken, so that this is the rate at which any of the twenty is.
    expect(bad / RUNS).toBeLessThanOrEqual(0.05);
    expect(others / RUNS).toBeGreaterThan(17);
  });

  test("a selector that believes in a few clean labels lets it through", () => {
    expect(naive / RUNS).toBeGreaterThan(0.3);
  });

  /** Whether the share of errors seen is within the risk at some threshold. */
  function hopeful({ items, scores }: CalibrationSample): boolean {
    const order = scores.map((_, index) => index).sort((a, b) => scores[b]! - scores[a]!);
    let wrong = 0;
    return order.some((index, before) => {
      if (items[index]!.wrong) wrong++;
      return before >= 9 && wrong / (before + 1) <= RISK;
    });
  }
});

describe("the confidence of several promises", () => {
  const random = seededRandom(4);
  const grid = gridFrom(unlabelledSample(draw(100, "u", 0, random)));
  const sample = calibrationSample(draw(70, "c", 0, random));
  const types = new Map(["a", "b", "c"].map((name) => [name, { grid, sample, risk: RISK }]));

  test("is shared when they hold together, and costs labels", () => {
    const [together, apart] = (["together", "apart"] as const).map((joint) =>
      certifyFamily(types, { delta: 0.05, joint }),
    );
    expect(together!.each).toBeCloseTo(0.05 / 3, 12);
    expect(together!.wording).toBe("With probability at least 95 % all 3 promises hold at once.");
    expect(apart!.each).toBe(0.05);
    expect(apart!.wording).toContain("that all of them hold is not promised");
    expect(together!.certificates.get("b")).toEqual(certify({ ...types.get("b")!, delta: 0.05 / 3 }));
    // 70 clean labels: enough for 5 % at 0.05 and not at 0.05 / 3.
    expect([apart!.certificates.get("a")!.kind, together!.certificates.get("a")!.kind]).toEqual([
      "certified",
      "not certifiable",
    ]);
  });
});

describe("answers with a certificate of their own", () => {
  const random = seededRandom(9);
  const tickets = (count: number, name: string, refunds: number): PredictedLabel[] =>
    Array.from({ length: count }, (_, index) => {
      const predicted = random() < refunds ? "refund" : index % 2 ? "card" : "cash";
      return {
        id: `${name}${index}`,
        score: random(),
        predicted,
        wrong: random() < (predicted === "refund" ? 0.12 : 0.005),
      };
    });
  const certificates = (refunds: number): ReturnType<typeof certifyClasses> =>
    certifyClasses({
      unlabelled: tickets(400, "u", refunds),
      labelled: tickets(800, "c", refunds),
      risk: 0.05,
      dangerous: new Map([["refund", 0.02]]),
      delta: 0.05,
      joint: "together",
    });

  test("do not stand when their own error is too high, while the rest does", () => {
    const classes = certificates(0.1);
    expect(classes.certificates.get("refund")).toMatchObject({ kind: "not certifiable", risk: 0.02, delta: 0.025 });
    expect(mayStandInClass(classes, { id: "x", score: 1, predicted: "refund" })).toBe(false);
    expect(mayStandInClass(classes, { id: "x", score: 1, predicted: "card" })).toBe(true);
  });

  test("would stand in one certificate for all, which hides the class", () => {
    const all = tickets(1200, "t", 0.1).map((item, index) => ({ ...item, id: `${index}` }));
    const grid = gridFrom(unlabelledSample(all.slice(0, 400)));
    expect(certify({ grid, sample: calibrationSample(all.slice(400)), risk: 0.05, delta: 0.05 }).kind).toBe(
      "certified",
    );
  });

  test("do not stand without a label of theirs", () => {
    const classes = certificates(0);
    expect(classes.certificates.get("refund")).toMatchObject({ why: "no scores" });
    for (const predicted of ["refund", "transfer", ""])
      expect(mayStandInClass(classes, { id: "x", score: 1, predicted })).toBe(false);
  });

  test("are not promised less than the rest", () => {
    const options = { unlabelled: [], labelled: [], risk: 0.05, delta: 0.05, joint: "apart" } as const;
    expect(() => certifyClasses({ ...options, dangerous: new Map([["refund", 0.1]]) })).toThrow(
      expect.objectContaining({ code: "class_risk" }),
    );
  });
});
