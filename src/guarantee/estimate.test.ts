import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { allocateAudits } from "./audit.ts";
import { type AcceptedRisk, estimateAcceptedRisk, type LoggedDecision } from "./estimate.ts";
import { fitLogistic, logisticOf } from "./logistic.ts";
import { seededRandom } from "./random.ts";

const estimated = (log: readonly LoggedDecision[]): AcceptedRisk => {
  const risk = estimateAcceptedRisk(log);
  if (risk.kind !== "estimated") throw new Error(risk.reason);
  return risk;
};
const row = (decision: number, change: Partial<LoggedDecision> = {}): LoggedDecision => ({
  decision: String(decision),
  accepted: true,
  propensity: 0.5,
  drawn: false,
  wrong: null,
  ...change,
});

describe("what a log cannot tell", () => {
  const escalated = Array.from({ length: 500 }, (_, index) =>
    row(index, { accepted: false, propensity: 1, drawn: true, wrong: index % 7 === 0 }),
  );
  const unaudited = Array.from({ length: 500 }, (_, index) => row(1000 + index, { propensity: 0 }));

  test.each([
    ["labels of escalated decisions only", [...escalated, ...unaudited], "never_audited"],
    ["nothing accepted", escalated, "nothing_accepted"],
    [
      "one accepted decision that could never be audited",
      [row(1, { drawn: true, wrong: false }), row(2, { propensity: 0 })],
      "never_audited",
    ],
    [
      "a propensity that was not logged",
      [row(1, { drawn: true, wrong: false }), row(2, { propensity: null })],
      "no_propensity",
    ],
    ["no coin that fell on the audited side", [...escalated, row(1), row(2)], "no_audit_drawn"],
    ["no audit that was answered", [row(1, { drawn: true }), row(2)], "no_audit_answered"],
    ["complaints alone", [row(1, { wrong: true }), row(2)], "no_audit_drawn"],
  ])("%s", (_what, log, reason) => {
    expect(estimateAcceptedRisk(log)).toMatchObject({ kind: "unidentified", reason });
  });

  test("(control) the same escalated labels with audits beside them are no obstacle", () => {
    const audited = unaudited.map((each, index) => ({
      ...each,
      propensity: 0.5,
      drawn: index % 2 === 0,
      wrong: index % 2 === 0 ? false : null,
    }));
    expect(estimated([...escalated, ...audited])).toMatchObject({ audited: 250, wrong: 0 });
  });
});

test("an audit without an answer is missing, not right", () => {
  const log = Array.from({ length: 1000 }, (_, index) =>
    row(index, { propensity: 0.1, drawn: index < 100, wrong: index < 5 ? true : index < 80 ? false : null }),
  );
  const { weighted, worst, missing, audited } = estimated(log);
  expect({ missing, audited }).toEqual({ missing: 20, audited: 80 });
  expect(weighted.risk).toBeCloseTo(5 / 80, 12);
  expect(worst.risk).toBeCloseTo(25 / 100, 12);
});

test("repeats of a decision count once; labels that no coin asked for do not count", () => {
  const log = [row(1, { drawn: true, wrong: true }), row(2, { drawn: true, wrong: false }), row(3), row(4)];
  const risk = estimated(log);
  expect(risk.weighted.risk).toBe(0.5);
  // The first row stands for all, whatever a later one says.
  const burst = Array.from({ length: 5000 }, () => row(2, { propensity: 0.1, drawn: true, wrong: true }));
  expect(estimated([...log, ...burst])).toEqual({ ...risk, repeats: 5000 });
  expect(estimated(log.with(2, row(3, { wrong: true })))).toEqual({ ...risk, unasked: 1 });
});

test("no mistake in 149 audits is not a risk of 0", () => {
  const log = Array.from({ length: 14_900 }, (_, index) =>
    row(index, { propensity: 0.01, drawn: index < 149, wrong: index < 149 ? false : null }),
  );
  const { weighted } = estimated(log);
  expect(weighted).toMatchObject({ risk: 0, low: 0, standardError: 0 });
  expect(weighted.high).toBeCloseTo(1 - 0.025 ** (1 / 149), 9);
});

test("a propensity above 1 is refused", () => {
  expect(() => estimateAcceptedRisk([row(1, { propensity: 2, drawn: true, wrong: true })])).toThrow("at most at 1");
});

