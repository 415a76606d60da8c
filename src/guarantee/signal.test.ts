import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Evidence, Reply } from "../core/answer.ts";
import { noUsage } from "../core/usage.ts";
import { type FeatureSpec, featureNames, featureVector, flipRate } from "./features.ts";
import { seededRandom, shuffle } from "./random.ts";
import { MOST_SCORE, type Signal, type SignalContext, signalOf } from "./signal.ts";
import { tempered } from "./temperature.ts";

type Answered = Extract<Reply, { kind: "answered" }>;
function answered(value: unknown, evidence: Evidence, rest: Partial<Answered> = {}): Answered {
  return { kind: "answered", value, confidence: null, basis: "constrained", evidence, usage: noUsage, ...rest };
}
const cards = [
  { name: "card", p: 0.7 },
  { name: "cash", p: 0.2 },
  { name: "loan", p: 0.1 },
];
const names = cards.map(({ name }) => name);
function read(reply: Reply, context?: SignalContext): Signal {
  const signal = signalOf(reply, context);
  if (signal.kind === "none") throw new Error(signal.reason);
  return signal;
}

describe("a closed question", () => {
  test("is scored by the answer's lead over the next option", () => {
    const signal = read(answered("card", { options: cards, mass: 0.4, order: { flipped: true } }, { confidence: 0.7 }));
    expect(signal).toMatchObject({ p: 0.7, option: "card", reasons: ["margin"] });
    expect(signal.score).toBeCloseTo(Math.log(0.7 / 0.2), 12);
    const entropy = -(0.7 * Math.log(0.7) + 0.2 * Math.log(0.2) + 0.1 * Math.log(0.1)) / Math.log(3);
    expect(signal.features).toMatchObject({ gap: expect.closeTo(0.5, 12), top: 0.7, mass: 0.4, flipped: 1 });
    expect(signal.features.entropy).toBeCloseTo(entropy, 12);
  });

  test("counts as bad as it may be where not everything was read", () => {
    const options = [
      { name: "card", p: 0.7 },
      { name: "cash", p: 0.15, atMost: 0.3 },
      { name: "loan", p: 0.15, atMost: 0.25 },
    ];
    const signal = read(answered("card", { options, interval: [0.6, 0.9] }, { confidence: 0.7 }));
    expect(signal.score).toBeCloseTo(Math.log(0.6 / 0.3), 12);
    expect(signal.p).toBe(0.6);
  });

  test("has a negative score where the answer is not the best option", () => {
    expect(read(answered("cash", { options: cards })).score).toBeCloseTo(Math.log(0.2 / 0.7), 12);
  });

  test("stays finite where one option has everything", () => {
    const sure = [
      { name: "a", p: 1 },
      { name: "b", p: 0 },
    ];
    const signal = read(answered("a", { options: sure }, { confidence: 1 }));
    expect(signal.score).toBe(MOST_SCORE);
    expect(featureVector(signal, { options: ["a", "b"] }).every(Number.isFinite)).toBe(true);
  });

  test("does not depend on the order in which 200 items' options are listed", () => {
    const random = seededRandom(2);
    for (let item = 0; item < 200; item++) {
      const p = tempered(
        [0, 1, 2, 3, 4].map(() => 6 * random()),
        1,
      );
      const options = p.map((share, at) => ({ name: `option ${at}`, p: share }));
      const value = `option ${p.indexOf(Math.max(...p))}`;
      const spec: FeatureSpec = { options: options.map(({ name }) => name) };
      const one = read(answered(value, { options }));
      const other = read(answered(value, { options: shuffle(options, random) }));
      expect(other.score).toBe(one.score);
      for (const [at, number] of featureVector(other, spec).entries()) {
        expect(number).toBeCloseTo(featureVector(one, spec)[at]!, 12);
      }
    }
  });
});

