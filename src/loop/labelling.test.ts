import { describe, expect, test } from "vitest";
import { sure } from "../../test/support/promises.ts";
import { askAbout } from "../../test/support/question.ts";
import type { Attempt, CheckResult } from "../core/answer.ts";
import type { Json } from "../core/json.ts";
import { noUsage } from "../core/usage.ts";
import type { Answered } from "../gate/gate.ts";
import type { Standing } from "../policy/policy.ts";
import { fallback, rules } from "../rung/rules.ts";
import type { Rung } from "../rung/rung.ts";
import { noteOf, stoodUnder } from "./labelling.ts";

const options = ["billing", "delivery", "refund"].map((name) => ({ name, description: "" }));
const question = askAbout("late", { options, ask: "?", cue: "" });

const certificate = { key: "k1", state: "probation", risk: 0.05, delta: 0.05, threshold: 0.8 } as const;
const coin = { propensity: 0.1, drawn: false, cluster: "c", seal: "s" };

function standing(more: Partial<Standing> & { drawn?: boolean } = {}): Standing {
  const { drawn = false, ...rest } = more;
  return {
    certificate,
    why: "",
    epoch: null,
    learned: () => null,
    loosest: 0.8,
    governs: ({ name }) => name === "words",
    judge: () => ({ confidence: 0.93, least: 0.8, stands: true, isFinal: false }),
    holdsAudits: false,
    toss: () => ({ ...coin, drawn }),
    tossRule: () => ({ ...coin, drawn }),
    watch: () => {},
    ...rest,
  };
}

const rungOf = (name: string, more: Partial<Rung> = {}): Rung => ({
  name,
  local: true,
  mostCost: 0,
  acceptAt: 0.9,
  decide: () => sure("billing", 0.9),
  ...more,
});
const words = rungOf("words");
const frontier = rungOf("frontier", { local: false, mostCost: 1, acceptAt: null });
const reply = sure("billing", 0.97) as Answered;
const plain: Answered = { ...reply, confidence: null, basis: "certain" };

interface Given {
  readonly of?: Standing;
  readonly by?: Rung;
  readonly reply?: Answered;
  readonly held?: Json | null;
  readonly trail?: readonly Attempt[];
}

function filed({ of = standing(), by = words, reply: given = reply, held = null, trail = [] }: Given) {
  const ladder = [words, frontier];
  const under = stoodUnder(of, question, by, ladder, { raw: "billing", reply: given, held, trail });
  return { record: under.record, confidence: under.confidence, label: under.label("j-1/team") };
}

function failed(rung: string, ...checks: readonly CheckResult[]): Attempt {
  return { rung, kind: "answered", value: "refund", verdict: { stands: false, checks } };
}
const below = (have: number | null): CheckResult => ({ check: "threshold", passes: false, need: 0.9, have });

describe("the label of an answer that stood under a certificate", () => {
  test("is an open audit where its coin was drawn, with what stood", () => {
    const { label, record, confidence } = filed({ of: standing({ drawn: true }) });
    expect(label).toEqual({
      question: "team",
      version: question.version,
      about: "late",
      cluster: "c",
      propensity: 0.1,
      key: "k1",
      decision: "j-1/team",
      sample: "audit",
      stood: "billing",
      answer: null,
    });
    expect(record).toEqual({ ...certificate, propensity: 0.1, audited: true, cluster: "c", seal: "s" });
    expect(confidence).toBe(0.93);
  });

  test("is none where its coin was not, and the propensity is on record all the same", () => {
    const { label, record } = filed({});
    expect(label).toBeUndefined();
    expect(record).toMatchObject({ propensity: 0.1, audited: false });
  });

  test("of a kept answer is that of its origin, at the confidence it had", () => {
    const kept: Answered = { ...reply, origin: { rung: "words", run: "r", path: "p", key: "k1" } };
    const { label, record, confidence } = filed({
      of: standing({ drawn: true }),
      by: rungOf("cache", { acceptAt: null }),
      reply: kept,
    });
    expect(label).toMatchObject({ sample: "audit", key: "k1" });
    expect(record).toMatchObject({ key: "k1", audited: true });
    expect(confidence).toBeUndefined();
  });
});