describe("over 2,000 runs with propensities from 0.2 % to 100 %", () => {
  // Errors are likelier where audits are, as in any sensible allocation: to ignore the weights must show.
  const random = seededRandom(14);
  const count = 600;
  const population = Array.from({ length: count }, (_, index) => {
    const propensity = 0.002 ** (1 - (index + 0.5) / count);
    return { decision: String(index), propensity, isWrong: random() < 0.02 + 0.3 * propensity };
  });
  const truth = population.filter(({ isWrong }) => isWrong).length / count;
  const runs = { weighted: [] as number[], difference: [] as number[], naive: [] as number[] };
  let covered = 0;
  for (let run = 0; run < 2000; run++) {
    const log = population.map(({ decision, propensity, isWrong }): LoggedDecision => {
      const drawn = random() < propensity;
      // Far too high for most: the difference estimator must not mind.
      return { decision, accepted: true, propensity, drawn, wrong: drawn ? isWrong : null, expectedError: 0.2 };
    });
    const { weighted, difference, audited, wrong } = estimated(log);
    runs.weighted.push(weighted.risk);
    runs.difference.push(difference!.risk);
    runs.naive.push(wrong / audited);
    if (weighted.low <= truth && truth <= weighted.high) covered++;
  }
  const biasOf = (values: readonly number[]): number => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
    return Math.abs(mean - truth) / Math.sqrt(variance / values.length);
  };

  test("both estimators are unbiased: within 2 standard errors of the truth", () => {
    expect(biasOf(runs.weighted)).toBeLessThan(2);
    expect(biasOf(runs.difference)).toBeLessThan(2);
  });

  test("the interval holds the truth in at least 95 % of them", () => {
    expect(covered / 2000).toBeGreaterThanOrEqual(0.95);
  });

  test("(control) the plain share among the audited is off by more than 20", () => {
    expect(biasOf(runs.naive)).toBeGreaterThan(20);
  });
});

describe("audits on CosmosQA, a 6B model against a 34B one, the surest 80 % accepted", () => {
  const rows = gunzipSync(readFileSync("fixtures/escalation/cosmosqa.csv.gz"))
    .toString()
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").map(Number) as [score: number, wrong: number]);
  const fit = fitLogistic(
    rows.slice(0, 1000).map(([score]) => [score]),
    rows.slice(0, 1000).map(([, wrong]) => wrong === 1),
  );
  const accepted = rows
    .slice(1000)
    .toSorted(([a], [b]) => b - a)
    .slice(0, 800);
  const expected = accepted.map(([score]) => logisticOf(fit, [score]));
  const share = accepted.filter(([, wrong]) => wrong === 1).length / accepted.length;
  const spread = share * (1 - share);

  /** Uniform audits, drawn without replacement, that give this variance. */
  const uniformFor = (variance: number): number => 1 / (variance / spread + 1 / accepted.length);

  test.each([100, 200, 300])(
    "%d of them, allocated and with expected errors, need at most four fifths of the uniform ones",
    (audits) => {
      const propensity = allocateAudits({ rate: audits / accepted.length }, expected);
      const spent = expected.reduce((sum, q) => sum + propensity(q), 0);
      const variance = accepted.reduce((sum, [, wrong], index) => {
        const own = propensity(expected[index]!);
        return sum + ((1 - own) * (wrong - expected[index]!) ** 2) / own;
      }, 0);
      const needed = spent / uniformFor(variance / accepted.length ** 2);
      expect(needed).toBeLessThanOrEqual(0.8);
      expect(needed).toBeGreaterThan(0.4);
    },
  );

  test("the estimator's own spread is the one computed", () => {
    const random = seededRandom(16);
    const propensity = allocateAudits({ rate: 200 / accepted.length }, expected);
    const risks = Array.from({ length: 400 }, () => {
      const log = accepted.map(([, wrong], index): LoggedDecision => {
        const own = propensity(expected[index]!);
        const drawn = random() < own;
        return row(index, {
          propensity: own,
          drawn,
          wrong: drawn ? wrong === 1 : null,
          expectedError: expected[index]!,
        });
      });
      return estimated(log).difference!.risk;
    });
    const variance = risks.reduce((sum, risk) => sum + (risk - share) ** 2, 0) / risks.length;
    expect(200 / uniformFor(variance)).toBeLessThanOrEqual(0.8);
  });
});
