import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CheckResult } from "../core/answer.ts";
import { Question, type QuestionSpec } from "../core/question.ts";
import { noUsage } from "../core/usage.ts";
import type { Rung } from "../rung/rung.ts";
import { effects } from "./effects.ts";
import { type Check, type Judged, judge, type Weighing } from "./gate.ts";
import { limits } from "./limits.ts";
import { reasonOf, reasonsOf } from "./reason.ts";
import { threshold } from "./threshold.ts";
import { validators } from "./validators.ts";
import { wayOut } from "./way-out.ts";

interface Case {
  spec?: Partial<QuestionSpec>;
  raw?: unknown;
  value?: unknown;
  confidence?: unknown;
  cost?: number | null;
  acceptAt?: number | null;
  accountable?: Rung | null;
  place?: number;
  floor?: { place: number; rung: string };
  spend?: { allowed: number | null; spent: number };
  weighing?: Weighing | null;
}

function judged(given: Case = {}): Judged {
  const spec: QuestionSpec = {
    verb: "choose",
    ask: "?",
    cue: "",
    options: [],
    otherwise: "none of these",
    fields: null,
    tools: [],
    maxTokens: 0,
    stop: [],
    onText: null,
    split: null,
    check: null,
    ...given.spec,
  };
  const raw = given.raw ?? "a";
  const { acceptAt = 0.5, confidence = 0.9, cost = 0 } = given;
  const rung: Rung = {
    name: "model",
    local: true,
    mostCost: 0,
    acceptAt,
    decide: () => ({ kind: "waiting", reason: "" }),
  };
  return {
    question: new Question(
      "s",
      "s",
      spec,
      () => "",
      (value) => ({ ok: true, value }),
    ),
    reply: {
      kind: "answered",
      value: raw,
      confidence: confidence as number,
      basis: "raw",
      evidence: {},
      usage: { ...noUsage, cost },
    },
    value: "value" in given ? given.value : raw,
    rung,
    accountable: given.accountable === undefined ? rung : given.accountable,
    standing: null,
    weighing: given.weighing ?? null,
    place: given.place ?? 0,
    floor: () => given.floor ?? { place: 0, rung: "any rung" },
    spend: { unpriced: "refuse", ...(given.spend ?? { allowed: null, spent: 0 }) },
  };
}

test("a cached answer meets the threshold of the rung that gave it, or does not stand", () => {
  const strict = { ...judged({ acceptAt: 0.9 }).rung, name: "encoder" };
  const cached = { acceptAt: null, confidence: 0.7 };
  expect(said(threshold, { ...cached, accountable: strict })).toEqual([
    false,
    "confidence 0.7 is below the threshold 0.9",
  ]);
  expect(said(threshold, { ...cached, accountable: { ...strict, acceptAt: 0.6 } })?.[0]).toBe(true);
  expect(said(threshold, { ...cached, accountable: null })?.[0]).toBe(false);
  expect(said(threshold, cached)).toBeNull();
});

/** A check's verdict and its reason, as a receipt prints it. */
function said(check: Check, given: Case): [boolean, string] | null {
  const result = check(judged(given));
  return result && [result.passes, reasonOf(result)];
}

describe("the threshold", () => {
  test("compares the confidence with what the rung needs", () => {
    expect(said(threshold, { confidence: 0.9, acceptAt: 0.9 })).toEqual([
      true,
      "confidence 0.9 is at least the threshold 0.9",
    ]);
    expect(said(threshold, { confidence: 0.41234, acceptAt: 0.9 })).toEqual([
      false,
      "confidence 0.412 is below the threshold 0.9",
    ]);
    expect(said(threshold, { acceptAt: null })).toBeNull();
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -0.1, 1.1, null, undefined, "0.99", true, [0.9], {}])(
    "never lets a confidence of %s stand, however low it is",
    (confidence) => {
      for (const acceptAt of [0, 0.5, -1]) {
        // `undefined` would fall back to the case's own confidence.
        const judgement = judged({ acceptAt });
        const result = threshold({ ...judgement, reply: { ...judgement.reply, confidence: confidence as number } });
        expect(result?.passes).toBe(false);
        expect(reasonOf(result!)).toBe(`no usable confidence, where ${acceptAt} is needed`);
      }
    },
  );

  test("lets nothing stand where what it needs is no number", () => {
    expect(said(threshold, { confidence: 1, acceptAt: Number.NaN })?.[0]).toBe(false);
  });
});

describe("the way out", () => {
  test("sends a rung that needs confidence up, and stands for one that needs none", () => {
    expect(said(wayOut, { raw: "none of these" })).toEqual([false, 'chose the way out, "none of these"']);
    expect(said(wayOut, { raw: "none of these", acceptAt: null })).toEqual([true, '"none of these" may stand here']);
    expect(said(wayOut, { raw: "a" })).toBeNull();
    expect(said(wayOut, { raw: "none of these", spec: { otherwise: null } })).toBeNull();
  });

  test.each([["none of these"], [{ tool: "none of these" }], [[{ tool: "none of these", args: {} }]]])(
    "of a pick is seen however it is wrapped: %j",
    (raw) => {
      expect(said(wayOut, { raw, value: null, spec: { verb: "pick" } })?.[0]).toBe(false);
    },
  );
});

describe("the author's check", () => {
  const check = (value: string): true | string => value === "a" || "it is not a";
  const spec = { check: check as never };

  test("stands or says why not", () => {
    expect(said(validators, { spec })).toEqual([true, "the author's check passes"]);
    expect(said(validators, { spec, raw: "b" })).toEqual([false, "the author's check says: it is not a"]);
    expect(said(validators, {})).toBeNull();
  });

  test("does not pass when it throws, or is async", () => {
    const throws = (): never => {
      throw new Error("no");
    };
    expect(said(validators, { spec: { check: throws } })).toEqual([
      false,
      "the author's check says: the check threw: no",
    ]);
    expect(said(validators, { spec: { check: (async () => true) as never } })?.[0]).toBe(false);
  });

  test("is not asked about the way out, which is no value of its", () => {
    expect(said(validators, { spec, raw: "none of these", value: null })).toBeNull();
  });
});

