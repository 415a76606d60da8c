/** The reply is at least as sure as its rung must be. Anything that is not a number from 0 to 1 is not. */

import { usableConfidence } from "../core/answer.ts";
import type { Check } from "./gate.ts";

export const threshold: Check = ({ reply, accountable }) => {
  // An earlier answer stands as it would today: not below a threshold that was raised, nor for a rung that was dropped.
  if (accountable === null) {
    return { check: "origin", passes: false, need: "a rung of this ladder", have: reply.origin?.rung ?? null };
  }
  const { acceptAt } = accountable;
  if (acceptAt === null) return null;
  const confidence = usableConfidence(reply.confidence);
  return {
    check: "threshold",
    passes: confidence !== null && confidence >= acceptAt,
    need: acceptAt,
    have: confidence,
  };
};
