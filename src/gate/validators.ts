/** The author's own condition on an answer, which the way out is not. One that throws does not pass. */

import { messageOf } from "../core/errors.ts";
import type { Check } from "./gate.ts";
import { tookWayOut } from "./way-out.ts";

export const validators: Check = ({ question, reply, value }) => {
  if (question.check === null || tookWayOut(question, reply.value)) return null;
  let said: true | string;
  try {
    said = question.check(value as never);
  } catch (thrown) {
    said = `the check threw: ${messageOf(thrown)}`;
  }
  return { check: "validators", passes: said === true, need: true, have: said };
};
