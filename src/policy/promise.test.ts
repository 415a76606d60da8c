/** The life of a promise, through the loop, the journal and the policy together. */

import { describe, expect, test } from "vitest";
import {
  type Decision,
  feedUntil,
  openStream,
  oracle,
  reader,
  type Stream,
  secret,
  sure,
  World,
} from "../../test/support/promises.ts";
import type { StepAnswered } from "../core/event.ts";
import type { Label } from "../core/label.ts";
import type { PolicyEvent } from "../core/policy-event.ts";
import { noUsage } from "../core/usage.ts";
import { auditUnit, drawAudit } from "../guarantee/audit.ts";
import { cache } from "../rung/cache.ts";
import type { QuestionReport } from "./report.ts";

const serves = ({ serving }: QuestionReport): boolean => serving !== null;
const stood = ({ event }: Decision): boolean => event.type === "step_answered" && event.standing !== undefined;
const isWrong = ({ event, ticket }: Decision): boolean => (event as StepAnswered).value !== ticket.truth;
const labelsOf = ({ journal, report }: Stream): readonly Label[] => [
  ...journal.labels.answered("team", report().version),
];
const lastOf = <T extends PolicyEvent["type"]>(stream: Stream, type: T) =>
  stream.events(type).at(-1) as Extract<PolicyEvent, { type: T }>;

describe("a promise", () => {
  test("lets nothing stand while it is cold, though the rung below is sure; every item that goes up is a random label", async () => {
    await using stream = await openStream();
    const decisions = await stream.feed(0, 60);
    expect(decisions.filter(stood)).toEqual([]);
    expect(decisions.every(({ event }) => (event as StepAnswered).rung === "oracle")).toBe(true);
    expect(labelsOf(stream)).toHaveLength(60);
    for (const label of labelsOf(stream)) expect(label).toMatchObject({ sample: "random", propensity: 1, key: null });
    expect(stream.report()).toMatchObject({ state: "cold", serving: null });
    // (control) Without a promise asked for, the very same reply stands by the rung's own threshold.
    const { event } = decisions.find(({ ticket }) => ticket.p > 0.95)!;
    const checks = event.trail[0]?.verdict?.checks;
    expect(checks?.[0]).toMatchObject({ check: "promise", passes: false, need: "a certificate" });
  });

  test("is given on labels behind its training, and from then on answers stand, as often wrong as promised at most", async () => {
    await using stream = await openStream();
    const from = await feedUntil(stream, 0, 1500, serves);
    const issued = lastOf(stream, "certificate_issued");
    const made = stream.events("version_made")[0] as Extract<PolicyEvent, { type: "version_made" }>;
    expect(issued.key).toBe(made.key);
    expect(issued.labels).toBeLessThanOrEqual(issued.after - made.upTo);
    const kept = (await stream.feed(from, 200)).filter(stood);
    expect(kept.length).toBeGreaterThan(100);
    expect(kept.filter(isWrong).length / kept.length).toBeLessThan(0.1);
    expect(kept.every(({ event }) => (event as StepAnswered).basis === "calibrated")).toBe(true);
  });

  test("is not given to a rung that is sure and wrong", async () => {
    await using stream = await openStream({ world: new World({ driftsAt: 0 }) });
    const decisions = await stream.feed(0, 400);
    expect(decisions.filter(stood)).toEqual([]);
    expect(stream.events("certificate_issued")).toEqual([]);
  });

  test("is taken back when its audits show more errors, and given again on labels from after that alone", async () => {
    const world = new World({ driftsAt: 600 });
    const ladder = [
      // The world comes right again, much later.
      reader(world),
      oracle(world),
    ];
    await using stream = await openStream({ world, ladder });
    await feedUntil(stream, 0, 600, serves);
    await stream.feed(590, 10);
    const revokedAt = await feedUntil(stream, 600, 2000, ({ state }) => state === "revoked");
    const { after } = lastOf(stream, "certificate_revoked");
    const next = await stream.feed(revokedAt, 30);
    expect(next.filter(stood)).toEqual([]);
    const late = labelsOf(stream).filter(({ number }) => number > after);
    expect(late.every(({ sample, propensity }) => sample === "random" && propensity === 1)).toBe(true);
    // A past that is put on record now is of before the alarm all the same: it tests nothing.
    const { labels: tested } = stream.report().trial!;
    const { version } = stream.report();
    const past = Array.from({ length: 40 }, (_, index) => ({
      question: "team",
      version,
      cluster: `past ${index}`,
      about: world.ticket(20_000 + index).text,
      sample: "random" as const,
      propensity: 1,
      key: null,
      stood: null,
    }));
    const answer = { value: "refund", source: "known", by: "past.csv" } as const;
    await stream.journal.labels.add(past.map((one) => ({ ...one, decision: null, answer })));
    stream.parts.policy.nudge();
    await stream.parts.policy.settled();
    expect(stream.report().trial!.labels).toBe(tested);
    // (control) The same as decisions of runs since then would.
    const since = past.map((one, index) => ({ ...one, cluster: `run ${index}`, decision: `run ${index}`, answer }));
    await stream.journal.labels.add(since);
    stream.parts.policy.nudge();
    await stream.parts.policy.settled();
    expect(stream.report().trial!.labels).toBe(tested + 40);
    const healed = new World({ seed: 7 });
    world.read = (text) => healed.read(text);
    world.ticket = (number) => healed.ticket(number);
    const issuedBefore = stream.events("certificate_issued").length;
    await feedUntil(stream, 10_000, 3000, serves);
    expect(stream.events("certificate_issued").length).toBe(issuedBefore + 1);
    const issued = lastOf(stream, "certificate_issued");
    expect(issued.after).toBeGreaterThan(after);
    // Everything that it rests on was set aside after the alarm.
    expect(issued.labels).toBeLessThanOrEqual(issued.after - after);
  });

  test("counts the audit's answer against the version and the answer that stood, not the one that came later", async () => {
    await using stream = await openStream();
    const from = await feedUntil(stream, 0, 1500, serves);
    const { key } = stream.report().serving!;
    const before = stream.report().serving!.audits.answered;
    const decisions = (await stream.feed(from, 60)).filter(stood);
    const audited = decisions.filter(({ event }) => (event as StepAnswered).standing?.audited);
    const audits = labelsOf(stream).filter((label) => label.sample === "audit" && label.key === key);
    expect(audited.length).toBeGreaterThan(0);
    for (const { event, ticket } of audited) {
      const { standing, value } = event as StepAnswered;
      const label = audits.find(({ cluster }) => cluster === standing!.cluster);
      expect(label).toMatchObject({ stood: value, propensity: standing!.propensity, about: ticket.text });
      expect(label?.answer).toEqual({ value: ticket.truth, source: "known", by: "oracle" });
    }
    if (stream.report().serving?.since === lastOf(stream, "certificate_issued").at) {
      expect(stream.report().serving!.audits.answered).toBeGreaterThan(before);
    }
  });
});

