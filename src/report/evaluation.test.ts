import { describe, expect, test } from "vitest";
import { label, read, teamQuestion } from "../../test/support/evaluated.ts";
import type { CertificateFigures } from "../core/policy-event.ts";
import { wilson } from "../core/wilson.ts";
import { compare } from "./comparison.ts";
import { type EvaluationInput, evaluate, heldOut, surest } from "./evaluation.ts";

const met = teamQuestion();
const figures = { threshold: 0.8, risk: 0.1, delta: 0.05, accepted: 2, wrong: 0, labels: 4 } as CertificateFigures;
const four = [
  read(1, "billing", "billing", 0.95),
  read(2, "cards", "cards", 0.8),
  read(3, "cards", "billing", 0.6),
  read(4, "cards", null),
];
const input: EvaluationInput = {
  met,
  version: { key: "k2", trainedOn: 100 },
  members: ["words"],
  read: four,
  leftOut: { trained: 100, picked: 7 },
  upper: "model",
  price: { amount: 0.01, unit: "USD" },
  certificate: figures,
};

describe("the labels that may judge a version", () => {
  test("are later than its training, no duplicate of it, drawn at random, and one a cluster", () => {
    const labels = [
      label(1, "billing"),
      label(2, "cards", { sample: "escalated" }),
      label(3, "cards", { cluster: "c1" }),
      label(4, "cards", { sample: "escalated" }),
      label(5, "cards", { sample: "chosen" }),
      label(6, "cards", { sample: "audit" }),
      label(7, "cards", { cluster: "c6" }),
      label(8, "cards", { sample: "history" }),
    ];
    const found = heldOut(labels, 2);
    expect(found.labels.map(({ number }) => number)).toEqual([6, 8]);
    expect(found.leftOut).toEqual({ trained: 3, picked: 2 });
    expect(heldOut(labels, 8).labels).toEqual([]);
  });
});

describe("an evaluation", () => {
  const evaluation = evaluate(input);

  test("counts no answer as a wrong one, with Wilson's interval", () => {
    expect(evaluation.accuracy).toEqual(wilson(2, 4));
    expect(evaluation.classes?.classes).toMatchObject([
      { name: "billing", support: 1, claimed: 2, precision: 0.5, recall: 1 },
      { name: "cards", support: 3, claimed: 1, precision: 1, recall: 1 / 3 },
    ]);
  });

  test("has the curve, and what is kept at each error in hindsight", () => {
    expect(evaluation.curve.map(({ coverage, risk }) => [coverage, risk])).toEqual([
      [0.25, 0],
      [0.5, 0],
      [0.75, 1 / 3],
    ]);
    expect(evaluation.coverageAt.map(({ coverage }) => coverage)).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  test("has what it costs to be wrong less often", () => {
    expect(evaluation.frontier.map(({ escalated, error, cost }) => [escalated, error, cost])).toEqual([
      [1, 0, 10],
      [0.75, 0, 7.5],
      [0.5, 0, 5],
      [0.25, 0.25, 2.5],
    ]);
    expect(evaluate({ ...input, price: null }).frontier.every(({ cost }) => cost === null)).toBe(true);
  });

  test("says how the labels fall at the certified threshold", () => {
    expect(evaluation.certified).toMatchObject({ kept: wilson(2, 4), wrong: wilson(0, 2), point: { coverage: 0.5 } });
    const strict = evaluate({ ...input, certificate: { ...figures, threshold: 0.99 } });
    expect(strict.certified).toMatchObject({ kept: wilson(0, 4), wrong: null, point: null });
    expect(evaluate({ ...input, certificate: null }).certified).toBeNull();
  });

  test("says that few labels decide nothing about calibration", () => {
    expect(evaluation.calibration).toMatchObject({ decides: false, items: 3 });
    expect(evaluation.reliability.map(({ items }) => items)).toEqual([1, 1, 1]);
  });

  test("is no number nowhere, also where no rung says anything", () => {
    const silent = evaluate({ ...input, read: [read(1, "cards", null)] });
    expect(silent).toMatchObject({ accuracy: { share: 0 }, calibration: null, brier: null, area: null, curve: [] });
    for (const value of numbersIn(silent)) expect(value).toSatisfy(Number.isFinite);
    expect(numbersIn({ a: [Number.NaN] })).toEqual([Number.NaN]);
  });
});

function numbersIn(value: unknown): number[] {
  if (typeof value === "number") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

test("the surest rung answers, the lowest among equals", () => {
  const said = (value: string, p: number) => ({ value, p });
  expect(surest([said("a", 0.4), null, said("b", 0.6)])?.value).toBe("b");
  expect(surest([said("a", 0.6), said("b", 0.6)])?.value).toBe("a");
  expect(surest([null])).toBeNull();
});

test("two versions are compared item by item, and what flipped is named, broken first", () => {
  const says = (before: string | null, after: string | null, number: number) => ({
    label: label(number, "cards"),
    before: [before === null ? null : { value: before, p: 0.9 }],
    after: [after === null ? null : { value: after, p: 0.9 }],
  });
  const pairs = [
    says("billing", "cards", 1),
    says("cards", null, 2),
    says("cards", "cards", 3),
    says(null, "cards", 4),
  ];
  const { figures: found, flips } = compare(met, { before: "k1", after: "k2" }, pairs);
  expect(found).toMatchObject({ items: 4, accuracyBefore: 0.5, accuracyAfter: 0.75, fixed: ["1", "4"], broken: ["2"] });
  expect(flips.map(({ label: number, isFixed, before, after }) => [number, isFixed, before, after])).toEqual([
    [2, false, "cards", null],
    [1, true, "billing", "cards"],
    [4, true, null, "cards"],
  ]);
});
