import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { oracle, reader, secret, sure, teams, World } from "../../test/support/promises.ts";
import { askAbout } from "../../test/support/question.ts";
import type { Evidence } from "../core/answer.ts";
import type { CertificateFigures } from "../core/policy-event.ts";
import type { Question } from "../core/question.ts";
import { noUsage } from "../core/usage.ts";
import type { Answered } from "../gate/gate.ts";
import { threshold as thresholdCheck } from "../gate/threshold.ts";
import { clusterKey } from "../learn/clusters.ts";
import { cache } from "../rung/cache.ts";
import { fallback, rules } from "../rung/rules.ts";
import type { Rung } from "../rung/rung.ts";
import type { Member } from "./local-version.ts";
import { coveredBy } from "./open-policy.ts";
import { Serving } from "./serving.ts";
import { StandingNow, type View } from "./standing.ts";

const world = new World();
const low = reader(world, { name: "low" });
const high = reader(world, { name: "high" });

function about(text: string): Question {
  const options = teams.map((name) => ({ name, description: "" }));
  return askAbout(text, { options, ask: "?", cue: "" });
}

const member = (rung: Rung): Member => ({
  rung,
  version: "1",
  answers: null,
  weights: null,
  calibrator: { kind: "raw" },
});
const grid = [0.95, 0.9, 0.8];
const counts = { accepted: [20, 40, 60], wrong: [0, 0, 1] };

function serving(more: Partial<CertificateFigures> = {}, members = [member(low), member(high)]): Serving {
  const version = { key: "k1", members, grid, coverage: [0.2, 0.4, 0.6], ...counts, trainedOn: 100, upTo: 100 };
  const figures: CertificateFigures = {
    threshold: 0.9,
    risk: 0.05,
    delta: 0.05,
    accepted: 100,
    wrong: 1,
    labels: 200,
    error: 0.01,
    upper: 0.04,
    step: 1,
    coverage: 0.4,
    source: "known",
    ...more,
  };
  return new Serving("team", version, figures, 300, 0);
}

function standing(more: Partial<View> = {}): StandingNow {
  return new StandingNow({
    question: "team",
    rungs: [low, high],
    serving: serving(),
    why: "cold",
    epoch: null,
    learned: () => null,
    classes: {},
    holdsAudits: false,
    secret,
    propensity: 0.1,
    watch: () => {},
    ...more,
  });
}

const say = (value: string, p: number): Answered => sure(value, p) as Answered;
const judge = (at: StandingNow, reply: Answered, rung = low, text = "late") => at.judge(rung, about(text), reply);

describe("a standing", () => {
  test("without a certificate lets nothing stand, however sure", () => {
    const cold = standing({ serving: null });
    expect(cold.certificate).toBeNull();
    expect(judge(cold, say("billing", 1))).toEqual({ confidence: null, least: null, stands: false, isFinal: false });
    expect(judge(standing(), say("billing", 1)).stands).toBe(true);
  });

  test("lets stand what reaches the threshold, to the item's own jitter", () => {
    const at = standing();
    expect(judge(at, say("billing", 0.91))).toEqual({ confidence: 0.91, least: 0.9, stands: true, isFinal: false });
    expect(judge(at, say("billing", 0.89))).toMatchObject({ stands: false, isFinal: false });
    // A threshold that cuts through a block of equal figures: some items of it stand, the same ones every time.
    const cut = 0.9 + 5e-10;
    const version = { ...serving().version, grid: [cut], coverage: [0.5], accepted: [40], wrong: [0] };
    const inGrid = new Serving("team", version, { ...serving().figures, threshold: cut, step: 0 }, 300, 0);
    const block = standing({ serving: inGrid });
    const texts = Array.from(
      { length: 200 },
      (_, index) => `text ${"abcdefghij"[index % 10]} ${"klmnopqrstuvwxyzabcd"[Math.floor(index / 10)]}`,
    );
    const stands = texts.map((text) => judge(block, say("billing", 0.9), low, text).stands);
    expect(stands.filter(Boolean).length).toBeGreaterThan(60);
    expect(stands.filter(Boolean).length).toBeLessThan(140);
    expect(texts.map((text) => judge(block, say("billing", 0.9), low, text).stands)).toEqual(stands);
  });

  test("governs the rungs that the promise covers, and judges none but the members of the version", () => {
    const at = standing({ serving: serving({}, [member(low)]) });
    expect([low, high, oracle(world)].map((rung) => at.governs(rung))).toEqual([true, true, false]);
    expect(judge(at, say("billing", 1), high)).toMatchObject({ confidence: null, stands: false });
  });

  test("knows nothing of a rung that is not calibrated yet", () => {
    const at = standing({ serving: serving({}, [{ ...member(low), calibrator: null }]) });
    expect(judge(at, say("billing", 1))).toMatchObject({ confidence: null, stands: false });
  });

  const evidence = (options: readonly { name: string; p: number }[]): Evidence => ({ options });
  test.each<[string, Partial<Answered>]>([
    ["a confidence that is no number", { confidence: Number.NaN }],
    ["a confidence above 1", { confidence: 1.2 }],
    ["no evidence and no confidence", { confidence: null, evidence: {} }],
    [
      "a probability that is no number",
      {
        evidence: evidence([
          { name: "billing", p: Number.NaN },
          { name: "refund", p: 0 },
        ]),
      },
    ],
    [
      "probabilities that do not add up",
      {
        evidence: evidence([
          { name: "billing", p: 1 },
          { name: "refund", p: 0.6 },
        ]),
      },
    ],
    ["one option alone", { evidence: evidence([{ name: "billing", p: 1 }]) }],
    [
      "an empty option",
      {
        evidence: evidence([
          { name: "billing", p: 1 },
          { name: "", p: 0 },
        ]),
      },
    ],
    [
      "an option of another question",
      {
        evidence: evidence([
          { name: "billing", p: 1 },
          { name: "sales", p: 0 },
        ]),
      },
    ],
    ["an answer that is no option", { value: "sales" }],
    ["no answer", { value: undefined }],
    ["an answer that is not the best option", { value: "refund" }],
  ])("lets nothing stand that comes with %s", (_, more) => {
    const reply = { ...say("billing", 0.99), ...more } as Answered;
    expect(judge(standing(), reply).stands).toBe(false);
    expect(judge(standing(), say("billing", 0.99)).stands).toBe(true);
  });

  test("never lets anything stand below the threshold, whatever a rung replies", () => {
    const anything = fc.record({
      value: fc.oneof(fc.constantFrom(...teams), fc.anything()),
      confidence: fc.oneof(fc.double(), fc.anything()),
      evidence: fc.oneof(
        fc.anything(),
        fc.record({ options: fc.array(fc.record({ name: fc.constantFrom(...teams, ""), p: fc.double() })) }),
      ),
    });
    let stood = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          anything,
          fc.double({ min: 0, max: 1, noNaN: true }).map((p) => say("billing", p)),
        ),
        (given) => {
          const reply = { kind: "answered", basis: "raw", usage: noUsage, ...given } as Answered;
          const { stands, confidence } = judge(standing(), reply);
          if (!stands) return;
          stood++;
          expect(confidence!).toBeGreaterThanOrEqual(0.9 - 1e-9);
          expect(confidence!).toBeLessThanOrEqual(1);
        },
      ),
      { seed: 3, numRuns: 500 },
    );
    expect(stood).toBeGreaterThan(10);
  });
});