describe("an audit's coin", () => {
  test("is on record with the answer, sealed under the journal's secret, and the same whenever it is tossed", async () => {
    await using stream = await openStream();
    const from = await feedUntil(stream, 0, 1500, serves);
    const decisions = (await stream.feed(from, 40)).filter(stood);
    for (const { event } of decisions) {
      const { key, state, propensity, audited, cluster, seal } = (event as StepAnswered).standing!;
      const decision = auditUnit(`team ${key}`, cluster);
      expect(drawAudit(secret, { decision, state, propensity })).toMatchObject({ drawn: audited, seal });
      // (control) A propensity that was written over no longer fits its seal.
      expect(drawAudit(secret, { decision, state, propensity: propensity / 2 }).seal).not.toBe(seal);
    }
    expect(decisions.length).toBeGreaterThan(20);
  });

  test("is one for all duplicates: a burst is one label, and the certificate does not tighten by it", async () => {
    await using stream = await openStream();
    await stream.feed(0, 20);
    for (let times = 0; times < 30; times++) await stream.repeat(3);
    expect(labelsOf(stream)).toHaveLength(20);
    const from = await feedUntil(stream, 20, 1500, serves);
    const decisions = (await stream.feed(from, 40)).filter(stood);
    const drawn = decisions.find(({ event }) => (event as StepAnswered).standing?.audited)!;
    const { serving } = stream.report();
    const before = stream.journal.labels.counts("team");
    const number = from + 0;
    for (let times = 0; times < 10; times++) {
      const again = await stream.repeat(numberOf(stream, drawn, number, 40));
      // The certificate may have been loosened by other labels meanwhile; the coin is the same.
      const { threshold: _, ...coin } = (drawn.event as StepAnswered).standing!;
      if (stood(again)) expect((again.event as StepAnswered).standing).toMatchObject(coin);
    }
    await stream.parts.policy.settled();
    expect(stream.journal.labels.counts("team")).toEqual(before);
    expect(stream.report().serving?.audits).toEqual(serving?.audits);
  });
});

