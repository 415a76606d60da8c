/** What must hold for every loop and every model, tried on random ones. Each has a control that shows it could fail. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeParts, type OpenParts } from "../src/config/parts.ts";
import type { Event, RunOutcome, StepAnswered } from "../src/core/event.ts";
import type { Journal } from "../src/journal/journal.ts";
import { memoryJournal } from "../src/journal/memory.ts";
import type { Loop } from "../src/loop/loop.ts";
import { replayRun, runItem } from "../src/loop/run.ts";
import { person } from "../src/rung/person.ts";
import {
  anyPlan,
  type Execution,
  goodAnswer,
  hostile,
  loopFrom,
  type Offers,
  type Plan,
} from "./support/random-loop.ts";

const identity = { loop: "test", version: "1", item: "item", content: "c", input: {} };
const cost = 0.3;
type Change = (parts: OpenParts) => OpenParts;

function partsFor(plan: Plan, journal: Journal, offers: Offers, price: number): OpenParts {
  const high = hostile("high", plan.seed, price, offers);
  const ladder = [hostile("low", plan.seed, price, offers), high, person()];
  // Time and chance are the journal's: what they are does not matter, only that they are not drawn again.
  let draws = 0;
  const more = { now: () => 1000 + draws++, random: () => 1 / (2 + draws++) };
  return makeParts({ ladder, effects: { write: high } }, journal, more);
}

/** Runs to the end, answering for the people whom it asks. */
async function runToEnd(loop: Loop, plan: Plan, journal: Journal, parts: OpenParts): Promise<RunOutcome> {
  for (let round = 0; round < 200; round++) {
    const taken = await journal.begin(identity);
    if (taken.kind !== "taken") throw new Error(`the run is ${taken.run.status}`);
    const end = await runItem(loop, taken, parts);
    if (end.kind === "ended") return end.outcome;
    if (end.kind !== "waiting") throw new Error(`the run ended as ${JSON.stringify(end)}`);
    for (const { run, waiting } of [...journal.waiting()]) {
      const { path, question } = waiting;
      const asked = journal
        .events(run.number)
        .filter(({ type, ...event }) => type === "step_waiting" && "path" in event && event.path === path);
      const value = goodAnswer(question, path, plan.seed, asked.length);
      await journal.answer(run.number, { type: "person_answered", path, value, by: "ann" });
    }
  }
  throw new Error("the run asks people for ever");
}

interface Trial {
  readonly plan: Plan;
  readonly loop: Loop;
  readonly journal: Journal;
  readonly parts: OpenParts;
  readonly log: readonly Execution[];
  readonly offers: Offers;
  readonly outcome: RunOutcome;
  readonly events: readonly Event[];
}

async function tryPlan(plan: Plan, change: Change = (parts) => parts, how = {}, price = cost): Promise<Trial> {
  const log: Execution[] = [];
  const offers: Offers = new Map();
  const loop = loopFrom(plan, log, how);
  const journal = memoryJournal();
  const parts = change(partsFor(plan, journal, offers, price));
  const outcome = await runToEnd(loop, plan, journal, parts);
  return { plan, loop, journal, parts, log, offers, outcome, events: journal.events(1) };
}

const pathOf = (key: string): string => key.slice(key.indexOf("/") + 1);
/** The question behind a call: a pick under the same path, under the pick's own name, or an approval. */
const questionsOf = (key: string): readonly string[] => {
  const path = pathOf(key);
  return [path, path.replace(/-do$/, ""), `${path}/approve`];
};

