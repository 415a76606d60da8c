/** A scripted model: answers by rote, for docs and tests. It obeys the contract; what it says need not. */

import type { Reply } from "../core/answer.ts";
import type { Question } from "../core/question.ts";
import { noUsage } from "../core/usage.ts";
import type { DecideContext, Rung } from "./rung.ts";

/** One line of a script: a raw value, or a whole reply (recognised by its `kind`). */
export type ScriptedReply =
  | Reply
  | string
  | number
  | boolean
  | null
  | readonly unknown[]
  | { readonly [key: string]: unknown };

/** Replies by path (`settle/2`), else by step name (`settle`), or a function of the question. */
export type Script =
  | { readonly [step: string]: ScriptedReply }
  | ((question: Question, context: DecideContext) => ScriptedReply | undefined | Promise<ScriptedReply | undefined>);

export interface ScriptedOptions {
  /** Confidence of plain values; 1 by default. */
  readonly confidence?: number | null;
  readonly acceptAt?: number | null;
  readonly name?: string;
  /** Cost of each plain value, in the config's currency; `null` is unpriced. */
  readonly cost?: number | null;
  readonly local?: boolean;
}

/** A rung that answers from a script and escalates what the script does not hold. */
export function scripted(script: Script, options: ScriptedOptions = {}): Rung {
  const { confidence = 1, acceptAt = 0.5, name = "scripted", cost = 0, local = true } = options;
  const usage = cost === 0 ? noUsage : { ...noUsage, cost };
  const toReply = (line: ScriptedReply | undefined): Reply => {
    if (line === undefined) return { kind: "escalated", reason: "the script has no line for this", usage: noUsage };
    if (isReply(line)) return line;
    return { kind: "answered", value: line, confidence, basis: "raw", evidence: {}, usage };
  };
  return {
    name,
    local,
    mostCost: cost,
    acceptAt,
    decide(question, context) {
      if (typeof script !== "function") return toReply(script[question.path] ?? script[question.name]);
      const line = script(question, context);
      return line instanceof Promise ? line.then(toReply) : toReply(line);
    },
  };
}

function isReply(line: ScriptedReply): line is Reply {
  if (typeof line !== "object" || line === null || !("kind" in line)) return false;
  return line.kind === "answered" || line.kind === "escalated" || line.kind === "waiting";
}
