/** Reads what a model wrote, whatever format brought it: the answer, how sure it is, and all that was wrong. */

import type { ReplyFault } from "../core/server-fault.ts";
import { type Counted, counted, type Usage } from "./counted.ts";
import type { TokenRead } from "./letters.ts";
import { type Plan, planOf, tokensFor } from "./plan.ts";
import { promptOf } from "./prompt.ts";
import { isCloudName, isSameModel } from "./same-model.ts";
import type { SaidCall } from "./text-calls.ts";
import type { Asked, Target, WireReply } from "./wire.ts";
import { answerOf, unanswered } from "./written-answer.ts";

/** A reply in no format. */
export interface Said {
  readonly model: string | null;
  readonly content: string;
  /** What it thought, where that is kept apart. */
  readonly reasoning: string;
  /** Calls that came as calls. */
  readonly calls: readonly SaidCall[];
  readonly end: "whole" | "length" | "refused";
  readonly refusal: string;
  /** Tokens of the whole answer with their probabilities; `null` where there are none. */
  readonly tokens: readonly TokenRead[] | null;
  readonly usage: Usage | null;
  /** The server itself says that it handed the question on to a cloud. */
  readonly isRemote: boolean;
}

/** What cannot be read at all; tokens are unknown then. */
export function unreadable(fault: ReplyFault, reason: string): WireReply {
  return { kind: "unanswered", reason, tokens: null, model: null, faults: [fault, "usage missing"] };
}

export function readSaid(said: Said, asked: Asked, target: Target): WireReply {
  const plan = planOf(asked.question, target);
  const { tokens, faults: countFaults } = count(said, asked, target, plan);
  const isOther = said.model !== null && !target.quirks.freeNames && !isSameModel(target.model, said.model);
  const isCloud = said.isRemote || (said.model !== null && isCloudName(said.model));
  const before: readonly ReplyFault[] = [
    ...(isOther ? (["wrong model"] as const) : []),
    ...(isCloud ? (["cloud proxy"] as const) : []),
    ...countFaults,
  ];
  const answer = isOther
    ? unanswered(`${said.model} answered instead of ${target.model}`)
    : before.includes("prompt truncated")
      ? unanswered("the server read only a part of the prompt")
      : answerOf(withoutThought(said), asked.question, target, plan);
  return { ...answer, tokens, model: said.model, faults: [...new Set([...before, ...answer.faults])] };
}

function count(said: Said, asked: Asked, target: Target, plan: Plan): Counted {
  const { system, user } = promptOf(asked, plan);
  const shape = plan.kind === "text" || plan.kind === "letters" ? "" : JSON.stringify(plan.shape.schema);
  return counted(said.usage, {
    text: `${system}\n${user}`,
    moreBytes: Buffer.byteLength(shape),
    mostOutput: tokensFor(plan, asked.question, target),
  });
}

/** A thought that was left in the content is none of the answer. */
function withoutThought(said: Said): Said {
  const content = said.content.trimStart();
  if (!content.startsWith("<think>")) return said;
  const end = content.indexOf("</think>");
  const thought = end === -1 ? content : content.slice(0, end);
  return { ...said, content: end === -1 ? "" : content.slice(end + 8), reasoning: said.reasoning || thought };
}