function expectLimitsHeld({ plan, log, events, outcome }: Trial): void {
  const paths = new Set(events.flatMap((event) => (event.type === "run_ended" ? [] : [event.path])));
  expect(paths.size).toBeLessThanOrEqual(plan.limits.steps ?? 100);
  const trails = events.flatMap((event) => ("trail" in event ? event.trail : []));
  const spent = trails.reduce((sum, { usage }) => sum + (usage?.cost ?? 0), 0);
  if (plan.limits.spend !== undefined) expect(spent).toBeLessThanOrEqual(plan.limits.spend + 1e-9);
  for (const { tool, plan: toolPlan } of log) {
    const keys = log.filter((execution) => execution.tool === tool).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBeLessThanOrEqual(toolPlan.limits.perRun ?? 100);
    const turns = keys.map(pathOf).filter((path) => /loop\d+\/\d+$/.test(path));
    const perLoop = Object.values(Object.groupBy(turns, (path) => path.replace(/\/\d+$/, "")));
    for (const made of perLoop) expect(made!.length).toBeLessThanOrEqual(toolPlan.limits.perStep ?? 5);
  }
  if (outcome.kind === "limit") expect(["steps", "spend"]).toContain(outcome.limit);
}

function expectOnlyOffered({ log, offers, plan }: Trial): void {
  const succeeded = new Set<string>();
  for (const { tool, key, n, plan: toolPlan } of log) {
    const offered = questionsOf(key).flatMap((path) => offers.get(path) ?? [])[0];
    if (offered) expect(offered).toContain(tool);
    const index = plan.tools.indexOf(toolPlan);
    if (toolPlan.after && index > 0) expect(succeeded).toContain(`${tool.replace(/^t\d/, `t${index - 1}`)} ${n}`);
    if (toolPlan.manner === "sync" || toolPlan.manner === "async") succeeded.add(`${tool} ${n}`);
  }
}

function expectFloorsHeld({ log, events }: Trial): void {
  for (const { plan, key } of log) {
    if (plan.effect === "read") continue;
    const paths = questionsOf(key);
    const byPerson = events.some((event) => event.type === "person_answered" && paths.includes(event.path));
    const stood = events.find(
      (event): event is StepAnswered => event.type === "step_answered" && paths.includes(event.path),
    );
    const allowed = byPerson || (plan.effect === "write" && stood?.rung === "high");
    expect(allowed, `${key} was let through by ${stood?.rung}`).toBe(true);
  }
}

async function expectReplayEquals(trial: Trial): Promise<void> {
  const { loop, journal, parts, events, outcome, log } = trial;
  const calls = log.length;
  const again = await replayRun(loop, journal.run(1)!, events, parts);
  expect(again).toEqual({ kind: "ended", outcome });
  expect(log).toHaveLength(calls);
  expect(journal.events(1)).toHaveLength(events.length);
}

/** Cuts the journal after every event, as a crash would, and goes on from there. */
async function expectResumeEquals(trial: Trial, journalId = "memory00"): Promise<void> {
  const { plan, loop, offers, events, outcome, log } = trial;
  for (let kept = 0; kept < events.length; kept++) {
    const journal = memoryJournal({ id: journalId });
    await journal.begin(identity);
    for (const event of events.slice(0, kept)) await journal.append(1, event);
    await journal.release(1);
    const resumed = await runToEnd(loop, plan, journal, partsFor(plan, journal, offers, 0));
    expect(asJson(withoutDraws(resumed)), `cut after ${kept} of ${events.length}`).toBe(asJson(withoutDraws(outcome)));
  }
  const keys = new Map<string, string>();
  for (const { tool, at, key } of log) {
    const logical = `${tool} at ${at}`;
    expect(keys.get(logical) ?? key, logical).toBe(key);
    keys.set(logical, key);
  }
}

const asJson = (value: unknown): string => JSON.stringify(value);

/** In a run that is cut before it drew a time, the time is another. A limit side by side may be met at another path. */
function withoutDraws(outcome: RunOutcome): unknown {
  if (outcome.kind === "limit") return { ...outcome, path: "" };
  const blank = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(blank);
    return typeof value === "number" && (value >= 1000 || !Number.isInteger(value)) ? "drawn" : value;
  };
  return outcome.kind === "done" ? blank(outcome.output) : outcome;
}

const trials = (count: number) => ({ numRuns: count, seed: 20_261_123 });
const holds = (count: number, check: (plan: Plan) => Promise<void>) =>
  fc.assert(fc.asyncProperty(anyPlan, check), trials(count));
