import { expect, test } from "vitest";
import { clusterKey, foldOf, isInShare, placeOf } from "./clusters.ts";
import { learningCurve } from "./curve.ts";
import { fitPowerLaw, foretell, shareAt } from "./power-law.ts";
import type { TrainingSet } from "./training-set.ts";

const kinds = ["lost card", "top up", "exchange rate"];
const fillers = ["please", "help", "urgent", "again", "today", "thanks", "hello", "now"];
/** Tickets whose kind shows in one word, between words that say nothing. */
const past = (count: number): TrainingSet => ({
  options: kinds,
  texts: Array.from({ length: count }, (_, row) => {
    const word = kinds[row % 3]!.split(" ")[row % 2]!;
    return `${fillers[row % 7]} ${word} ${fillers[(row * 3) % 8]} id${String.fromCharCode(97 + (row % 26), 97 + (row >> 4))}`;
  }),
  labels: Array.from({ length: count }, (_, row) => kinds[row % 3]!),
});

test("duplicates are one cluster, and different texts are not", () => {
  expect(clusterKey("Order 4711 is LATE!")).toBe(clusterKey(" order 12 is\tlate"));
  expect(clusterKey("order is late")).not.toBe(clusterKey("order is lost"));
  expect(clusterKey("caf\u0065\u0301")).toBe(clusterKey("Café"));
});

test("a cluster's side is the same for ever, even over clusters and its own for each salt", () => {
  // Written down: what was trained on yesterday must not be certified on tomorrow.
  expect(placeOf("cluster", "folds")).toBeCloseTo(0.3558872251907417, 12);
  const keys = Array.from({ length: 5000 }, (_, index) => `key ${index}`);
  const counts = [0, 0, 0, 0, 0];
  for (const key of keys) counts[foldOf(key, "folds", 5)]!++;
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(130);
  const inOne = keys.filter((key) => isInShare(key, "certify", 0.3));
  expect(Math.abs(inOne.length - 1500)).toBeLessThan(150);
  expect(inOne.every((key) => isInShare(key, "certify", 0.4))).toBe(true);
  const inBoth = inOne.filter((key) => isInShare(key, "other", 0.3));
  expect(Math.abs(inBoth.length - 450)).toBeLessThan(100);
});

test("a curve rises with the labels, says how it was measured, and is the same again", async () => {
  const set = past(420);
  const seen: number[] = [];
  const curve = await learningCurve(set, { seed: 4, onProgress: ({ labels }) => seen.push(labels) });
  expect(seen).toEqual([50, 100, 200, 400, 420]);
  expect(curve.points.map(({ how }) => how)).toEqual([
    "held-out",
    "held-out",
    "held-out",
    "cross-validated",
    "cross-validated",
  ]);
  const last = curve.points.at(-1)!;
  expect(last).toMatchObject({ labels: 420, trainedOn: 336, of: 420 });
  expect(last.accuracy.share).toBeGreaterThan(0.9);
  expect(last.accuracy.low).toBeLessThan(last.accuracy.share);
  expect(last.keptInHindsight.map(({ risk }) => risk)).toEqual([0.05, 0.02]);
  const again = await learningCurve(set, { seed: 4 });
  expect(again.points).toEqual(curve.points);
  expect(again.withMore(100)).toEqual(curve.withMore(100));
});

test("labels that say nothing about the texts give a curve that stays at chance", async () => {
  const set = past(300);
  const labels = set.labels.map((_, row) => kinds[Math.floor(placeOf(`${row}`, "chance") * 3)]!);
  const curve = await learningCurve({ ...set, labels });
  for (const { accuracy } of curve.points) expect(accuracy.share).toBeLessThan(0.5);
});

test("a curve is given up between two fits when it is aborted", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const seen: number[] = [];
  const onProgress = ({ labels }: { labels: number }): void => {
    seen.push(labels);
    controller.abort(reason);
  };
  await expect(learningCurve(past(300), { signal: controller.signal, onProgress })).rejects.toBe(reason);
  expect(seen).toEqual([50]);
});

test("a power law that made the points is found again, and what more would buy lies in its interval", () => {
  const law = { limit: 0.96, scale: 2, exponent: 0.5 };
  const points = [50, 100, 200, 400, 800, 1600].map((labels) => ({
    labels,
    right: 3000 * shareAt(law, labels),
    of: 3000,
  }));
  const fitted = fitPowerLaw(points)!;
  expect(fitted.exponent).toBeCloseTo(0.5, 6);
  expect(fitted.limit).toBeCloseTo(0.96, 6);
  const foretold = foretell(points, 6400)!;
  expect(foretold.share).toBeCloseTo(shareAt(law, 6400), 6);
  expect(foretold.low).toBeLessThan(foretold.share);
  expect(foretold.high - foretold.low).toBeLessThan(0.05);
  const fewer = foretell(
    points.map((point) => ({ ...point, right: point.right / 30, of: 100 })),
    6400,
  )!;
  expect(fewer.high - fewer.low).toBeGreaterThan(foretold.high - foretold.low);
});

test("two points make no curve, and none promises more than all right or a fall", () => {
  const at = (labels: number, right: number) => ({ labels, right, of: 100 });
  expect(foretell([at(50, 60), at(100, 70)], 1000)).toBeNull();
  expect(foretell([at(50, 60), at(100, 80), at(200, 99)], 100_000)!.high).toBeLessThanOrEqual(1);
  const falling = fitPowerLaw([at(50, 90), at(100, 85), at(200, 80)])!;
  expect(shareAt(falling, 10_000)).toBeGreaterThanOrEqual(shareAt(falling, 50));
});
