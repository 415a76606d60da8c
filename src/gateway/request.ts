/** A request as the gateway keeps it, whatever format it came in: JSON, so that it can be the input of a run. */

import type { IncomingChat } from "../wire/chat-server.ts";
import type { Incoming } from "../wire/incoming.ts";

/** The wires that the gateway answers. `decision-model` is the one that the AI SDK's own gateway provider speaks. */
export type Format = "systemone" | "decisions" | "decision-model" | "chat";

/** Free chat, as a text to be written. */
export interface FreeChat {
  readonly ask: string;
  readonly about: string;
  readonly maxTokens: number;
  readonly stop: readonly string[];
}

export type GatewayRequest =
  | { readonly format: Exclude<Format, "chat">; readonly incoming: Incoming }
  | { readonly format: "chat"; readonly chat: IncomingChat; readonly free: FreeChat | null };

/** What was decided of a question before it was asked. */
export interface StepPlan {
  /** The step's name, and its index where the same question is asked more than once. */
  readonly name: string;
  readonly index: number | null;
  /** Largest share of wrong answers, as the step asks for it. */
  readonly risk: number | null;
  /** Whether a promise was asked for, and whether a certificate was in force. */
  readonly promise: "none asked" | "in force" | "not in force";
  /** The rung to begin with, because no certificate is in force; `null` for the lowest. */
  readonly from: string | null;
}

/** The input of a run of the gateway. */
export interface GatewayInput {
  /** Whose request it is: a hash of the bearer token, or `-`. Nobody else may ask for the answer. */
  readonly client: string;
  readonly request: GatewayRequest;
  /** One a question, in their order. */
  readonly steps: readonly StepPlan[];
}

export function pathOf({ name, index }: Pick<StepPlan, "name" | "index">): string {
  return index === null ? name : `${name}/${index}`;
}