/** The control: under this fault the property must find a plan that breaks it. */
const fails = (check: (plan: Plan) => Promise<void>) =>
  expect(fc.assert(fc.asyncProperty(anyPlan, check), { ...trials(300), endOnFailure: true })).rejects.toThrow(
    "Property failed",
  );

describe("for any loop and a hostile model", () => {
  test("the trials reach every kind of end, tool and verb that they are about", async () => {
    const ends = new Set<string>();
    const effects = new Set<string>();
    const faults = new Set<string>();
    await holds(300, async (plan) => {
      const { outcome, log, events } = await tryPlan(plan);
      ends.add(outcome.kind === "limit" ? outcome.limit : outcome.kind);
      for (const { plan } of log) effects.add(plan.effect);
      for (const event of events) {
        if ("trail" in event) for (const { fault } of event.trail) faults.add(fault ?? "none");
        if (event.type === "tool_called" && event.outcome.kind === "refused") faults.add(event.outcome.by);
      }
    });
    expect([...ends].sort()).toEqual(["done", "spend", "steps"]);
    expect([...effects].sort()).toEqual(["irreversible", "read", "write"]);
    const expected = ["unknown_tool", "second_call", "invalid_arguments", "invalid_value", "rung_failed", "declined"];
    expect([...faults]).toEqual(expect.arrayContaining([...expected, "run limit", "not offered"]));
  });

  test("limits are never exceeded", () => holds(300, async (plan) => expectLimitsHeld(await tryPlan(plan))));
  test("(control) tools whose limits Pawl is not told of exceed them", () =>
    fails(async (plan) => expectLimitsHeld(await tryPlan(plan, undefined, { lax: true }))));
  test("(control) a loop whose limits Pawl is not told of exceeds them", () =>
    fails(async (plan) => {
      const trial = await tryPlan({ ...plan, limits: {} });
      expectLimitsHeld({ ...trial, plan });
    }));

  test("no tool outside the offer is ever executed", () =>
    holds(300, async (plan) => expectOnlyOffered(await tryPlan(plan))));
  test("(control) an offer without prerequisites lets them be passed over", () =>
    fails(async (plan) => expectOnlyOffered(await tryPlan(plan, undefined, { lax: true }))));

  test("no write and nothing irreversible is executed below its floor", () =>
    holds(300, async (plan) => expectFloorsHeld(await tryPlan(plan))));
  test("(control) a gate without the effect floor lets them through", () =>
    fails(async (plan) =>
      expectFloorsHeld(
        await tryPlan(plan, (parts) => ({
          ...parts,
          checks: parts.checks.filter((check) => check.name !== "effects"),
        })),
      ),
    ));

  test("a replay gives the outcome of the run, with no model, tool or write", () =>
    holds(200, async (plan) => expectReplayEquals(await tryPlan(plan, undefined, { apart: true }))));
  test("(control) a loop that is not pure between its steps replays to something else", () =>
    fails(async (plan) => {
      const trial = await tryPlan(plan, undefined, { apart: true });
      let times = 0;
      const impure: Loop = { ...trial.loop, run: async (item, step) => [await trial.loop.run(item, step), times++] };
      const journal = memoryJournal();
      const outcome = await runToEnd(impure, plan, journal, partsFor(plan, journal, new Map(), cost));
      await expectReplayEquals({ ...trial, loop: impure, journal, outcome, events: journal.events(1) });
    }));

  const free = (plan: Plan): Plan => {
    // A spend limit side by side depends on who comes first; and it has tests of its own.
    const { spend: _, ...limits } = plan.limits;
    return { ...plan, limits };
  };
  test("a run cut anywhere and resumed has the same outcome, and no effect under another key", () =>
    holds(60, async (plan) => expectResumeEquals(await tryPlan(free(plan), undefined, { apart: true }, 0))));
  test("(control) keys that another start of the process would change are found out", () =>
    fails(async (plan) => expectResumeEquals(await tryPlan(free(plan), undefined, { apart: true }, 0), "memory01")));
});
