/** Closed questions to servers that answer with a probability per option, and what their probabilities are worth. */

import type { Evidence } from "../core/answer.ts";
import { namesOf, type Question } from "../core/question.ts";
import type { ReplyFault } from "../core/server-fault.ts";
import { counted, usageIn } from "./counted.ts";
import type { Fields } from "./fields.ts";
import { MOST_LEVELS, MOST_OPTIONS, placeOfBest } from "./incoming.ts";
import { repairText } from "./prompt.ts";
import { isCloudName, isSameModel } from "./same-model.ts";
import { areHundredths, clamped, entropyOf } from "./weigh.ts";
import type { Asked, Target, WireReply } from "./wire.ts";

/** By what a question is put; the names are in the order of the options, the way out last. */
export interface Decision {
  readonly kind: "judge" | "choice" | "score";
  readonly names: readonly string[];
}

/** A question with a way out is a choice that has it among its options. */
export function decisionOf(question: Question): Decision | { readonly cannot: string } {
  const { verb, otherwise, options } = question;
  if (verb !== "choose" && verb !== "judge" && verb !== "score") {
    return { cannot: `a server of decisions chooses among options, and cannot ${verb}` };
  }
  const names = namesOf(question);
  if (verb === "judge" && otherwise === null) return { kind: "judge", names };
  if (names.length < 2) return { cannot: "a server of decisions needs two options at least" };
  if (verb === "score" && otherwise === null && options.length <= MOST_LEVELS) return { kind: "score", names };
  if (names.length > MOST_OPTIONS) {
    return { cannot: `a server of decisions takes ${MOST_OPTIONS} options at most, and these are ${names.length}` };
  }
  return { kind: "choice", names };
}

/** The question in words, and what was wrong with the first answer. */
export function instructionsOf({ question, repair }: Asked): string {
  return repair ? `${question.ask}\n\n${repairText(repair)}` : question.ask;
}

/** What a format's reader found of the one question that was asked. */
export type Found =
  /** Probabilities of the names in their order; `best` is what the server says it chose, where it says so. */
  | { readonly kind: "answered"; readonly p: readonly unknown[]; readonly best?: number; readonly mass?: number }
  | { readonly kind: "unanswered"; readonly fault: ReplyFault; readonly reason: string };

/** Servers say sums of numbers in single precision. */
const SUM_TOLERANCE = 1e-3;
/** Half a unit of the second decimal. */
const HALF_UNIT = 0.005;

export function readDecision(body: Fields, found: Found, decision: Decision, asked: Asked, target: Target): WireReply {
  const model = typeof body.model === "string" && body.model !== "" ? body.model : null;
  const sent = [asked.about, instructionsOf(asked), ...decision.names].join("\n");
  const moreBytes = Buffer.byteLength(asked.question.options.map(({ description }) => description).join(""));
  const { tokens, faults } = counted(usageIn([body.usage], "input", "output"), {
    text: sent,
    moreBytes,
    mostOutput: null,
  });
  const isOther = model !== null && !target.quirks.freeNames && !isSameModel(target.model, model);
  const before: readonly ReplyFault[] = [
    ...(isOther ? (["wrong model"] as const) : []),
    ...(model !== null && isCloudName(model) ? (["cloud proxy"] as const) : []),
    ...faults,
  ];
  const none = (reason: string, ...more: readonly ReplyFault[]): WireReply => ({
    kind: "unanswered",
    reason,
    tokens,
    model,
    faults: [...before, ...more],
  });
  if (isOther) return none(`${model} answered instead of ${target.model}`);
  if (faults.includes("prompt truncated")) return none("the server read only a part of the prompt");
  if (found.kind === "unanswered") return none(found.reason, found.fault);
  const read = distributionIn(found, decision.names);
  if (typeof read === "string") return none(read, "bad probabilities");
  const { confidence, evidence, isRounded } = read;
  return {
    kind: "answered",
    value: decision.names[read.place],
    confidence,
    basis: "raw",
    evidence,
    tokens,
    model,
    faults: [...before, ...(isRounded ? (["logprobs rounded"] as const) : [])],
  };
}

interface Distribution {
  readonly place: number;
  readonly confidence: number;
  readonly evidence: Evidence;
  readonly isRounded: boolean;
}

/**
 * The distribution, or why it is none. The confidence is the best option's own probability, and never what the server
 * calls confidence: that is a statistic. Of rounded numbers it is the lowest that they can stand for.
 */
function distributionIn(
  { p, best, mass }: Found & { kind: "answered" },
  names: readonly string[],
): Distribution | string {
  const values = p.filter((value): value is number => typeof value === "number" && value >= 0 && value <= 1 + 1e-6);
  if (values.length !== names.length) return "not every option has a probability from 0 to 1";
  const sum = values.reduce((all, value) => all + value, 0);
  const isRounded = areHundredths(values);
  // Rounded, all of very many options may be nothing: which is best is not to be seen then.
  if (sum === 0 || Math.abs(sum - 1) > (isRounded ? names.length * HALF_UNIT + 1e-6 : SUM_TOLERANCE)) {
    return `the probabilities sum to ${sum.toFixed(3)}`;
  }
  const shares = values.map((value) => value / sum);
  const top = placeOfBest(values);
  // Where rounding made them alike, the server knows better which was ahead.
  const slack = isRounded ? 2 * HALF_UNIT : 1e-6;
  const place = best !== undefined && values[top]! - (values[best] ?? -1) <= slack ? best : top;
  if (best !== undefined && place !== best) return "the option that was chosen is not the most probable one";
  const next = Math.max(0, ...shares.filter((_, index) => index !== place));
  const margin = Math.log(shares[place]!) - Math.log(next);
  const exact = clamped(shares[place]!);
  const low = clamped(values[place]! - HALF_UNIT);
  return {
    place,
    confidence: isRounded ? Math.min(low, exact) : exact,
    isRounded,
    evidence: {
      options: names.map((name, index) => ({ name, p: shares[index]! })),
      ...(isRounded ? { interval: [Math.min(low, exact), clamped(values[place]! + HALF_UNIT)] as const } : {}),
      entropy: entropyOf(shares),
      ...(Number.isFinite(margin) ? { margin } : {}),
      ...(mass === undefined ? {} : { mass }),
    },
  };
}