describe("filled fields", () => {
  const fields = {
    "lines[0].amount": { confidence: 0.9, how: "copied" },
    kind: { confidence: 0.6, how: "read" },
    remark: { confidence: null, how: "generated" },
    story: { confidence: 0.01, how: "generated" },
  } as const;
  const value = { lines: [{ amount: 3 }], kind: "refund", remark: "as agreed", story: "a".repeat(41) };

  test("are as sure as the least sure one that bears a decision; free text bears none", () => {
    const signal = read(answered(value, { fields }));
    expect(signal.score).toBeCloseTo(Math.log(0.6 / 0.4), 12);
    expect(signal).toMatchObject({ p: 0.6, option: null, reasons: ["field kind"], features: { leastField: 0.6 } });
    expect(read(answered({ ...value, story: "short" }, { fields })).p).toBe(0.01);
  });

  test("give none where a deciding one has no figure, or where all are free text", () => {
    const missing = { ...fields, kind: { confidence: null, how: "read" } } as const;
    expect(signalOf(answered(value, { fields: missing }))).toEqual({ kind: "none", reason: "no_evidence" });
    const amount = { amount: { confidence: null, how: "generated" } } as const;
    expect(signalOf(answered({ amount: 12 }, { fields: amount }))).toEqual({ kind: "none", reason: "no_evidence" });
    const text = answered({ remark: "x" }, { fields: { remark: fields.remark } }, { confidence: 0.99 });
    expect(signalOf(text)).toEqual({ kind: "none", reason: "no_deciding_field" });
  });

  test("and a tool together are as sure as the less sure of the two", () => {
    const call = { tool: "card", args: { kind: "x", amount: 3 } };
    const unsure = { kind: { confidence: 0.55, how: "read" } } as const;
    expect(read(answered(call, { options: cards, fields: unsure }))).toMatchObject({
      reasons: ["field kind", "margin"],
      score: expect.closeTo(Math.log(0.55 / 0.45), 12),
    });
    const sure = { kind: { confidence: 0.99, how: "read" } } as const;
    expect(read(answered(call, { options: cards, fields: sure })).reasons).toEqual(["margin", "field kind"]);
    expect(read(answered({ tool: "card", args: {} }, { options: cards, fields: {} })).reasons).toEqual(["margin"]);
  });
});

test("without options or fields it is the rung's own confidence, and a rule counts as certain", () => {
  expect(read(answered("a text", {}, { confidence: 0.8 })).score).toBeCloseTo(Math.log(4), 12);
  expect(read(answered("card", {}, { basis: "certain" }))).toMatchObject({
    score: MOST_SCORE,
    p: null,
    reasons: ["certain"],
  });
});