describe("an answer with a risk of its own", () => {
  const at = (least: number | null, more: Partial<View> = {}): StandingNow =>
    standing({
      serving: serving({ classes: { refund: { risk: 0.01, threshold: least } } }),
      classes: { refund: 0.01 },
      ...more,
    });

  test("stands above its own threshold; where it was decided on and refused, no other local rung is asked", () => {
    expect(judge(at(0.97), say("refund", 0.98))).toMatchObject({ stands: true, least: 0.97, isFinal: false });
    expect(judge(at(0.97), say("refund", 0.93))).toMatchObject({ stands: false, least: 0.97, isFinal: true });
    expect(judge(at(null), say("refund", 1))).toMatchObject({ stands: false, least: null, isFinal: true });
    // It was not sure enough to decide at all: the next rung may be.
    expect(judge(at(0.97), say("refund", 0.8))).toMatchObject({ stands: false, isFinal: false });
    expect(judge(at(null), say("billing", 0.93))).toMatchObject({ stands: true, least: 0.9 });
  });

  test("stands nowhere when it is named only after the certificate", () => {
    const late = standing({ classes: { refund: 0.01 } });
    expect(judge(late, say("refund", 1))).toMatchObject({ stands: false, least: null, isFinal: true });
  });

  test("stands nowhere when less risk is asked for it than was certified", () => {
    expect(judge(at(0.97, { classes: { refund: 0.001 } }), say("refund", 1)).stands).toBe(false);
    expect(judge(at(0.97, { classes: { refund: 0.02 } }), say("refund", 0.98)).stands).toBe(true);
  });

  test("is no part of the rest when it is named no longer: the rest was certified without it", () => {
    expect(judge(at(null, { classes: {} }), say("refund", 1)).stands).toBe(false);
    expect(judge(at(0.97, { classes: {} }), say("refund", 0.93)).stands).toBe(false);
    expect(judge(at(0.97, { classes: {} }), say("refund", 0.98)).stands).toBe(true);
  });

  test("is not taken for one that every object has", () => {
    const named = { ...say("billing", 0.99), value: "toString", evidence: {} };
    // No option of this question, so nothing; but not for the class that it does not have.
    expect(judge(at(null), named)).toMatchObject({ stands: false, isFinal: false });
  });
});