describe("the effect floor", () => {
  const tools = (["read", "write", "irreversible"] as const).map((effect) => {
    return { name: effect, description: "", effect, input: {} };
  });
  const pick = (tool: string, place: number): Case => ({
    spec: { verb: "pick", tools },
    raw: { tool, args: {} },
    place,
    floor: { place: 1, rung: "person" },
  });

  test("asks nothing of a reading tool, and a place on the ladder of the others", () => {
    expect(said(effects, pick("read", 0))).toBeNull();
    expect(said(effects, pick("write", 0))).toEqual([false, "this effect needs person, not model"]);
    expect(said(effects, pick("irreversible", 0))?.[0]).toBe(false);
    expect(said(effects, pick("irreversible", 1))).toEqual([true, "model may let this effect stand"]);
  });

  test("has nothing to say of other questions, or of a pick that ends", () => {
    expect(said(effects, { ...pick("write", 0), value: null })).toBeNull();
    expect(said(effects, {})).toBeNull();
  });
});

/** Somebody above who is worth asking, or not. */
const weighs = (isWorth: boolean, replacesThreshold = true): Weighing => {
  return { replacesThreshold, above: () => ({ isWorth, why: `asking large ${isWorth ? "saves" : "costs"} more` }) };
};

describe("what a wrong answer costs", () => {
  test("stands in the threshold's place: an answer stands when nobody above is worth asking", () => {
    expect(said(threshold, { weighing: weighs(false), confidence: 0.1 })).toEqual([true, "asking large costs more"]);
    expect(said(threshold, { weighing: weighs(true), confidence: 0.99 })).toEqual([false, "asking large saves more"]);
    const alone: Weighing = { replacesThreshold: true, above: () => null };
    expect(said(threshold, { weighing: alone })).toEqual([true, "right in 0.9, and nobody above costs anything"]);
  });

  test("lets nothing stand that names no probability", () => {
    for (const confidence of [null, Number.NaN, 1.1, "0.9"]) {
      expect(said(threshold, { weighing: weighs(false), confidence })?.[0]).toBe(false);
    }
  });

  test("settles nothing where a promise was asked for, or a rung needs no confidence", () => {
    expect(said(threshold, { weighing: weighs(false, false), confidence: 0.1 })?.[0]).toBe(false);
    expect(said(threshold, { weighing: weighs(true), acceptAt: null })).toBeNull();
  });
});

describe("the spend limit", () => {
  const spend = { allowed: 1, spent: 0.6 };

  test("holds the price of the reply beside what was spent before", () => {
    expect(said(limits, { spend, cost: 0.4 })).toEqual([true, "spend 1 is within 1"]);
    expect(said(limits, { spend, cost: 0.5 })).toEqual([false, "spend 1.1 is not within the limit 1"]);
    expect(said(limits, { cost: 5 })).toBeNull();
  });

  test("lets no unpriced reply stand", () => {
    expect(said(limits, { spend, cost: null })).toEqual([false, "spend unpriced is not within the limit 1"]);
    expect(said(limits, { spend, cost: Number.NaN })?.[0]).toBe(false);
  });
});

describe("the gate", () => {
  const result = (passes: boolean): CheckResult => ({ check: "any", passes, need: 1, have: 0 });

  test("gives every check's result, also after one failed, and the reasons of those that did", () => {
    const verdict = judge([threshold, wayOut, validators], judged({ raw: "none of these", confidence: 0.1 }));
    expect(verdict.stands).toBe(false);
    expect(reasonsOf(verdict)).toBe('confidence 0.1 is below the threshold 0.5; chose the way out, "none of these"');
    expect(reasonsOf(judge([threshold], judged()))).toBe("confidence 0.9 is at least the threshold 0.5");
    expect(reasonsOf(judge([], judged()))).toBe("nothing to check");
    expect(reasonOf(result(false))).toBe("any: needs 1, has 0");
  });

  const anyCheck = fc.oneof(
    fc.constantFrom<Check>(threshold, wayOut, validators, effects, limits, () => null),
    fc.boolean().map(
      (passes): Check =>
        () =>
          result(passes),
    ),
  );
  const anyCase = fc.record({
    confidence: fc.oneof(fc.double(), fc.constant(null), fc.string()),
    raw: fc.constantFrom("a", "none of these"),
    cost: fc.constantFrom(0, 1, null),
    spend: fc.constantFrom({ allowed: null, spent: 0 }, { allowed: 1, spent: 0.5 }),
    weighing: fc.option(fc.boolean().map((isWorth) => weighs(isWorth))),
  });

  test("never lets more stand for having one check more", () => {
    fc.assert(
      fc.property(fc.array(anyCheck), anyCheck, fc.nat(), anyCase, (checks, added, at, given) => {
        const more = [...checks];
        more.splice(at % (checks.length + 1), 0, added);
        if (judge(more, judged(given)).stands) expect(judge(checks, judged(given)).stands).toBe(true);
      }),
    );
  });

  test("(control) a gate that only needs one check to pass would let more stand", () => {
    const anyOf = (checks: readonly Check[]): boolean => checks.some((check) => check(judged())?.passes);
    expect(() =>
      fc.assert(
        fc.property(fc.array(anyCheck), anyCheck, (checks, added) => {
          if (anyOf([...checks, added])) expect(anyOf(checks)).toBe(true);
        }),
      ),
    ).toThrow();
  });
});
