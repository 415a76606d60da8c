/** What an answer under a promise leaves behind beside itself: its standing, and the label that it is or asks for. */

import type { Attempt, StandingRecord } from "../core/answer.ts";
import type { Json } from "../core/json.ts";
import { type LabelNote, type NewLabel, ruleKey } from "../core/label.ts";
import type { Question } from "../core/question.ts";
import type { Answered } from "../gate/gate.ts";
import type { Standing } from "../policy/policy.ts";
import type { Rung } from "../rung/rung.ts";

/**
 * What a question that goes up must remember until it is answered. Where a rule had an answer (a shadow run lets none
 * stand) the rungs above it would never have been asked: such an item is no part of what their promise is about.
 */
export function noteOf(standing: Standing, question: Question, { held, trail }: Went): LabelNote {
  const { propensity, drawn, cluster } = standing.toss(question);
  const stood = held ?? (drawn ? nearlyStood(standing, trail) : null);
  const isRuled = trail.some(
    ({ kind, basis, verdict }) => kind === "answered" && basis === "certain" && verdict?.stands === false,
  );
  const sample = isRuled ? "chosen" : held !== null ? "audit" : drawn ? "random" : "escalated";
  return { sample, propensity, cluster, key: standing.certificate?.key ?? standing.epoch, stood };
}

/** How an item went up the ladder. */
interface Went {
  /** What would have stood, had it not been held for its audit. */
  readonly held: Json | null;
  readonly trail: readonly Attempt[];
}

/** In a time of warning a stricter threshold holds. What only the certified one would let stand is judged all the same. */
function nearlyStood(standing: Standing, trail: readonly Attempt[]): Json | null {
  const { certificate, loosest } = standing;
  if (!certificate || certificate.threshold <= loosest) return null;
  // A rung that the promise covers, which nothing but the stricter threshold stopped.
  const nearly = trail.find(
    ({ rung, verdict }) =>
      standing.governs({ name: rung }) &&
      verdict?.checks.every(({ check, passes, have }) =>
        check === "threshold" ? typeof have === "number" && have >= loosest : passes,
      ),
  );
  return nearly?.value ?? null;
}

interface Stood extends Went {
  readonly raw: Json;
  readonly reply: Answered;
}

/** What to write down of an answer to a question that asked for a promise. */
export interface UnderPromise {
  /** Absent where no promise covers it: it came from further up, or from a rule. */
  readonly record?: StandingRecord;
  /** Calibrated; absent where the rung's own figure is all there is. */
  readonly confidence?: number;
  /** The label of this decision, or `undefined` where it makes none. */
  label(decision: string): NewLabel | undefined;
}

/** A rule stands by its author's word; some of what it answers is checked all the same. */
function auditOfRule(standing: Standing, question: Question, rung: Rung, raw: Json): UnderPromise {
  const { name, version, about } = question;
  const { propensity, drawn, cluster } = standing.tossRule(question, rung.name);
  const of = { question: name, version, about, cluster, propensity, key: ruleKey(rung.name) };
  return {
    label: (decision) => (drawn ? { ...of, decision, sample: "audit", stood: raw, answer: null } : undefined),
  };
}

export function stoodUnder(
  standing: Standing,
  question: Question,
  rung: Rung,
  ladder: readonly Rung[],
  { raw, reply, ...went }: Stood,
): UnderPromise {
  const { certificate } = standing;
  const { name, version } = question;
  const accountable = reply.origin ? ladder.find((other) => other.name === reply.origin?.rung) : rung;
  if (accountable && standing.governs(accountable)) {
    if (!certificate) return { label: () => undefined };
    const { propensity, drawn, cluster, seal } = standing.toss(question);
    const usable = reply.origin ? null : standing.judge(accountable, question, reply).confidence;
    return {
      record: { ...certificate, propensity, audited: drawn, cluster, seal },
      ...(usable !== null && { confidence: usable }),
      label(decision) {
        if (!drawn) return undefined;
        const { about } = question;
        const of = { question: name, version, about, cluster, propensity, key: certificate.key, decision };
        return { ...of, sample: "audit", stood: raw, answer: null };
      },
    };
  }
  // A kept answer was a label when it was new. What a rule answered never came by the rungs above it: as a label it
  // would count among what they let stand.
  const isAbove = !rung.local || rung.mostCost !== 0 || rung.source !== undefined;
  if (!isAbove && reply.basis === "certain" && reply.origin === undefined)
    return auditOfRule(standing, question, rung, raw);
  // A model above that gives no number has said what it thinks all the same.
  const isSafe = reply.basis === "none" && (rung.source === "known" || (rung.local && rung.mostCost === 0));
  // Where known answers are asked for and none is known (a shadow run's end), nobody has said anything: it leaves no row,
  // so that its item may be labelled later.
  const isNobodys = isSafe && rung.source === "known";
  return {
    label(decision) {
      if (reply.origin !== undefined || isNobodys || !(isAbove || isSafe)) return undefined;
      const note = noteOf(standing, question, went);
      // A safe answer given for want of a better one says nothing about what is right: nobody knows, and that counts.
      const answer = isSafe ? null : ({ value: raw, source: rung.source ?? "frontier", by: rung.name } as const);
      return { question: name, version, about: question.about, ...note, decision, answer };
    },
  };
}