describe("fails closed", () => {
  const good = { options: cards };
  const nan = Number.NaN;
  const withP = (p: number) => ({ options: [{ name: "card", p }, ...cards.slice(1)] });
  const odd = (evidence: unknown): Reply => answered("card", evidence as Evidence);
  const cases: readonly [string, Reply | null | undefined, SignalContext, string][] = [
    ["no reply", null, {}, "no_reply"],
    ["nothing at all", undefined, {}, "no_reply"],
    ["a refusal", { kind: "escalated", reason: "way out", usage: noUsage }, {}, "refused"],
    ["a person who has not answered", { kind: "waiting", reason: "asked" }, {}, "waiting"],
    ["a timeout", answered("card", good), { failure: "timeout" }, "timeout"],
    ["unreadable JSON", answered("card", good), { failure: "malformed" }, "malformed"],
    ["another kind of reply", { kind: "odd" } as unknown as Reply, {}, "malformed"],
    ["no evidence object", odd(null), {}, "malformed"],
    ["options that are no list", odd({ options: 3 }), {}, "malformed"],
    ["an empty value", answered("", good), {}, "no_value"],
    ["no value", answered(undefined, good), {}, "no_value"],
    ["a confidence that is not a number", answered("card", good, { confidence: nan }), {}, "not_a_number"],
    ["a confidence above 1", answered("card", good, { confidence: 1.2 }), {}, "not_a_probability"],
    ["an option's probability that is not a number", answered("card", withP(nan)), {}, "not_a_number"],
    ["an option without a probability", odd({ options: [{ name: "card" }, ...cards.slice(1)] }), {}, "no_evidence"],
    ["an option below 0", answered("card", withP(-0.1)), {}, "not_a_probability"],
    ["options that do not sum to 1", answered("card", withP(0.9)), {}, "not_a_probability"],
    ["an interval that is not a number", answered("card", { ...good, interval: [nan, 1] }), {}, "not_a_number"],
    ["a mass that is not a number", answered("card", { ...good, mass: nan }), {}, "not_a_number"],
    ["an option without a name", answered("card", { options: [...cards, { name: " ", p: 0 }] }), {}, "empty_option"],
    ["an option twice", answered("card", { options: [...cards, { name: "card", p: 0 }] }), {}, "repeated_option"],
    ["an answer that was not weighed", answered("cheque", good), {}, "option_not_in_set"],
    ["an answer outside of the set", answered("card", good), { options: ["cash", "loan"] }, "option_not_in_set"],
    ["an object where a name is due", answered({ a: 1 }, good), { options: names }, "option_not_in_set"],
    ["a weighed option outside of the set", answered("card", good), { options: ["card"] }, "option_not_in_set"],
    ["nothing to choose", answered("card", { options: [{ name: "card", p: 1 }] }), {}, "too_few_options"],
    ["missing log-probabilities", answered("card", {}), {}, "no_evidence"],
    ["a share of no votes", answered("card", good), { votes: { agree: 0, of: 0 } }, "not_a_number"],
  ];

  test.each(cases)("on %s", (_, reply, context, reason) => {
    expect(signalOf(reply, context)).toEqual({ kind: "none", reason });
  });

  test("and on nothing else: the same reply without the fault has a signal", () => {
    expect(read(answered("card", good), { options: names, votes: { agree: 2, of: 3 } }).features.agreement).toBe(2 / 3);
  });

  test("whatever a reply holds, there is a finite score or a reason, and never an exception", () => {
    const junk = fc.oneof(
      fc.double(),
      fc.constantFrom(undefined, null, "", "card", nan, Number.POSITIVE_INFINITY, -1, 2),
      fc.array(fc.record({ name: fc.string(), p: fc.double() }), { maxLength: 3 }),
    );
    const evidence = fc.record(
      { options: junk, interval: junk, mass: junk, fields: fc.oneof(junk, fc.dictionary(fc.string(), junk)) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(junk, evidence, junk, (value, held, confidence) => {
        const reply = { kind: "answered", value, confidence, basis: "raw", evidence: held } as unknown as Reply;
        const signal = signalOf(reply);
        if (signal.kind === "signal") {
          expect(Math.abs(signal.score)).toBeLessThanOrEqual(MOST_SCORE);
          expect(signal.p).toBeGreaterThanOrEqual(0);
          expect(signal.p).toBeLessThanOrEqual(1);
          expect(featureVector(signal, { options: [] }).every(Number.isFinite)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("features", () => {
  const spec: FeatureSpec = { options: names, flags: ["too long", "odd"], lengths: [100, 1000] };

  test("have a name each, in an order that the spec alone fixes", () => {
    const signal = read(answered("cash", { options: cards }), { length: 500, flags: ["odd"] });
    const row = featureVector(signal, spec);
    const at = Object.fromEntries(featureNames(spec).map((name, index) => [name, row[index]]));
    expect(featureNames(spec)).toHaveLength(row.length);
    expect(at).toMatchObject({
      margin: signal.score,
      top: 0.2,
      mass: 1,
      "both orders": 0,
      "length up to 100": 0,
      "length up to 1000": 1,
      "flag odd": 1,
      "flag too long": 0,
      "option cash": 1,
      "option card": 0,
    });
    const longer = featureVector(read(answered("card", { options: cards }), { length: 5000 }), spec);
    expect(longer).toHaveLength(row.length);
  });

  test("tell a reply whose best option flips from one whose does not, and the rate is reported", () => {
    const withOrder = (order?: { flipped: boolean }): Signal =>
      read(answered("card", { options: cards, ...(order ? { order } : {}) }));
    const signals = [
      withOrder({ flipped: true }),
      withOrder({ flipped: false }),
      withOrder({ flipped: false }),
      withOrder(),
    ];
    const column = featureNames(spec).indexOf("flipped");
    expect(signals.map((signal) => featureVector(signal, spec)[column])).toEqual([1, 0, 0, 0]);
    expect(featureVector(withOrder(), spec)[column + 1]).toBe(0);
    expect(featureVector(withOrder({ flipped: false }), spec)[column + 1]).toBe(1);
    expect(flipRate(signals)?.share).toBeCloseTo(1 / 3, 12);
    expect(flipRate([withOrder()])).toBeNull();
  });
});
