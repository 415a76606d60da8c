/** The reply is at least as sure as its rung must be. Anything that is not a number from 0 to 1 is not. */

import type { Check } from "./gate.ts";

export const threshold: Check = ({ reply, rung }) => {
  if (rung.acceptAt === null) return null;
  const { confidence } = reply;
  const usable = confidence !== null && confidence >= 0 && confidence <= 1;
  return {
    check: "threshold",
    passes: usable && confidence >= rung.acceptAt,
    need: rung.acceptAt,
    have: usable ? confidence : null,
  };
};
