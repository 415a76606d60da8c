import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Certificate, type Certified, certify, certifyNested, mayStand, ownLevels } from "./certificate.ts";
import { type Grid, gridFrom } from "./grid.ts";
import { seededRandom, shuffle } from "./random.ts";
import { labelsForErrors } from "./sample-size.ts";
import { calibrationSample, type LabelledItem, type ScoredItem, tuneSample, unlabelledSample } from "./samples.ts";

const traffic = (count: number, score: (index: number) => number = (index) => index / count): ScoredItem[] =>
  Array.from({ length: count }, (_, index) => ({ id: `u${index}`, score: score(index) }));
const grid = gridFrom(unlabelledSample(traffic(300)));

/** Scores spread evenly, the lowest `wrong` of them wrong. */
const labels = (count: number, wrong = 0): LabelledItem[] =>
  traffic(count).map((item, index) => ({ ...item, id: `c${index}`, wrong: index < wrong }));

const certifyAt = (risk: number, items: readonly LabelledItem[], on: Grid = grid): Certificate =>
  certify({ grid: on, sample: calibrationSample(items), risk, delta: 0.05 });

function certified(certificate: Certificate): Certified {
  if (certificate.kind !== "certified") throw new Error(JSON.stringify(certificate));
  return certificate;
}

describe("a certificate", () => {
  test("of clean labels lets everything stand that the grid knows", () => {
    const { gridIndex, coverage, accepted, errors, level } = certified(certifyAt(0.05, labels(500)));
    expect({ gridIndex, coverage, errors }).toEqual({ gridIndex: 49, coverage: 1, errors: 0 });
    expect(accepted).toBeGreaterThan(490);
    expect(level).toBeCloseTo(0.05 * (0.4 + 0.6), 12);
  });

  test("keeps its threshold above where the errors are", () => {
    const certificate = certified(certifyAt(0.05, labels(1000, 200)));
    expect(certificate.coverage).toBeGreaterThan(0.78);
    expect(certificate.errors / certificate.accepted).toBeLessThan(0.05);
    expect(certificate.upper).toBeLessThan(0.06);
    expect(mayStand(certificate, { id: "x", score: 0.95 })).toBe(true);
    expect(mayStand(certificate, { id: "x", score: 0.1 })).toBe(false);
  });

  test("fails closed without a score", () => {
    const certificate = certifyAt(0.05, labels(500));
    for (const score of [Number.NaN, null, undefined, Number.POSITIVE_INFINITY])
      expect(mayStand(certificate, { id: "x", ...(score !== undefined && { score }) })).toBe(false);
    expect(mayStand(certificate, { id: "x", score: 0.5 })).toBe(true);
  });

  test("counts items without a score, and never accepts them", () => {
    const unscored = Array.from({ length: 50 }, (_, index) => ({ id: `n${index}`, score: Number.NaN, wrong: true }));
    const [plain, more] = [
      certified(certifyAt(0.05, labels(500))),
      certified(certifyAt(0.05, [...labels(500), ...unscored])),
    ];
    expect(more.unscored).toBe(50);
    expect([more.accepted, more.errors]).toEqual([plain.accepted, plain.errors]);
    const half = gridFrom(unlabelledSample(traffic(300, (index) => (index % 2 ? index / 300 : Number.NaN))));
    expect(certified(certifyAt(0.05, labels(500), half)).coverage).toBe(0.5);
  });

  test("does not tighten by a burst of one state", () => {
    const few = labels(40);
    const burst = Array.from({ length: 5000 }, (_, index) => ({
      id: `b${index}`,
      cluster: "c39",
      score: 39 / 40,
      wrong: false,
    }));
    const apart = burst.map(({ id, score, wrong }) => ({ id, score, wrong }));
    expect(certifyAt(0.05, few).kind).toBe("not certifiable");
    expect(certifyAt(0.05, [...few, ...burst])).toEqual(certifyAt(0.05, few));
    expect(certifyAt(0.05, [...few, ...apart]).kind).toBe("certified");
  });
});

