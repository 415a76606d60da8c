/** "None of these" sends the question up: only a rung that needs no confidence may let it stand. */

import { namedTool, type Question } from "../core/question.ts";
import type { Check } from "./gate.ts";

export const wayOut: Check = ({ question, reply, rung }) => {
  if (!tookWayOut(question, reply.value)) return null;
  return { check: "way out", passes: rung.acceptAt === null, need: "an answer", have: question.otherwise };
};

/** Whether a raw value is the question's way out. A pick may also name it as if it were a tool. */
export function tookWayOut(question: Question, raw: unknown): boolean {
  return question.otherwise !== null && (question.verb === "pick" ? namedTool(raw) : raw) === question.otherwise;
}
