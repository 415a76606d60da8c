/** The benches' targets are the ones that were asked for, and no result was written against others. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const bench = resolve(import.meta.dirname, "../bench");
const targets: { [bench: string]: { name: string; target: number; better: string }[] } = JSON.parse(
  readFileSync(`${bench}/targets.json`, "utf8"),
);

test("the overhead bench is held to its targets", () => {
  expect(targets.overhead).toEqual([
    { name: "memory-us-per-step", target: 30, better: "lower" },
    { name: "durable-us-per-step", target: 60, better: "lower" },
    { name: "durable-3-step-runs-per-second", target: 5000, better: "higher" },
    { name: "flat-4-to-31-turns", target: 1.1, better: "lower" },
    { name: "import-ms", target: 60, better: "lower" },
    { name: "install-mb", target: 20, better: "lower" },
  ]);
});

test("the engine bench is held to the targets that were asked for", () => {
  expect(targets.engine).toEqual(
    expect.arrayContaining([
      { name: "10-options-times-naive", target: 11, better: "higher" },
      { name: "10-options-times-template-once", target: 7, better: "higher" },
      { name: "10-options-times-prefix-kept", target: 3, better: "higher" },
      { name: "10-options-share-of-floor", target: 0.8, better: "higher" },
      { name: "77-names-times-naive", target: 6, better: "higher" },
      { name: "ipc-round-trip-us", target: 150, better: "lower" },
      { name: "equality-p-same-shape", target: 0.001, better: "lower" },
      { name: "equality-nat-other-shape", target: 0.1, better: "lower" },
      { name: "equality-clear-winners-changed", target: 0, better: "lower" },
      { name: "stated-share-of-plain", target: 0.9, better: "higher" },
      { name: "banking8-right-without-labels", target: 0.52, better: "higher" },
      { name: "encoder-vs-plain", target: 0.95, better: "higher" },
      { name: "encoder-cosine", target: 0.999, better: "higher" },
      { name: "fills-violations", target: 0, better: "lower" },
      { name: "schemas-supported", target: 0.85, better: "higher" },
      { name: "arguments-times-grammar", target: 3, better: "higher" },
    ]),
  );
});

const written = readdirSync(bench).filter((name) => existsSync(`${bench}/${name}/results/latest.json`));

test.each(written)("the results of %s answer its targets", (name) => {
  const results = JSON.parse(readFileSync(`${bench}/${name}/results/latest.json`, "utf8"));
  const { targets: judged, date, machine, rows } = results;
  expect(
    judged.map(({ name, target, better }: (typeof targets)[string][number]) => ({ name, target, better })),
  ).toEqual(targets[name]);
  for (const { value, target, better, met } of judged) {
    expect(met).toBe(value !== null && (better === "higher" ? value >= target : value <= target));
  }
  expect(Date.parse(date)).not.toBeNaN();
  expect(machine.cores).toBeGreaterThan(0);
  expect(rows.length).toBeGreaterThan(0);
});