describe("a grid", () => {
  test("is not made of calibration items", () => {
    expect(() => gridFrom(calibrationSample(labels(100)))).toThrow(expect.objectContaining({ code: "grid_leak" }));
  });

  test("that has seen some of the calibration items under another role is refused", () => {
    const leaking = gridFrom(unlabelledSample([...traffic(300), ...labels(500).slice(0, 3)]));
    expect(() => certifyAt(0.05, labels(500), leaking)).toThrow(expect.objectContaining({ code: "grid_leak" }));
    expect(certifyAt(0.05, labels(500).slice(3), leaking).kind).toBe("certified");
  });

  test("knows a calibration item by its cluster as well", () => {
    const repeats = gridFrom(unlabelledSample([...traffic(300), { id: "other", cluster: "c7", score: 0.5 }]));
    expect(() => certifyAt(0.05, labels(500), repeats)).toThrow(expect.objectContaining({ code: "grid_leak" }));
  });

  test("may come from tune scores, and goes to JSON and back", () => {
    const tuned: Grid = JSON.parse(JSON.stringify(gridFrom(tuneSample(traffic(300)))));
    expect(certifyAt(0.05, labels(500), tuned)).toEqual(certifyAt(0.05, labels(500)));
  });

  test("has one threshold a score when there are few, and none without", () => {
    expect(gridFrom(unlabelledSample(traffic(3))).coverage).toEqual([1 / 3, 2 / 3, 1]);
    const empty = gridFrom(unlabelledSample([{ id: "u", score: null }]));
    expect(certifyAt(0.05, labels(500), empty)).toMatchObject({
      kind: "not certifiable",
      why: "no scores",
      moreLabels: null,
    });
  });

  test("certifies nothing with labels of another role", () => {
    const tuned = tuneSample(labels(500)) as never;
    expect(() => certify({ grid, sample: tuned, risk: 0.05, delta: 0.05 })).toThrow(
      expect.objectContaining({ code: "sample_role" }),
    );
  });
});

describe("what is not certifiable", () => {
  test("says how many labels are missing, and with them it passes if none is wrong", () => {
    const refusal = certifyAt(0.05, labels(40));
    expect(refusal).toMatchObject({ kind: "not certifiable", why: "too few labels", moreLabels: 19 });
    expect(mayStand(refusal, { id: "x", score: 1 })).toBe(false);
    const all = { coverage: [1], risk: 0.05, delta: 0.05 };
    expect(certifyNested({ ...all, labels: 59, at: () => ({ accepted: 59, errors: 0 }) }).kind).toBe("certified");
    expect(certifyNested({ ...all, labels: 58, at: () => ({ accepted: 58, errors: 0 }) }).kind).toBe("not certifiable");
  });

  test("for its errors projects the labels that pass nine times of ten", () => {
    // 3 % wrong, whatever the score; the risk is 4 %.
    const at = (point: number): { accepted: number; errors: number } => ({
      accepted: 8 * (point + 1),
      errors: Math.round(0.24 * (point + 1)),
    });
    const coverage = Array.from({ length: 50 }, (_, point) => (point + 1) / 50);
    const refusal = certifyNested({ coverage, labels: 400, risk: 0.04, delta: 0.05, at });
    if (refusal.kind !== "not certifiable" || refusal.moreLabels === null) throw new Error(JSON.stringify(refusal));
    expect(refusal.why).toBe("too many errors");
    const total = 400 + refusal.moreLabels;
    const random = seededRandom(5);
    let passed = 0;
    for (let run = 0; run < 60; run++) {
      const error = refusal.assumes!.error;
      let [errors, drawn] = [0, 0];
      const counts = coverage.map((share) => {
        for (; drawn < Math.round(share * total); drawn++) if (random() < error) errors++;
        return { accepted: drawn, errors };
      });
      if (
        certifyNested({ coverage, labels: total, risk: 0.04, delta: 0.05, at: (point) => counts[point]! }).kind ===
        "certified"
      )
        passed++;
    }
    expect(passed).toBeGreaterThanOrEqual(48);
  });

  test("at an error above the risk everywhere asks for no labels", () => {
    const wrong = labels(500).map((item, index) => ({ ...item, wrong: index % 5 === 0 }));
    expect(certifyAt(0.05, wrong)).toMatchObject({ why: "too many errors", moreLabels: null, assumes: null });
  });

  test.each([0, 1, -0.1, Number.NaN])("a risk or delta of %d is a mistake", (odd) => {
    const sample = calibrationSample(labels(100));
    expect(() => certify({ grid, sample, risk: odd, delta: 0.05 })).toThrow(expect.objectContaining({ code: "risk" }));
    expect(() => certify({ grid, sample, risk: 0.05, delta: odd })).toThrow(expect.objectContaining({ code: "delta" }));
  });

  test("levels add up to delta at most", () => {
    const sample = calibrationSample(labels(100));
    const levels = grid.thresholds.map(() => 0.002);
    expect(() => certify({ grid, sample, risk: 0.05, delta: 0.05, levels })).toThrow(
      expect.objectContaining({ code: "levels" }),
    );
  });
});

