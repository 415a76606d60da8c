/**
 * The local rungs of one question, put together: what they learned, how sure they are, and one threshold for all.
 *
 * Every member gives a calibrated probability. At a threshold t the first member, from the lowest, that reaches t
 * answers: one family of rules with one parameter, so that one certificate covers the union of all local rungs
 * (escalation.md c.12), and the cheap ones answer what they can.
 */

import { usableConfidence } from "../core/answer.ts";
import type { Json } from "../core/json.ts";
import { namesOf, type Question } from "../core/question.ts";
import { noUsage } from "../core/usage.ts";
import type { Answered } from "../gate/gate.ts";
import { type Calibrator, calibrated } from "../guarantee/calibrator.ts";
import { jittered } from "../guarantee/samples.ts";
import { signalOf } from "../guarantee/signal.ts";
import { learnedReply } from "../rung/learned-reply.ts";
import type { LearnedAnswers, Rung } from "../rung/rung.ts";
import { isClosed } from "./met-question.ts";

export interface Member {
  readonly rung: Rung;
  /** What the rung's numbers depend on apart from the question and what it learned. */
  readonly version: string;
  /** What it learned, and the digest of that; `null` where it answers as it is. */
  readonly answers: LearnedAnswers | null;
  readonly weights: string | null;
  /** From its score to the probability of being right; `null` where it may let nothing stand. */
  readonly calibrator: Calibrator | null;
}

export interface LocalVersion {
  readonly key: string;
  readonly members: readonly Member[];
  /** Thresholds that may be tested, strictest first, and the share of the items that each lets stand. */
  readonly grid: readonly number[];
  readonly coverage: readonly number[];
  /** Of the training items, read as if unseen: how many each threshold lets stand, and how many of them wrong. */
  readonly accepted: readonly number[];
  readonly wrong: readonly number[];
  readonly trainedOn: number;
  /** The last label that went into it, by number: only later ones may certify it. */
  readonly upTo: number;
}

/** What one member says to an item: `null` where it has no answer that could stand. */
export interface Said {
  readonly value: Json;
  /** Calibrated probability that it is right, 0 to 1, with the item's jitter. */
  readonly p: number;
}

/** What all members say to an item, lowest first. */
export type Reading = readonly (Said | null)[];

/** The member that answers at a threshold, or -1 where the item goes up. */
export function answering(reading: Reading, threshold: number): number {
  return reading.findIndex((said) => said !== null && said.p >= threshold);
}

/** The highest threshold at which the item still stands; -1 for none. */
export function standsUpTo(reading: Reading): number {
  return reading.reduce((most, said) => Math.max(most, said?.p ?? -1), -1);
}

/**
 * Calibrated probability that a member's reply is right; `null` where nothing is known, and it goes up: so do the way
 * out, and names that it has no example of.
 */
export function confidenceOf(member: Member, question: Question, reply: Answered): number | null {
  const { calibrator, answers } = member;
  if (!calibrator || reply.value === question.otherwise || answers?.unlearned.has(String(reply.value))) return null;
  const signal = signalOf(reply, isClosed(question) ? { options: namesOf(question) } : {});
  if (signal.kind === "none") return null;
  return usableConfidence(calibrated(calibrator, signal.score, signal.p ?? undefined));
}

/** The same figure a hair higher, by the item, so that a threshold can cut through a block of equal ones. */
export function withJitter(p: number, cluster: string): number {
  return jittered({ id: cluster, score: p }) ?? -1;
}

/** What every member says to an item now. Those that learned need its numbers; the others are asked. */
export async function readItem(
  version: Pick<LocalVersion, "members">,
  question: Question,
  cluster: string,
  signal: AbortSignal,
): Promise<Reading> {
  const reading: (Said | null)[] = [];
  for (const member of version.members) {
    const reply = member.calibrator && (await replyOf(member, question, signal));
    const p = reply && (await mayStand(question, reply)) ? confidenceOf(member, question, reply) : null;
    reading.push(reply && p !== null ? { value: reply.value as Json, p: withJitter(p, cluster) } : null);
  }
  return reading;
}

/** What the gate asks beside the threshold: that the value fits, and that the author has nothing against it. */
async function mayStand(question: Question, { value }: Answered): Promise<boolean> {
  const parsed = await question.parse(value);
  if (!parsed.ok) return false;
  try {
    return question.check === null || question.check(parsed.value as never) === true;
  } catch {
    return false;
  }
}

/** What a member replies, by what it learned for this version and not by what serves. */
async function replyOf({ rung, answers }: Member, question: Question, signal: AbortSignal): Promise<Answered | null> {
  if (!answers) {
    const reply = await rung.decide(question, { signal, run: "", item: null, suggestion: null, repair: null });
    return reply.kind === "answered" ? reply : null;
  }
  const features = rung.learns === "features" ? ((await rung.features?.(question, signal)) ?? null) : null;
  if (rung.learns === "features" && features === null) return null;
  return learnedReply(question, answers.decide(question.about, features), {}, noUsage);
}
