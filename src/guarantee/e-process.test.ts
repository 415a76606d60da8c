import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lowerBound } from "./binomial.ts";
import {
  alarmProcess,
  auditWeight,
  certificateProcess,
  type EProcess,
  eValue,
  logEValue,
  observe,
  reaches,
  riseDetector,
} from "./e-process.ts";
import { seededRandom } from "./random.ts";

interface Golden {
  readonly delta: number;
  readonly cusumBound: number;
  readonly cases: readonly {
    readonly name: string;
    readonly risk: number;
    readonly stream: readonly number[];
    readonly after: readonly number[];
    readonly certificate: readonly number[];
    readonly alarm: readonly number[];
    readonly cusum: readonly number[];
    readonly crosses: { readonly [process: string]: number | null };
  }[];
}
const golden = JSON.parse(readFileSync("test/golden/guarantee/e-values.json", "utf8")) as Golden;

describe("e-values agree with the plain products of the script", () => {
  const makers = { certificate: certificateProcess, alarm: alarmProcess, cusum: riseDetector };
  test.each(golden.cases)("$name", (each) => {
    for (const name of ["certificate", "alarm", "cusum"] as const) {
      const limit = name === "cusum" ? golden.cusumBound : 1 / golden.delta;
      let process = makers[name](each.risk);
      let crossed: number | null = null;
      for (const [index, loss] of each.stream.entries()) {
        process = observe(process, loss);
        if (crossed === null && reaches(process, limit)) crossed = index + 1;
        const place = each.after.indexOf(index + 1);
        if (place === -1) continue;
        expect(eValue(process) / each[name][place]!).toBeCloseTo(1, 9);
      }
      expect(crossed, name).toBe(each.crosses[name]);
    }
  });
});

const anyProcess = fc
  .tuple(
    fc.constantFrom(certificateProcess, alarmProcess, riseDetector),
    fc.double({ min: 0.001, max: 0.6, noNaN: true }),
  )
  .map(([make, risk]) => make(risk));
const losses = fc.array(fc.boolean().map(Number), { maxLength: 60 });

test("many equal audits at once are those audits one by one", () => {
  fc.assert(
    fc.property(anyProcess, losses, fc.integer({ min: 0, max: 1 }), fc.nat(80), (start, before, loss, times) => {
      const from = before.reduce((process, each) => observe(process, each), start);
      let single = from;
      for (let count = 0; count < times; count++) single = observe(single, loss);
      const at = observe(from, loss, times);
      expect(at.observed).toBe(single.observed);
      for (const [index, log] of at.logs.entries()) expect(log).toBeCloseTo(single.logs[index]!, 8);
    }),
  );
});

test("one more audit at exactly the promised error leaves the expected value where it was", () => {
  const anyBet = fc.constantFrom(certificateProcess, alarmProcess);
  fc.assert(
    fc.property(anyBet, fc.double({ min: 0.001, max: 0.6, noNaN: true }), losses, (make, risk, before) => {
      const now = before.reduce((process, each) => observe(process, each), make(risk));
      const after = risk * eValue(observe(now, 1)) + (1 - risk) * eValue(observe(now, 0));
      expect(after / eValue(now)).toBeCloseTo(1, 9);
    }),
  );
});

test("a weighted audit counts against a promise that is scaled with it", () => {
  // Two kinds of decision, half each: one audited at 4 %, one at 1 %, all errors in the second.
  const [mean, error] = [0.025, 0.06];
  const [often, seldom] = [auditWeight(0.04, mean), auditWeight(0.01, mean)];
  const now = observe(certificateProcess(error, seldom), 0, 50);
  const wrong = 2 * error;
  const after =
    0.8 * eValue(observe(now, 0)) +
    0.2 * (wrong * eValue(observe(now, seldom)) + (1 - wrong) * eValue(observe(now, 0)));
  expect(often).toBe(0.625);
  expect(after / eValue(now)).toBeCloseTo(1, 9);
});

test("evidence beyond what a double holds is kept, survives JSON and can be lost again", () => {
  const sure = observe(alarmProcess(0.02), 1, 10_000);
  expect(eValue(sure)).toBe(Number.POSITIVE_INFINITY);
  expect(reaches(sure, 1e300)).toBe(true);
  const back = JSON.parse(JSON.stringify(sure)) as EProcess;
  expect(back).toEqual(sure);
  expect(logEValue(observe(observe(alarmProcess(0.02), 1, 100), 0, 1_000_000))).toBeLessThan(-1000);
});

