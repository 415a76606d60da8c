/** Which decisions a person is asked about: audits, a uniform draw, and those that teach most. */

import type { LabelSample, OpenLabel } from "../core/label.ts";
import { auditCoin, auditUnit } from "../guarantee/audit.ts";

/** A decision that may be labelled. */
export interface Candidate {
  /** Such as `a1b2c3d4-17/team`. */
  readonly decision: string;
  /** Key of its item's text. */
  readonly cluster: string;
  /** It waits for a person already, who is asked by `pawl review`. */
  readonly isWaiting: boolean;
  /** How little its label would teach: the distance to the threshold, or the confidence; `null` where unknown. */
  readonly distance: number | null;
}

export interface LabelPlan<C extends Candidate> {
  readonly audits: readonly OpenLabel[];
  readonly random: readonly C[];
  readonly chosen: readonly C[];
  /** Probability with which a decision was to be among the uniform draws. */
  readonly propensity: number;
  /** Decisions of different texts, and those that wait for `pawl review`. */
  readonly population: number;
  readonly waiting: number;
  /** No uniform draw is possible any more, or none until somebody answers what it has come to: see `planLabels`. */
  readonly isSpent: boolean;
  readonly isHeld: boolean;
}

export interface PlanParts<C extends Candidate> {
  /** All decisions of this version of the question, whatever became of them. */
  readonly decisions: Iterable<C>;
  readonly labelled: Iterable<{ readonly cluster: string; readonly sample: LabelSample }>;
  readonly open: readonly OpenLabel[];
  /** What went up and has no answer yet: it waits for a person, or got a safe answer that says nothing. */
  readonly unanswered: Iterable<{ readonly cluster: string; readonly sample: LabelSample }>;
  readonly secret: Uint8Array;
  /** Name of the question and its version: each has coins of its own. */
  readonly question: string;
  readonly count: number;
}

/**
 * Half of the labels are a uniform sample, which may stand as evidence: audits first, then a draw. The other half are
 * picked where they teach most, and only teach.
 *
 * Why the draw is uniform. Each text has a coin, made of the journal's secret and the text alone; neither the answer
 * that stood, nor a confidence, nor a label moves it. Coins below one half are for the draw, in the order of the coins;
 * the others are for picking. So what is picked never leaves a hole in the draw, and the draw so far is at any moment the
 * first so many of a shuffled list of all decisions. What it meets that was labelled uniformly before (all are, while
 * nothing local may stand; audits are) counts as drawn. What was labelled because it went up is no evidence and cannot
 * become any: with such a hole the rest would be a sample of what was let through alone, easier than the traffic. Then
 * nothing is drawn, and audits are the way.
 *
 * What waits is treated as what it will be once it is answered, because what waits is harder than what does not. What
 * went up without its coin is such a hole already. Anything else that waits will count as drawn: the draw comes up to
 * it, and goes on behind it only when it has its answer.
 */
export function planLabels<C extends Candidate>(parts: PlanParts<C>): LabelPlan<C> {
  const { decisions, labelled, open, unanswered, secret, question, count } = parts;
  const clusters = new Map<string, C>();
  for (const decision of decisions) if (!clusters.has(decision.cluster)) clusters.set(decision.cluster, decision);
  const samples = new Map<string, LabelSample>();
  for (const { cluster, sample } of [...labelled, ...open]) if (!samples.has(cluster)) samples.set(cluster, sample);

  const pending = new Set<string>();
  for (const { cluster, sample } of unanswered) {
    if (samples.has(cluster)) continue;
    pending.add(cluster);
    if (sample !== "random") samples.set(cluster, sample);
  }
  const isPending = ({ cluster, isWaiting }: C): boolean => isWaiting || pending.has(cluster);

  const coins = [...clusters.values()].map((candidate) => ({
    candidate,
    coin: auditCoin(secret, auditUnit(`label ${question}`, candidate.cluster)),
    sample: samples.get(candidate.cluster),
  }));
  const drawable = coins.filter(({ coin }) => coin < 0.5).sort((a, b) => a.coin - b.coin);
  const isSpent = drawable.some(({ sample }) => sample === "escalated" || sample === "chosen");
  const firstPending = drawable.findIndex(({ candidate, sample }) => sample === undefined && isPending(candidate));
  const upTo = isSpent ? 0 : firstPending === -1 ? drawable.length : firstPending;
  const free = drawable
    .slice(0, upTo)
    .flatMap(({ candidate, sample }, place) => (sample === undefined ? [{ candidate, place }] : []));
  const pickable = coins
    .filter(({ coin, sample, candidate }) => coin >= 0.5 && sample === undefined && !isPending(candidate))
    .sort((a, b) => distance(a.candidate) - distance(b.candidate) || a.coin - b.coin);

  const half = Math.ceil(count / 2);
  const picked = Math.min(pickable.length, count - half);
  const audits = open.slice(0, count - picked);
  const random = free.slice(0, count - picked - audits.length);
  const more = count - audits.length - random.length;
  return {
    audits,
    random: random.map(({ candidate }) => candidate),
    chosen: pickable.slice(0, more).map(({ candidate }) => candidate),
    propensity: ((random.at(-1)?.place ?? -1) + 1) / Math.max(1, clusters.size),
    population: clusters.size,
    waiting: [...clusters.values()].filter(({ isWaiting }) => isWaiting).length,
    isSpent,
    isHeld: !isSpent && firstPending !== -1 && random.length === free.length,
  };
}

function distance({ distance }: Candidate): number {
  return distance ?? Number.MAX_VALUE;
}
