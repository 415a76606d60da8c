/** The author's own condition on the value. One that throws does not pass. */

import { messageOf } from "../core/errors.ts";
import type { Check } from "./gate.ts";

export const validators: Check = ({ question, value }) => {
  if (question.check === null) return null;
  let said: true | string;
  try {
    said = question.check(value as never);
  } catch (thrown) {
    said = `the check threw: ${messageOf(thrown)}`;
  }
  return { check: "validators", passes: said === true, need: true, have: said };
};