test("what is no loss, no promise and no weight is refused", () => {
  expect(() => observe(certificateProcess(0.02), Number.NaN)).toThrow("a loss lies");
  expect(() => observe(certificateProcess(0.02), 1.5)).toThrow("a loss lies");
  expect(() => observe(certificateProcess(0.02), 1, 0.5)).toThrow("no number of audits");
  expect(() => certificateProcess(0)).toThrow("promised error");
  expect(() => alarmProcess(0.02, 0.5)).toThrow("largest weight");
  expect(() => auditWeight(0, 0.02)).toThrow("propensity");
});

/** Right audits before the next wrong one. */
function gap(random: () => number, error: number): number {
  return Math.floor(Math.log1p(-random()) / Math.log1p(-error));
}

/**
 * Audits until `process` reaches `limit`, at most `audits`; `null` if it never does. Looks after every audit: inside a
 * row of right ones the value moves one way, so its end is where it peaks.
 */
function audits(process: EProcess, limit: number, random: () => number, error: number, most: number): number | null {
  let now = process;
  for (let seen = 0; seen < most; ) {
    const right = Math.min(gap(random, error), most - seen);
    now = observe(now, 0, right);
    seen += right;
    if (right > 0 && reaches(now, limit)) return seen;
    if (seen === most) return null;
    now = observe(now, 1);
    seen++;
    if (reaches(now, limit)) return seen;
  }
  return null;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const [streams, length] = [2000, 20_000];

describe("looked at after each of 20,000 audits, 2,000 streams at exactly the promised error", () => {
  test.each([
    ["certificate", certificateProcess(0.02), 0.02],
    ["alarm", alarmProcess(0.05), 0.05],
  ] as const)("the %s is false in at most one of twenty", (_name, process, risk) => {
    const random = seededRandom(17);
    let fired = 0;
    for (let stream = 0; stream < streams; stream++) {
      if (audits(process, 20, random, risk, length) !== null) fired++;
    }
    expect(fired / streams).toBeLessThanOrEqual(0.05);
    expect(fired).toBeGreaterThan(0);
  });

  test("(control) a Clopper-Pearson bound that is looked at as often is false far more often", () => {
    const risk = 0.02;
    // The bound rises with every error and falls with every right audit: it is enough to look after errors. From the
    // errors the number of audits follows below which the alarm rings.
    const least = Array.from({ length: 700 }, (_, errors) => ringsUpTo(errors, risk));
    const random = seededRandom(19);
    let fired = 0;
    for (let stream = 0; stream < streams; stream++) {
      let [seen, errors] = [0, 0];
      while (seen < length) {
        seen += gap(random, risk) + 1;
        if (seen <= length && seen <= least[++errors]!) {
          fired++;
          break;
        }
      }
    }
    expect(fired / streams).toBeGreaterThan(0.05 * 3);
  });
});

/** The most audits with that many errors whose 95 % lower bound still lies above `risk`; 0 if none. */
function ringsUpTo(errors: number, risk: number): number {
  if (errors === 0) return 0;
  let [low, high] = [errors - 1, Math.ceil(errors / risk)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (middle >= errors && lowerBound(errors, middle, 0.05) > risk) low = middle;
    else high = middle - 1;
  }
  return low >= errors ? low : 0;
}

describe("the rise detector", () => {
  const risk = 0.02;
  const delays = (error: number): number => {
    const random = seededRandom(18);
    return median(
      Array.from({ length: 400 }, () => {
        let good = riseDetector(risk);
        for (let seen = 0; seen < 500; ) {
          const right = Math.min(gap(random, risk / 2), 500 - seen);
          good = observe(good, 0, right);
          seen += right;
          if (seen++ < 500) good = observe(good, 1);
        }
        return audits(good, 1000, random, error, 5000) ?? 5000;
      }),
    );
  };

  test("sees a jump from half the promise to three times and to five times it", () => {
    expect(delays(0.06)).toBeLessThanOrEqual(250);
    expect(delays(0.1)).toBeLessThanOrEqual(90);
  });

  test.each([
    ["half the promise", risk / 2],
    ["the promise", risk],
  ])("runs for more than 1,000 audits on average before it rings falsely, at %s", (_name, error) => {
    const random = seededRandom(20);
    const runs = Array.from({ length: 300 }, () => audits(riseDetector(risk), 1000, random, error, 20_000) ?? 20_000);
    expect(runs.reduce((sum, run) => sum + run, 0) / runs.length).toBeGreaterThan(1000);
  });

  test("(control) with a limit of 20 it does not", () => {
    const random = seededRandom(20);
    const runs = Array.from({ length: 300 }, () => audits(riseDetector(risk), 20, random, risk, 20_000) ?? 20_000);
    expect(runs.reduce((sum, run) => sum + run, 0) / runs.length).toBeLessThan(1000);
  });
});