/** Number of the ticket of a decision. */
function numberOf(stream: Stream, { ticket }: Decision, from: number, count: number): number {
  for (let number = from; number < from + count; number++) {
    if (stream.world.ticket(number).text === ticket.text) return number;
  }
  throw new Error("not there");
}

describe("an audit that is waited for", () => {
  const config = { questions: { team: { audit: { when: "hold" } as const } } };

  test("goes up, past every other local rung, and the run has the auditor's answer", async () => {
    const world = new World();
    const asked: string[] = [];
    const spy = reader(world, {
      name: "second",
      decide: ({ about }) => {
        asked.push(about);
        const { said, p } = world.read(about);
        return sure(said, p);
      },
    });
    await using stream = await openStream({ world, ladder: [reader(world), spy, oracle(world)], config });
    const from = await feedUntil(stream, 0, 1500, serves);
    asked.length = 0;
    const decisions = await stream.feed(from, 60);
    const audits = labelsOf(stream).filter(({ sample }) => sample === "audit");
    const texts = new Set(decisions.map(({ ticket }) => ticket.text));
    const held = audits.filter(({ about }) => texts.has(about));
    expect(held.length).toBeGreaterThan(0);
    for (const { about, stood: kept, answer } of held) {
      const { event, ticket } = decisions.find((one) => one.ticket.text === about)!;
      expect(event).toMatchObject({ rung: "oracle", value: ticket.truth });
      expect([kept, answer.value]).toEqual([ticket.said, ticket.truth]);
    }
    // What was let through was audited by its answer at once, so none is open.
    expect([...stream.journal.labels.open()]).toEqual([]);
  });
});

describe("answers with a risk of their own", () => {
  const config = { questions: { team: { classes: { refund: 0.02 } } } };

  test("never stand where their errors are too many, and no other local rung is asked for them", async () => {
    const world = new World({ wrongRefunds: 0.25 });
    const asked: string[] = [];
    const second = reader(world, {
      name: "second",
      decide: ({ about }) => {
        asked.push(about);
        return { kind: "escalated", reason: "not mine", usage: noUsage };
      },
    });
    await using stream = await openStream({ world, ladder: [reader(world), second, oracle(world)], config, risk: 0.2 });
    const from = await feedUntil(stream, 0, 1500, serves);
    expect(stream.report().serving?.figures.classes?.refund?.threshold).toBeNull();
    asked.length = 0;
    const decisions = await stream.feed(from, 80);
    const sureOfRefund = decisions.filter(({ event }) =>
      event.trail[0]?.verdict?.checks.some(({ check, passes }) => check === "class" && !passes),
    );
    expect(sureOfRefund.length).toBeGreaterThan(3);
    for (const { event, ticket } of sureOfRefund) {
      expect(event).toMatchObject({ rung: "oracle", value: ticket.truth });
      expect(event.trail.map(({ rung }) => rung)).toEqual(["reader", "oracle"]);
    }
    expect(decisions.filter(stood).some(({ event }) => (event as StepAnswered).value === "refund")).toBe(false);
    expect(decisions.filter(stood).length).toBeGreaterThan(10);
  });
});

describe("a dangerous answer that is often wrong", () => {
  test("does not keep the others from standing", async () => {
    const config = { questions: { team: { classes: { refund: 0.02 } } } };
    await using stream = await openStream({ world: new World({ wrongRefunds: 0.6 }), config });
    await feedUntil(stream, 0, 2000, serves);
  });
});

describe("an answer that was kept", () => {
  test("under the certificate stands again; one from before it does not", async () => {
    const world = new World();
    const ladder = [cache(), reader(world), oracle(world)];
    await using stream = await openStream({ world, ladder });
    const from = await feedUntil(stream, 0, 1500, serves);
    const decisions = await stream.feed(from, 30);
    const number = from + decisions.findIndex(stood);
    const again = await stream.repeat(number);
    expect(again.event).toMatchObject({ rung: "cache", origin: { rung: "reader", key: stream.report().serving!.key } });
    // What a person or an oracle said before needs no promise.
    expect((await stream.repeat(1)).event).toMatchObject({ rung: "cache", origin: { rung: "oracle" } });
  });
});
