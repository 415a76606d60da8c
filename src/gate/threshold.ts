/** The reply is at least as sure as its rung must be. Anything that is not a number from 0 to 1 is not. */

import { usableConfidence } from "../core/answer.ts";
import type { Check } from "./gate.ts";

export const threshold: Check = ({ reply, rung }) => {
  if (rung.acceptAt === null) return null;
  const confidence = usableConfidence(reply.confidence);
  return {
    check: "threshold",
    passes: confidence !== null && confidence >= rung.acceptAt,
    need: rung.acceptAt,
    have: confidence,
  };
};
