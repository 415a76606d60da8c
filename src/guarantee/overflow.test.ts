import fc from "fast-check";
import { expect, test } from "vitest";
import { overflowShare, place } from "./overflow.ts";

const score = fc.oneof(fc.double({ min: 0, max: 1 }), fc.constant(null), fc.constant(Number.NaN));
const policy = fc.constantFrom("queue", "default", "block");

test("with or without budget the same answers stand, none of them below the threshold", () => {
  fc.assert(
    fc.property(fc.array(score), score, policy, (confidences, threshold, rule) => {
      const standing = (canEscalate: boolean): readonly boolean[] =>
        confidences.map((confidence) => place({ confidence, threshold, canEscalate, policy: rule }) === "accepted");
      expect(standing(false)).toEqual(standing(true));
      for (const [index, stands] of standing(false).entries()) {
        if (stands) expect(confidences[index]!).toBeGreaterThanOrEqual(threshold!);
      }
    }),
  );
});

test.each([
  ["queue", "queued"],
  ["default", "defaulted"],
  ["block", "blocked"],
] as const)("out of budget, %s means %s", (rule, placement) => {
  const below = { confidence: 0.4, threshold: 0.9, policy: rule };
  expect(place({ ...below, canEscalate: false })).toBe(placement);
  expect(place({ ...below, canEscalate: true })).toBe("escalated");
  expect(place({ ...below, confidence: 0.9, canEscalate: false })).toBe("accepted");
  expect(place({ ...below, threshold: null, confidence: 1, canEscalate: false })).toBe(placement);
});

test("the share that missing budget decided leaves out what stood and what went up", () => {
  expect(overflowShare(["accepted", "escalated", "queued", "blocked"])).toBe(0.5);
  expect(overflowShare([])).toBe(0);
});
