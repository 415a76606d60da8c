/**
 * What a reply says about its own safety, as one number and its parts. Reads the decision, not the prose, and fails
 * closed: whatever is missing, not a number or out of place gives no signal at all, and the item goes up.
 */

import { type Evidence, type FieldEvidence, type Reply, usableConfidence } from "../core/answer.ts";
import { namedTool } from "../core/question.ts";
import { logit } from "./logistic.ts";

/** Why a reply has no signal. Stable codes, for receipts and for counting. */
export type NoSignalReason =
  | "no_reply"
  | "refused"
  | "waiting"
  | "timeout"
  | "malformed"
  | "no_value"
  | "no_evidence"
  | "not_a_number"
  | "not_a_probability"
  | "empty_option"
  | "repeated_option"
  | "option_not_in_set"
  | "too_few_options"
  | "no_deciding_field";

export interface Signal {
  readonly kind: "signal";
  /** Log-odds in nats, higher is safer, at most `MOST_SCORE` either way. The score that thresholds are set on. */
  readonly score: number;
  /** The rung's own probability of this answer, 0 to 1, at its lowest where not all was read; `null` without one. */
  readonly p: number | null;
  /** The option answered, of a closed question. */
  readonly option: string | null;
  /** Flags that were raised, by name. */
  readonly flags: readonly string[];
  readonly features: SignalFeatures;
  /** What the score rests on, the deciding part (the lowest) first: `margin`, `field <path>`, `confidence` or `certain`. */
  readonly reasons: readonly string[];
}

/** Named numbers; one that the reply does not have is `null`. */
export interface SignalFeatures {
  /** log p of the answer minus log p of the next best option, nats. */
  readonly margin: number | null;
  /** p of the answer minus p of the next best. */
  readonly gap: number | null;
  readonly top: number | null;
  /** Entropy of the options over the logarithm of their number, 0 to 1. */
  readonly entropy: number | null;
  /** Unconstrained probability of all options together. */
  readonly mass: number | null;
  /** 1: another option was best when they stood in the opposite order; `null`: read in one order only. */
  readonly flipped: number | null;
  /** Confidence of the least sure field that bears a decision. */
  readonly leastField: number | null;
  /** Share of votes, prompts or samples that agree with the answer. */
  readonly agreement: number | null;
  /** Length of the input, in the caller's unit. */
  readonly length: number | null;
}

export interface NoSignal {
  readonly kind: "none";
  readonly reason: NoSignalReason;
}

export interface SignalContext {
  /** Every name that answers the question, the way out included; without them the reply's own options are the set. */
  readonly options?: readonly string[];
  /** The reply did not come, or could not be read. */
  readonly failure?: "timeout" | "malformed";
  readonly votes?: { readonly agree: number; readonly of: number };
  readonly length?: number;
  /** Names of the flags raised by validators, schema or input checks. */
  readonly flags?: readonly string[];
}

/** Probabilities below this are not told apart from it. */
const LEAST_P = 1e-12;
/** -log of that: no score is higher, so that it stays a number that can be stored. */
export const MOST_SCORE = 27.6;
/** A sum of probabilities may be off by rounding, not by more. */
const SUM_SLACK = 1e-3;
/** A text that was written freely bears no decision when it is longer than this many letters. */
const LONGEST_DECISION = 40;

/** The signal of a reply, or why there is none. Never throws, whatever the reply is. */
export function signalOf(reply: Reply | null | undefined, context: SignalContext = {}): Signal | NoSignal {
  if (context.failure) return none(context.failure);
  if (typeof reply !== "object" || reply === null) return none("no_reply");
  try {
    return read(reply, context);
  } catch {
    // Evidence of another shape than its type says.
    return none("malformed");
  }
}

function read(reply: Reply, context: SignalContext): Signal | NoSignal {
  if (reply.kind === "escalated") return none("refused");
  if (reply.kind === "waiting") return none("waiting");
  if (reply.kind !== "answered") return none("malformed");
  const { value, confidence, basis, evidence } = reply;
  if (value === undefined || value === null || value === "") return none("no_value");
  if (confidence !== null && usableConfidence(confidence) === null) return none(whyNot(confidence));
  const { mass } = evidence;
  if (mass !== undefined && !isProbability(mass)) return none(whyNot(mass));
  const agreement = context.votes ? context.votes.agree / context.votes.of : null;
  if (agreement !== null && !isProbability(agreement)) return none(whyNot(agreement));

  const name = namedTool(value);
  const isAmong = typeof name === "string" && context.options?.includes(name);
  if (context.options && !isAmong) return none("option_not_in_set");
  const choice = evidence.options ? readOptions(evidence, name, context.options) : null;
  if (typeof choice === "string") return none(choice);
  const field = evidence.fields ? leastField(argumentsIn(value), evidence.fields) : null;
  if (typeof field === "string") return none(field);
  // Free text alone decides nothing, however fluent; behind the choice of a tool it need not.
  if (evidence.fields && !field && !choice) return none("no_deciding_field");

  const parts: Part[] = [];
  if (choice) parts.push({ score: choice.margin, p: choice.top, reason: "margin" });
  if (field)
    parts.push({ score: logit(field.confidence, LEAST_P), p: field.confidence, reason: `field ${field.path}` });
  if (parts.length === 0 && basis === "certain")
    parts.push({ score: MOST_SCORE, p: confidence ?? 1, reason: "certain" });
  if (parts.length === 0 && confidence !== null) {
    parts.push({ score: logit(confidence, LEAST_P), p: confidence, reason: "confidence" });
  }
  if (parts.length === 0) return none("no_evidence");
  parts.sort((a, b) => a.score - b.score);
  const score = Math.min(MOST_SCORE, Math.max(-MOST_SCORE, parts[0]!.score));
  const flipped = evidence.order ? Number(evidence.order.flipped) : null;
  return {
    kind: "signal",
    score,
    p: parts[0]!.reason === "certain" ? confidence : Math.min(confidence ?? 1, ...parts.map(({ p }) => p)),
    option: choice || isAmong ? (name as string) : null,
    flags: context.flags ?? [],
    features: {
      margin: choice?.margin ?? null,
      gap: choice?.gap ?? null,
      top: choice?.top ?? null,
      entropy: choice?.entropy ?? null,
      mass: mass ?? null,
      flipped,
      leastField: field?.confidence ?? null,
      agreement,
      length: context.length ?? null,
    },
    reasons: parts.map(({ reason }) => reason),
  };
}

