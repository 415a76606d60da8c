/** Without a promise, and where a wrong answer has a price: an answer stands where nobody above is worth asking. */

import { type CheckResult, usableConfidence } from "../core/answer.ts";
import type { Rung } from "../rung/rung.ts";
import type { Answered, Weighing } from "./gate.ts";

/** In the threshold's place; one that names no probability goes up. */
export function worth(weighing: Weighing, reply: Answered, accountable: Rung): CheckResult {
  const have = usableConfidence(reply.confidence);
  if (have === null) return { check: "worth", passes: false, need: "a confidence", have };
  const above = weighing.above(accountable, have);
  return { check: "worth", passes: above === null || !above.isWorth, need: above?.why ?? null, have };
}