describe("equal scores", () => {
  /** 60 % at 1.00, of which 3 % wrong; the others at two decimals, 25 % wrong. */
  const draw = (count: number, name: string, random: () => number): LabelledItem[] =>
    Array.from({ length: count }, (_, index) => {
      const sure = random() < 0.6;
      const score = sure ? 1 : Math.floor(random() * 100) / 100;
      return { id: `${name}${index}`, score, wrong: random() < (sure ? 0.03 : 0.25) };
    });

  test("with a heap at 1.00 are cut, the block is reported, coverage and risk hold", () => {
    const random = seededRandom(11);
    let [inside, violated, certificates] = [0, 0, 0];
    for (let run = 0; run < 150; run++) {
      const on = gridFrom(unlabelledSample(draw(300, `u${run}-`, random)));
      const certificate = certifyAt(0.06, draw(400, `c${run}-`, random), on);
      if (certificate.kind !== "certified") continue;
      certificates++;
      const { threshold, coverage, tie } = certificate;
      const fresh = draw(1000, `f${run}-`, random).filter((item) => mayStand(certificate, item)).length / 1000;
      expect(Math.abs(fresh - coverage)).toBeLessThan(0.15);
      if (tie.score === 1) {
        inside++;
        expect(tie.share).toBeGreaterThan(0.45);
        expect(tie.accepted * tie.share).toBeCloseTo(coverage, 9);
        // Without the jitter the whole block would stand.
        if (tie.accepted < 0.5) expect(tie.share - fresh).toBeGreaterThan(0.1);
      }
      const below = Math.max(0, Math.ceil((1 - threshold) * 100)) / 100;
      if ((0.6 * 0.03 + 0.4 * 0.25 * below) / (0.6 + 0.4 * below) > 0.06 && tie.score < 1) violated++;
    }
    expect(inside).toBeGreaterThan(10);
    expect(violated / certificates).toBeLessThanOrEqual(0.05 + 2 * Math.sqrt((0.05 * 0.95) / certificates));
  });
});

describe("whatever the labels", () => {
  const items = fc
    .array(fc.record({ score: fc.double({ min: 0, max: 1, noNaN: true }), wrong: fc.integer({ min: 0, max: 19 }) }), {
      minLength: 20,
      maxLength: 300,
    })
    // Wrong more often at low scores.
    .map((all) => all.map(({ score, wrong }, index) => ({ id: `c${index}`, score, wrong: wrong < 6 * (1 - score) })));
  const pointOf = (certificate: Certificate): number => (certificate.kind === "certified" ? certificate.gridIndex : -1);

  test("a label that turns from right to wrong never loosens the threshold", () => {
    fc.assert(
      fc.property(items, fc.nat(), fc.constantFrom(0.05, 0.1, 0.2), (all, turned, risk) => {
        const worse = all.map((item, index) => (index === turned % all.length ? { ...item, wrong: true } : item));
        expect(pointOf(certifyAt(risk, worse))).toBeLessThanOrEqual(pointOf(certifyAt(risk, all)));
      }),
    );
  });

  // With the starts held: by default they move with the risk, and one that moved may fail where the old one passed.
  test("a looser risk at the same starts never keeps less", () => {
    const levels = ownLevels(grid.coverage, 200, 0.1, 0.05);
    fc.assert(
      fc.property(
        items,
        fc.double({ min: 0.02, max: 0.4, noNaN: true }),
        fc.double({ min: 1, max: 2, noNaN: true }),
        (all, risk, factor) => {
          const sample = calibrationSample(all);
          const at = (share: number): number => pointOf(certify({ grid, sample, risk: share, delta: 0.05, levels }));
          expect(at(risk * factor)).toBeGreaterThanOrEqual(at(risk));
        },
      ),
    );
  });

  test("the order of items does not matter", () => {
    fc.assert(
      fc.property(items, fc.integer(), (all, seed) => {
        const random = seededRandom(seed);
        const repeated = [
          ...all,
          ...all.slice(0, 10).map((item, index) => ({ ...item, id: `r${index}`, cluster: item.id, wrong: true })),
        ];
        const mixed = gridFrom(unlabelledSample(shuffle(traffic(300), random)));
        expect(certifyAt(0.1, shuffle(repeated, random), mixed)).toEqual(certifyAt(0.1, repeated));
      }),
    );
  });

  test("own levels add up to delta and wait for room for two errors, or else one", () => {
    const levels = ownLevels(grid.coverage, 1000, 0.05, 0.05);
    expect(levels.reduce((sum, level) => sum + level, 0)).toBeCloseTo(0.05, 12);
    const firstOf = (own: readonly number[]): number => own.findIndex((level) => level > 0);
    const [one, two] = [1, 2].map((errors) => labelsForErrors(errors, 0.05, 0.8 * 0.05)) as [number, number];
    expect(firstOf(levels)).toBe(Math.ceil(two / 20) - 1);
    const few = two - 1;
    expect(firstOf(ownLevels(grid.coverage, few, 0.05, 0.05))).toBe(Math.ceil(one / (few / 50)) - 1);
    expect(ownLevels(grid.coverage, 30, 0.05, 0.05).at(-1)).toBe(0.05);
  });
});
