/** The ladder: rungs are asked in order, and the first reply that the gate lets stand decides. */

import {
  type Answer,
  type Attempt,
  type Fault,
  type Promised,
  type Reply,
  type StandingRecord,
  usableConfidence,
} from "../core/answer.ts";
import { ModelError, messageOf, StorageError } from "../core/errors.ts";
import { type Json, toJson } from "../core/json.ts";
import type { Effect, Question, Repair } from "../core/question.ts";
import { addUsage, chargeOf, noUsage, type Usage } from "../core/usage.ts";
import { type Answered, judge } from "../gate/gate.ts";
import type { Standing } from "../policy/policy.ts";
import { BrokenRung } from "../rung/broken-rung.ts";
import type { DecideContext, Rung } from "../rung/rung.ts";
import { type CallBook, type Offer, offer } from "../tool/offer.ts";
import type { AnyTool } from "../tool/tool.ts";
import type { Weigh } from "./costs.ts";
import { never } from "./never.ts";
import { overflowRung } from "./overflow.ts";
import type { Run } from "./run.ts";

export type Climbed<T> =
  | {
      readonly kind: "stands";
      readonly value: T;
      readonly raw: Json;
      readonly reply: Answered;
      readonly rung: Rung;
      readonly trail: readonly Attempt[];
      readonly held: Json | null;
    }
  /** A person is asked, or the list ran out: the safe end is to wait. `awaits`: for a rung, which answers by itself. */
  | {
      readonly kind: "waits";
      readonly trail: readonly Attempt[];
      readonly held: Json | null;
      readonly awaits?: string;
    }
  /** Nobody has budget left today, and the policy is to wait for tomorrow's. */
  | { readonly kind: "blocked"; readonly trail: readonly Attempt[] }
  | { readonly kind: "too dear"; readonly allowed: number; readonly trail: readonly Attempt[] };

/** Where a climb goes on that was interrupted, and what had been said below. */
export interface Resumed {
  readonly place: number;
  readonly suggestion: DecideContext["suggestion"];
}

/**
 * Climbs until a reply stands. A rung that throws is one that did not answer; rejects only with a `StorageError`,
 * because a store that cannot be read stops the run.
 */
export async function climb<T>(
  question: Question<T>,
  ladder: readonly Rung[],
  run: Run,
  standing: Standing | null = null,
  weigh: Weigh | null = null,
  from: Resumed = { place: 0, suggestion: null },
): Promise<Climbed<T>> {
  const trail: Attempt[] = [];
  let { suggestion } = from;
  /** What would have stood, had its audit not been drawn to be waited for. */
  let held: Json | null = null;
  /** No local rung may answer any more. */
  let isClosed = false;
  for (let place = from.place; place < ladder.length; place++) {
    const rung = ladder[place]!;
    // Nobody is asked, and nobody paid, for a run that has left.
    if (run.isOver) return never;
    if (isClosed && standing?.governs(rung)) continue;
    // An answer that is here was paid for when it was asked.
    const isHere = rung.holds?.(question, run.record.id) ?? false;
    const weighed = isHere ? null : (weigh?.asks(rung) ?? null);
    if (weighed && !weighed.isWorth) {
      const reason = `passed over: ${weighed.why}`;
      const skipped = { rung: rung.name, kind: "escalated", skipped: "not worth it", reason } as const;
      if (rung.name !== "person") {
        trail.push(skipped);
        continue;
      }
      // Somebody must answer: where no safe answer is known, people are asked all the same.
      const overflow = run.parts.overflow(question.name);
      const safe =
        typeof overflow === "string" ? null : await defaulted(question, overflow.default, noWorth, ladder, run);
      if (safe) return { ...safe, trail: [...trail, skipped, ...safe.trail] };
    }
    const price = isHere ? "reserved" : run.reserve(rung);
    if (price === "unpriced" || price === "day spent" || price === "reviewers spent") {
      trail.push({ rung: rung.name, kind: "escalated", skipped: price, reason: notAsked[price] });
      if (price === "unpriced") continue;
      const overflow = run.parts.overflow(question.name);
      if (overflow === "block") return { kind: "blocked", trail };
      const safe = overflow === "queue" ? null : await defaulted(question, overflow.default, noBudget, ladder, run);
      if (safe) return { ...safe, trail: [...trail, ...safe.trail] };
      if (price === "reviewers spent") return { kind: "waits", trail, held };
      continue;
    }
    if (price === "too dear") return { kind: "too dear", allowed: run.loop.limits.spend ?? 0, trail };
    const rank = { rung, place, ladder, standing, weigh };
    let tried: Tried<T> = await tryRung(question, rank, run, suggestion, null);
    if (!isHere) run.unreserve(rung, chargeOf(tried.attempt));
    run.spent(chargeOf(tried.attempt));
    if (tried.repair && !run.isOver && run.reserve(rung) === "reserved") {
      const { path, message } = tried.repair;
      const first = tried.attempt;
      tried = await tryRung(question, rank, run, suggestion, tried.repair);
      const charge = chargeOf(tried.attempt);
      run.unreserve(rung, charge);
      run.spent(charge);
      const usage = addUsage(first.usage ?? noUsage, tried.attempt.usage ?? noUsage);
      const together = paid(usage, chargeOf(first) + charge);
      tried = { ...tried, attempt: { ...tried.attempt, ...together, repaired: { path, message } } };
    }
    trail.push(tried.attempt);
    weigh?.hear(tried.attempt);
    if (tried.attempt.kind === "waiting") {
      return { kind: "waits", trail, held, ...(tried.isLater && { awaits: rung.name }) };
    }
    const { stood, attempt } = tried;
    if (stood) {
      const isHeld = standing?.holdsAudits && standing.certificate && standing.governs(rung) && held === null;
      if (!isHeld || !standing.toss(question).drawn) return { kind: "stands", ...stood, rung, trail, held };
      held = stood.raw;
      isClosed = true;
    }
    if (attempt.verdict?.checks.some(({ check, passes }) => check === "class" && !passes)) isClosed = true;
    if (attempt.value !== undefined) {
      suggestion = { rung: rung.name, value: attempt.value, confidence: attempt.confidence ?? null };
    }
  }
  return { kind: "waits", trail, held };
}

