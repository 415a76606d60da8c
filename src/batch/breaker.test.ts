import { expect, test } from "vitest";
import { Breaker } from "./breaker.ts";

function rungs(asked: number, broken: number) {
  return { model: { asked, broken, skipped: {}, decided: 0, trouble: "no answer", milliseconds: 0 } };
}

test("a rung that threw in twenty runs in a row is broken, and one reply in between begins the count anew", () => {
  const breaker = new Breaker();
  for (let run = 1; run <= 19; run++) expect(breaker.look(rungs(run, run))).toBeNull();
  expect(breaker.look(rungs(20, 19))).toBeNull();
  for (let run = 1; run <= 19; run++) expect(breaker.look(rungs(20 + run, 19 + run))).toBeNull();
  expect(breaker.look(rungs(40, 39))).toEqual({ rung: "model", trouble: "no answer" });
});

test("runs that did not ask it count for nothing", () => {
  const breaker = new Breaker();
  for (let run = 1; run <= 100; run++) expect(breaker.look(rungs(5, 5))).toBeNull();
});
