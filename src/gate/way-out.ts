/** "None of these" sends the question up: only a rung that needs no confidence may let it stand. */

import type { Check } from "./gate.ts";

export const wayOut: Check = ({ question, reply, rung }) => {
  if (question.otherwise === null || reply.value !== question.otherwise) return null;
  return { check: "way out", passes: rung.acceptAt === null, need: "an answer", have: question.otherwise };
};
