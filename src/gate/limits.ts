/** The reply's price is known and within what the run may still spend. */

import type { Check } from "./gate.ts";

export const limits: Check = ({ reply, spend }) => {
  if (spend.allowed === null) return null;
  const { cost } = reply.usage;
  return {
    check: "limits",
    passes: cost === null ? spend.unpriced === "allow" : spend.spent + cost <= spend.allowed,
    need: spend.allowed,
    have: cost === null ? "unpriced" : spend.spent + cost,
  };
};
