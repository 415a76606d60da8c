import { describe, expect, test } from "vitest";
import { certifiedPromise, monitoredPromise } from "./promise.ts";

const facts = { step: "team", risk: 0.02, delta: 0.05, version: "a1b2", labels: { kind: "people" } } as const;
const frontier = { kind: "model", name: "Grand-1" } as const;

describe("a promise in words", () => {
  test("before anything runs", () => {
    const { says, truth } = certifiedPromise({ ...facts, calibration: 1500 });
    expect(says).toBe(
      "With probability at least 95 % over the draw of the 1,500 calibration labels, at most 2 % of the answers to " +
        '"team" that stand locally are wrong, for traffic like the calibration sample and for version a1b2 only.',
    );
    expect(truth).toBeNull();
  });

  test("while it runs", () => {
    const { says, doesNotSay } = monitoredPromise({ ...facts, audits: 214 });
    expect(says).toContain("would ever have shown CERTIFIED for version a1b2 is at most 5 %, however often one looks");
    expect(doesNotSay[0]).toContain("average error");
  });

  test("from a model's labels is about disagreement, and says no word of wrong", () => {
    for (const promise of [
      certifiedPromise({ ...facts, labels: frontier, calibration: 100 }),
      monitoredPromise({ ...facts, labels: frontier, audits: 100 }),
    ]) {
      expect(promise.says).toContain("Grand-1 answers");
      expect(promise.says).not.toContain("wrong");
      expect(promise.truth).toBe(
        "Nothing is known of how often Grand-1 is wrong where it agrees: no person has checked.",
      );
      expect(promise.doesNotSay.join()).toContain("Truth beyond Grand-1");
    }
  });

  test("reaches truth by people's checks, at both confidences", () => {
    const labels = { ...frontier, checked: { kappa: 0.0199, checks: 149, delta: 0.05 } };
    expect(certifiedPromise({ ...facts, labels, calibration: 100 }).truth).toBe(
      "149 answers on which both agree were checked by people: both are wrong in at most 1.99 %, so that at most " +
        "3.99 % of the answers that stand are wrong, with probability at least 90 %.",
    );
  });

  test("names what is not promised", () => {
    expect(certifiedPromise({ ...facts, calibration: 1 }).doesNotSay).toHaveLength(4);
  });
});