const notAsked = {
  unpriced: "no price is known, and there is a limit on spend",
  "day spent": "the day's budget does not hold another reply of it",
  "reviewers spent": "the day's minutes of people's time are used up",
} as const;

const noWorth = "a person costs more than it is expected to save";
const noBudget = "nobody above had budget left";

/** The safe answer instead of a rung that has no budget left; `null` where the question does not know it. */
async function defaulted<T>(
  question: Question<T>,
  value: Json,
  why: string,
  ladder: readonly Rung[],
  run: Run,
): Promise<Extract<Climbed<T>, { kind: "stands" }> | null> {
  const rung = overflowRung(value, why);
  // At the bottom of the ladder: a default may not let an effect stand that needs somebody higher up.
  const rank = { rung, place: 0, ladder, standing: null, weigh: null };
  const { stood, attempt } = await tryRung(question, rank, run, null, null);
  return stood ? { kind: "stands", ...stood, rung, trail: [attempt], held: null } : null;
}

interface Tried<T> {
  readonly attempt: Attempt;
  readonly stood?: { readonly value: T; readonly raw: Json; readonly reply: Answered };
  /** The reply did not fit and may be mended, once. */
  readonly repair?: Repair;
  /** The rung will have the answer by itself. */
  readonly isLater?: true;
}

/** Where on its ladder a rung is asked, and under which promise. */
interface Rank {
  readonly rung: Rung;
  readonly place: number;
  readonly ladder: readonly Rung[];
  readonly standing: Standing | null;
  readonly weigh: Weigh | null;
}

