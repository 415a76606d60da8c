import { describe, expect, test } from "vitest";
import { upperBound } from "./binomial.ts";
import { seededRandom } from "./random.ts";
import { truthBound } from "./truth.ts";

test("no common mistake among 149 that a person checked bounds them at 2 %", () => {
  const disagreement = { bound: 0.02, delta: 0.05 };
  const bound = truthBound({ disagreement, checks: { checked: 149, wrongTogether: 0, upperWrong: 3 }, delta: 0.05 });
  expect(bound.wrongTogether).toBeCloseTo(0.0199, 4);
  expect(bound.wrong).toBeCloseTo(0.0399, 4);
  expect(bound.upperWrong).toBeCloseTo(upperBound(3, 149, 0.05), 12);
  expect(bound.delta).toBeCloseTo(0.1, 12);
});

test("without a check nothing is said about truth, and counts that contradict each other are refused", () => {
  const disagreement = { bound: 0.02, delta: 0.05 };
  const none = truthBound({ disagreement, checks: { checked: 0, wrongTogether: 0, upperWrong: 0 }, delta: 0.05 });
  expect(none).toMatchObject({ wrong: 1, wrongTogether: 1, disagreement: 0.02 });
  const odd = { checked: 9, wrongTogether: 4, upperWrong: 3 };
  expect(() => truthBound({ disagreement, checks: odd, delta: 0.05 })).toThrow("part of");
});

/** One run: labels from an upper model that is wrong at `flipped`; the local one repeats its mistake in `copied` of them. */
function run(random: () => number, copied: number): { wrong: number; disagreement: number; bound: number } {
  const [local, flipped] = [0.02, 0.03];
  const outcome = (): { localWrong: boolean; upperWrong: boolean; differ: boolean } => {
    const upperWrong = random() < flipped;
    const isCopy = upperWrong && random() < copied;
    // With two options, two wrong answers are the same one.
    const localWrong = isCopy || random() < local;
    return { localWrong, upperWrong, differ: localWrong !== upperWrong };
  };
  const labels = Array.from({ length: 600 }, outcome);
  const checked = Array.from({ length: 200 }, outcome);
  const differ = labels.filter((each) => each.differ).length;
  const upperWrong = checked.filter((each) => each.upperWrong).length;
  const wrongTogether = checked.filter((each) => each.upperWrong && each.localWrong).length;
  const disagreement = { bound: upperBound(differ, 600, 0.025), delta: 0.025 };
  const bound = truthBound({ disagreement, checks: { checked: 200, wrongTogether, upperWrong }, delta: 0.025 });
  const wrong = flipped * (copied + (1 - copied) * local) + (1 - flipped) * local;
  return { wrong, disagreement: bound.disagreement, bound: bound.wrong };
}

describe("with 3 % of the labels wrong, over 1,000 runs", () => {
  test.each([0, 0.5, 1])(
    "the truth bound holds in at least 950 when the local model copies a share of %d of them",
    (copied) => {
      const random = seededRandom(27);
      const runs = Array.from({ length: 1000 }, () => run(random, copied));
      expect(runs.filter(({ wrong, bound }) => wrong <= bound).length).toBeGreaterThanOrEqual(950);
    },
  );

  test("(control) the disagreement alone does not bound the truth when mistakes are copied", () => {
    const random = seededRandom(27);
    const runs = Array.from({ length: 1000 }, () => run(random, 1));
    expect(runs.filter(({ wrong, disagreement }) => wrong <= disagreement).length).toBeLessThan(500);
  });
});