/** What the score may rest on; the lowest decides. */
interface Part {
  readonly score: number;
  readonly p: number;
  readonly reason: string;
}

interface Choice {
  readonly margin: number;
  readonly gap: number;
  readonly top: number;
  readonly entropy: number;
}

/** The answer's lead over the option that is, or may be, next. Below 0 where the answer is not the best option. */
function readOptions(
  { options = [], interval }: Evidence,
  name: unknown,
  allowed: readonly string[] | undefined,
): Choice | NoSignalReason {
  if (options.length < 2) return "too_few_options";
  for (const option of options) {
    if (typeof option.name !== "string" || option.name.trim() === "") return "empty_option";
  }
  if (new Set(options.map((option) => option.name)).size < options.length) return "repeated_option";
  // Most often they are the question's own, in its order.
  const isAllowed = (option: { readonly name: string }, place: number): boolean =>
    !allowed || allowed[place] === option.name || allowed.includes(option.name);
  if (!options.every(isAllowed)) return "option_not_in_set";
  for (const { p, atMost = p } of options) {
    if (!isProbability(p)) return whyNot(p);
    if (!isProbability(atMost)) return whyNot(atMost);
  }
  for (const bound of interval ?? []) if (!isProbability(bound)) return whyNot(bound);
  // What was not read to its end counts as it would be at its worst.
  let [sum, next, entropy] = [0, Number.NEGATIVE_INFINITY, 0];
  let answered: (typeof options)[number] | null = null;
  for (const option of options) {
    const { p, atMost = p } = option;
    sum += p;
    if (p > 0) entropy -= p * Math.log(p);
    if (answered === null && option.name === name) answered = option;
    else next = Math.max(next, p, atMost);
  }
  if (Math.abs(sum - 1) > SUM_SLACK) return "not_a_probability";
  if (!answered) return "option_not_in_set";
  const top = answered.p >= next ? Math.min(answered.p, interval?.[0] ?? 1) : answered.p;
  return { margin: safeLog(top) - safeLog(next), gap: top - next, top, entropy: entropy / Math.log(options.length) };
}

/** The least sure field that bears a decision; `null` where none does. */
function leastField(
  value: unknown,
  fields: { readonly [path: string]: FieldEvidence },
): { path: string; confidence: number } | null | NoSignalReason {
  let least: { path: string; confidence: number } | null = null;
  for (const [path, { confidence, how }] of Object.entries(fields)) {
    const found = how === "generated" ? valueAt(value, path) : null;
    if (typeof found === "string" && (confidence === null || found.length > LONGEST_DECISION)) continue;
    if (!isProbability(confidence)) return whyNot(confidence);
    if (confidence < (least?.confidence ?? Number.POSITIVE_INFINITY)) least = { path, confidence };
  }
  return least;
}

/** The arguments of a call, or the value itself. */
function argumentsIn(value: unknown): unknown {
  return typeof value === "object" && value !== null && "tool" in value && "args" in value ? value.args : value;
}

/** The value at a path such as `lines[2].name`. */
function valueAt(value: unknown, path: string): unknown {
  let at = value;
  for (const key of path.split(/\.|\[|\]/).filter((part) => part !== "")) {
    at = at !== null && typeof at === "object" ? (at as { [key: string]: unknown })[key] : undefined;
  }
  return at;
}

function isProbability(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1 + 1e-9;
}

function whyNot(value: unknown): NoSignalReason {
  if (value === undefined || value === null) return "no_evidence";
  return Number.isFinite(value) ? "not_a_probability" : "not_a_number";
}

function safeLog(p: number): number {
  return Math.log(Math.max(LEAST_P, p));
}

function none(reason: NoSignalReason): NoSignal {
  return { kind: "none", reason };
}
