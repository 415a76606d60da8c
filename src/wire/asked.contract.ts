/** Questions and targets for the tests of the wires. */

import { askAbout } from "../../test/support/question.ts";
import type { Question, QuestionSpec, Repair } from "../core/question.ts";
import { plain, type Quirks } from "./quirks.ts";
import type { Asked, Target, WireReply } from "./wire.ts";

const teams = [
  { name: "billing", description: "Payments, refunds" },
  { name: "shipping", description: "Parcels" },
  { name: "technical", description: "" },
];
const yesAndNo = ["yes", "no"].map((name) => ({ name, description: "" }));

export const ABOUT = "My card was charged twice for one parcel.";

export function question(spec: Partial<QuestionSpec> = {}): Question {
  return askAbout(ABOUT, { options: teams, ...spec });
}

export const judge = (otherwise: string | null = null): Question =>
  question({ verb: "judge", ask: "Is it urgent?", options: yesAndNo, otherwise });

export const score = (to: number, otherwise: string | null = null): Question =>
  question({
    verb: "score",
    ask: "How angry?",
    options: Array.from({ length: to }, (_, index) => ({ name: String(index + 1), description: "" })),
    otherwise,
  });

export const extract = (otherwise: string | null = null): Question =>
  question({
    verb: "extract",
    ask: "Fill in the fields.",
    options: [],
    otherwise,
    fields: {
      type: "object",
      properties: { order: { type: "string" }, amount: { type: "number" } },
      required: ["order", "amount"],
    },
  });

const tools = [
  {
    name: "find_order",
    description: "Look up an order.",
    effect: "read" as const,
    input: { type: "object", properties: { order: { type: "string" } }, required: ["order"] },
  },
  {
    name: "reply",
    description: "Write to the customer.",
    effect: "write" as const,
    input: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
  },
];

export const pick = (otherwise: string | null = "none of these"): Question =>
  question({ verb: "pick", ask: "What next?", options: tools, tools, otherwise });

export const write = (): Question => question({ verb: "write", ask: "Answer them.", options: [], maxTokens: 50 });

/** Every kind of question, one each. */
export const everyQuestion: readonly Question[] = [
  question(),
  question({ otherwise: "none of these" }),
  question({ options: Array.from({ length: 40 }, (_, index) => ({ name: `team ${index}`, description: "" })) }),
  judge(),
  judge("cannot tell"),
  score(5),
  score(20, "cannot tell"),
  extract(),
  extract("not in the text"),
  pick(),
  write(),
];

export function asked(of: Question = question(), repair: Repair | null = null): Asked {
  return { question: of, about: of.about, repair };
}

export function target(quirks: Partial<Quirks> = {}, more: Partial<Target> = {}): Target {
  return { model: "m", quirks: { ...plain, ...quirks }, logprobs: false, maxTokens: 200, temperature: 0, ...more };
}

/** What went well, or an error that says what came instead. */
export function answeredOf(reply: WireReply): WireReply & { kind: "answered" } {
  if (reply.kind !== "answered") throw new Error(`unanswered: ${reply.reason} (${reply.faults.join(", ")})`);
  return reply;
}