describe("an answer that was kept", () => {
  const kept = (key: string | undefined, confidence: number | null): Answered => ({
    ...say("billing", 0.99),
    confidence,
    evidence: {},
    origin: { rung: "low", run: "r", path: "p", ...(key !== undefined && { key }) },
  });
  const check = (at: StandingNow, reply: Answered) =>
    thresholdCheck({
      question: about("late"),
      reply,
      value: "billing",
      rung: cache(),
      accountable: low,
      standing: at,
      weighing: null,
      place: 0,
      floor: () => ({ place: 0, rung: "any" }),
      spend: { allowed: null, spent: 0, unpriced: "refuse" },
    });

  test("stands under the same certificate, by the figure that it had", () => {
    expect(check(standing(), kept("k1", 0.93))).toMatchObject({ check: "threshold", passes: true, have: 0.93 });
    expect(check(standing(), kept("k0", 0.99))).toMatchObject({ check: "promise", passes: false, have: "k0" });
    expect(check(standing(), kept(undefined, 0.99))).toMatchObject({ check: "promise", passes: false, have: null });
    expect(check(standing({ serving: null, why: "cold" }), kept("k1", 0.99))).toMatchObject({
      passes: false,
      have: "cold",
    });
  });

  test("does not stand where the same version has a stricter threshold by now, or its answer one of its own", () => {
    expect(check(standing(), kept("k1", 0.85))).toMatchObject({ passes: false, need: 0.9, have: 0.85 });
    expect(check(standing(), kept("k1", null))).toMatchObject({ passes: false });
    const own = standing({
      serving: serving({ classes: { billing: { risk: 0.01, threshold: 0.97 } } }),
      classes: { billing: 0.01 },
    });
    expect(check(own, kept("k1", 0.93))).toMatchObject({ check: "class", passes: false, need: 0.97 });
  });
});

describe("the coin", () => {
  test("is the same for duplicates, at every look, and another under another version or secret", () => {
    const texts = Array.from(
      { length: 300 },
      (_, index) => `order ${"abcdefghijklmno"[index % 15]}${"abcdefghijklmnopqrst"[Math.floor(index / 15)]}`,
    );
    const draws = (at: StandingNow): boolean[] => texts.map((text) => at.toss(about(text)).drawn);
    const half = standing({ propensity: 0.5 });
    const first = draws(half);
    expect(draws(half)).toEqual(first);
    expect(draws(standing({ propensity: 0.5 }))).toEqual(first);
    const other = Uint8Array.from(secret, (byte) => byte ^ 1);
    expect(draws(standing({ propensity: 0.5, secret: other }))).not.toEqual(first);
    expect(draws(standing({ propensity: 0.5, question: "other" }))).not.toEqual(first);
    expect(half.toss(about("Order 4711 is late!"))).toEqual(half.toss(about("order 12 is late")));
    expect(half.toss(about("late")).cluster).toBe(clusterKey("late"));
    const share = first.filter(Boolean).length / 300;
    expect(Math.abs(share - 0.5)).toBeLessThan(0.1);
    // A larger propensity draws all that a smaller one draws.
    const few = draws(standing({ propensity: 0.1 }));
    expect(few.every((drawn, index) => !drawn || first[index])).toBe(true);
  });

  test("always falls on the audited side while nothing may stand, also when a promise was just taken back", () => {
    expect(standing({ serving: null, propensity: 1 }).toss(about("x"))).toMatchObject({ propensity: 1, drawn: true });
    const broken = serving();
    const label = { number: 400 } as never;
    for (let audits = 0; audits < 200 && broken.status !== null; audits++) broken.audit(label, true);
    expect(broken.status).toBeNull();
    const after = standing({ serving: broken, propensity: 0 });
    expect(after.certificate).toBeNull();
    expect(after.toss(about("x"))).toMatchObject({ propensity: 1, drawn: true });
  });
});

describe("in a time of warning", () => {
  test("a stricter threshold holds, and the certified one is still known", () => {
    const warned = serving();
    warned.warn("answers", false, 400);
    const at = standing({ serving: warned });
    expect(at.certificate).toMatchObject({ state: "watch", threshold: 0.95 });
    expect(at.loosest).toBe(0.9);
    expect(judge(at, say("billing", 0.93))).toMatchObject({ stands: false, least: 0.95 });
    expect(judge(at, say("billing", 0.96)).stands).toBe(true);
  });

  test("at the strictest threshold of all nothing stands", () => {
    const warned = serving({ threshold: 0.95, step: 0 });
    warned.warn("answers", false, 400);
    expect(judge(standing({ serving: warned }), say("billing", 1)).stands).toBe(false);
  });
});

describe("what one promise covers", () => {
  const names = (ladder: readonly Rung[]) => {
    const covered = coveredBy(ladder);
    return covered && [covered.rungs.map(({ name }) => name), covered.upper.name];
  };
  const paid = reader(world, { name: "paid", mostCost: 1 });
  const unpriced = reader(world, { name: "unpriced", mostCost: null });

  test("is every local rung that needs a confidence, below the first that is paid or not local", () => {
    const above = oracle(world);
    expect(names([cache(), rules(() => "x"), low, high, above])).toEqual([["low", "high"], "oracle"]);
    expect(names([low, paid, high, above])).toEqual([["low"], "paid"]);
    expect(names([low, unpriced, above])).toEqual([["low"], "unpriced"]);
    expect(names([low, fallback("x")])).toBeNull();
    expect(names([rules(() => "x"), above])).toBeNull();
    expect(names([above, low])).toBeNull();
    expect(names([])).toBeNull();
  });
});