describe("the label of an item that went up", () => {
  test("is evidence where its coin was drawn, and good for training alone where it was not", () => {
    const drawn = filed({ of: standing({ drawn: true }), by: frontier, reply: plain });
    expect(drawn.label).toMatchObject({ sample: "random", propensity: 0.1, key: "k1", stood: null });
    expect(drawn.label?.answer).toEqual({ value: "billing", source: "frontier", by: "frontier" });
    expect(drawn.record).toBeUndefined();
    const other = filed({ by: frontier, reply: plain });
    expect(other.label).toMatchObject({ sample: "escalated", propensity: 0.1, stood: null });
  });

  test("is random with a propensity of 1 while nothing may stand", () => {
    const of = standing({ certificate: null, toss: () => ({ ...coin, propensity: 1, drawn: true }) });
    const { label } = filed({ of, by: frontier, reply: plain });
    expect(label).toMatchObject({ sample: "random", propensity: 1, key: null });
  });

  test("says where its answer comes from", () => {
    const known = rungOf("known", { local: false, source: "known", acceptAt: null });
    expect(filed({ by: known, reply: plain }).label?.answer).toMatchObject({ source: "known", by: "known" });
  });

  test("was held for its audit: what would have stood is audited by the answer", () => {
    const { label } = filed({ of: standing({ drawn: true }), by: frontier, reply: plain, held: "refund" });
    expect(label).toMatchObject({ sample: "audit", stood: "refund", answer: { value: "billing" } });
  });

  test.each<[string, Partial<Given>]>([
    [
      "an answer from further up that was kept",
      { reply: { ...plain, origin: { rung: "frontier", run: "r", path: "p" } } },
    ],
  ])("is none: %s", (_, given) => {
    expect(filed({ of: standing({ drawn: true }), by: frontier, ...given }).label).toBeUndefined();
  });
});

describe("in a time of warning", () => {
  const watch = (drawn = true): Standing =>
    standing({ drawn, loosest: 0.8, certificate: { ...certificate, state: "watch", threshold: 0.9 } });

  test("what only the certified threshold would have let stand is judged where its coin was drawn", () => {
    const trail = [failed("words", below(0.85))];
    expect(noteOf(watch(), question, { held: null, trail })).toEqual({
      sample: "random",
      propensity: 0.1,
      cluster: "c",
      key: "k1",
      stood: "refund",
    });
    expect(noteOf(watch(false), question, { held: null, trail })).toMatchObject({ sample: "escalated", stood: null });
  });

  test.each<[string, readonly Attempt[]]>([
    ["below the certified threshold too", [failed("words", below(0.79))]],
    ["without a confidence", [failed("words", below(null))]],
    ["of a rung that the promise does not cover", [failed("dear", below(0.85))]],
    [
      "that the author's own check refused",
      [failed("words", below(0.85), { check: "validators", passes: false, need: "true", have: "no" })],
    ],
    ["that has no verdict", [{ rung: "words", kind: "escalated", reason: "no" }]],
  ])("an answer %s is none", (_, trail) => {
    expect(noteOf(watch(), question, { held: null, trail })).toMatchObject({ sample: "random", stood: null });
  });

  test("over, the same item is a random one", () => {
    const note = noteOf(standing({ drawn: true }), question, { held: null, trail: [failed("words", below(0.85))] });
    expect(note).toMatchObject({ sample: "random", stood: null });
  });
});

test("some of what a rule answers is set aside for an audit, under a key that is no version's", () => {
  const rung = rules(() => "billing");
  const reply = {
    kind: "answered",
    value: "billing",
    confidence: null,
    basis: "certain",
    evidence: {},
    usage: noUsage,
  } as const;
  const went = { raw: "billing", reply, held: null, trail: [] };
  const label = stoodUnder(standing({ drawn: true }), question, rung, [rung], went).label("r-1/team");
  expect(label).toMatchObject({ sample: "audit", key: "rule rules", stood: "billing", answer: null });
  expect(stoodUnder(standing(), question, rung, [rung], went).label("r-1/team")).toBeUndefined();
});

test("a safe answer for want of a better one leaves a row that nobody has answered: it counts, and not for the rungs", () => {
  const rung = fallback("billing");
  const reply = {
    kind: "answered",
    value: "billing",
    confidence: null,
    basis: "none",
    evidence: {},
    usage: noUsage,
  } as const;
  const went = { raw: "billing", reply, held: null, trail: [] };
  const label = stoodUnder(standing(), question, rung, [rung], went).label("r-1/team");
  expect(label).toMatchObject({ sample: "escalated", answer: null });
  // A rung of known answers that knows none has said nothing, whatever it is called: the item may be labelled later.
  const known = rungOf("any", { local: false, acceptAt: null, source: "known" });
  expect(stoodUnder(standing(), question, known, [known], went).label("r-1/team")).toBeUndefined();
});