async function tryRung<T>(
  question: Question<T>,
  { rung, place, ladder, standing, weigh }: Rank,
  run: Run,
  suggestion: DecideContext["suggestion"],
  repair: Repair | null,
): Promise<Tried<T>> {
  let reply: Reply;
  try {
    reply = wellFormed(await rung.decide(question, run.context(suggestion, repair, standing?.learned)));
  } catch (thrown) {
    if (thrown instanceof StorageError) throw thrown;
    // What broke off may have been carried out, where it does not say otherwise.
    const maybe = rung.mostCost === 0 ? noUsage : { ...noUsage, cost: null };
    const found = thrown instanceof BrokenRung ? thrown : { evidence: {}, usage: maybe };
    const { evidence, usage } = found;
    const failed = { rung: rung.name, kind: "escalated", fault: "rung_failed", reason: messageOf(thrown) } as const;
    return { attempt: { ...failed, ...(hasAny(evidence) && { evidence }), ...paid(usage, rung.mostCost) } };
  }
  if (reply.kind === "waiting") {
    const { reason, later } = reply;
    return { attempt: { rung: rung.name, kind: "waiting", reason }, ...(later && { isLater: later }) };
  }
  if (reply.kind === "escalated") {
    const { reason, evidence, usage } = reply;
    return {
      attempt: {
        rung: rung.name,
        kind: "escalated",
        reason,
        ...(evidence && { evidence }),
        ...paid(usage, rung.mostCost),
      },
    };
  }
  const raw = jsonOrNull(reply.value);
  const attempt: Attempt = {
    rung: rung.name,
    kind: "answered",
    value: raw,
    confidence: usableConfidence(reply.confidence),
    basis: reply.basis,
    ...(hasAny(reply.evidence) && { evidence: reply.evidence }),
    ...paid(reply.usage, rung.mostCost),
  };
  // Read as the journal will give it back, so that a resumed run meets the very same value.
  const read = question.parse(raw);
  const parsed = read instanceof Promise ? await read : read;
  if (!parsed.ok) {
    const { path, message } = parsed.issue;
    const fault: Fault = parsed.fault ?? (question.verb === "pick" ? "invalid_arguments" : "invalid_value");
    const reason = path ? `${path}: ${message}` : message;
    const failed: Tried<T> = { attempt: { ...attempt, fault, reason } };
    const mendable = parsed.fault === undefined && repair === null && rung.acceptAt !== null;
    return mendable ? { ...failed, repair: { previous: reply.value, path, message } } : failed;
  }
  const verdict = judge(run.parts.checks, {
    question,
    reply,
    value: parsed.value,
    rung,
    accountable: reply.origin ? (ladder.find(({ name }) => name === reply.origin?.rung) ?? null) : rung,
    standing,
    weighing: weigh,
    place,
    floor: (effect) => floorOf(effect, ladder, run),
    spend: run.spend,
  });
  const judged: Attempt = { ...attempt, verdict };
  return verdict.stands ? { attempt: judged, stood: { value: parsed.value, raw, reply } } : { attempt: judged };
}

/** Lowest place on a ladder whose replies may let a tool of this effect stand; beyond the end if none may. */
function floorOf(effect: Effect, ladder: readonly Rung[], run: Run): { place: number; rung: string } {
  const name = run.parts.floors[effect]?.name;
  if (name === undefined) return { place: 0, rung: "any rung" };
  const place = ladder.findIndex((rung) => rung.name === name);
  return { place: place === -1 ? ladder.length : place, rung: name };
}

/** Type checks end where a rung's own code begins: what it returned may be anything. */
function wellFormed(reply: Reply): Reply {
  const kind = reply?.kind;
  if (kind === "waiting") return reply;
  if (kind !== "answered" && kind !== "escalated") throw new ModelError("E_REPLY", "the rung's reply is no reply");
  const cost: unknown = reply.usage?.cost;
  const known = cost === null || (typeof cost === "number" && cost >= 0 && cost < Number.POSITIVE_INFINITY);
  if (!known) throw new ModelError("E_REPLY", "the rung's reply does not say what it cost", { value: cost });
  return reply;
}

/** What a try cost, and the most that it can have been where nobody knows. */
function paid(usage: Usage, most: number | null): Pick<Attempt, "usage" | "atMost"> {
  if (usage === noUsage) return {};
  return usage.cost === null && most !== null ? { usage, atMost: most } : { usage };
}

function hasAny(evidence: object): boolean {
  for (const _ in evidence) return true;
  return false;
}

/** What a rung said, as JSON; what JSON cannot say becomes `null` and then fails to parse. */
function jsonOrNull(value: unknown): Json {
  try {
    return toJson(value);
  } catch {
    return null;
  }
}

/** The answer that a step returns for a reply that stands. */
export function toAnswer<T>(path: string, value: T, given: Given, risk: number | null): Answer<T> {
  const { standing } = given;
  return {
    value,
    confidence: given.confidence,
    basis: given.basis,
    rung: given.origin?.rung ?? given.rung,
    cached: given.origin !== undefined,
    path,
    risk: { asked: risk, promised: standing ? promisedBy(standing) : { kind: "no promise yet" } },
  };
}

interface Given extends Pick<Answered, "confidence" | "basis" | "origin"> {
  readonly rung: string;
  readonly standing?: StandingRecord;
}

/** What an answer's standing promises. */
export function promisedBy({ risk, delta, state }: StandingRecord): Promised {
  return { kind: "promised", risk, delta, state };
}

/** The tools that may be picked at this moment: some rung of the ladder must be able to let their effect stand. */
export function offerNow(run: Run, ladder: readonly Rung[], tools: readonly AnyTool[], step: CallBook): Offer {
  return offer(tools, run.book, step, (effect) => floorOf(effect, ladder, run).place < ladder.length);
}
