import { expect, test } from "vitest";
import { clusterKey } from "./clusters.ts";

test("texts that are mostly numbers or signs are not all one cluster", () => {
  expect(clusterKey('{"amount": 12}')).not.toBe(clusterKey('{"amount": 13}'));
  expect(clusterKey("12 + 5")).not.toBe(clusterKey("13 + 5"));
  expect(clusterKey("2026-11-23 10:00")).not.toBe(clusterKey("2026-11-24 10:00"));
  expect(clusterKey("?!")).not.toBe(clusterKey("!!"));
});
