/** The reply is at least as sure as its rung must be. Anything that is not a number from 0 to 1 is not. */

import { type CheckResult, usableConfidence } from "../core/answer.ts";
import type { Question } from "../core/question.ts";
import type { Standing } from "../policy/policy.ts";
import type { Rung } from "../rung/rung.ts";
import type { Answered, Check } from "./gate.ts";
import { worth } from "./worth.ts";

export const threshold: Check = ({ question, reply, accountable, standing, weighing }) => {
  // An earlier answer stands as it would today: not below a threshold that was raised, nor for a rung that was dropped.
  if (accountable === null) {
    return { check: "origin", passes: false, need: "a rung of this ladder", have: reply.origin?.rung ?? null };
  }
  if (accountable.acceptAt === null) return null;
  if (standing?.governs(accountable)) return promised(standing, question, reply, accountable);
  if (weighing?.replacesThreshold) return worth(weighing, reply, accountable);
  const { acceptAt } = accountable;
  const confidence = usableConfidence(reply.confidence);
  return {
    check: "threshold",
    passes: confidence !== null && confidence >= acceptAt,
    need: acceptAt,
    have: confidence,
  };
};

/** Where a promise is wanted, only a certificate lets a local answer stand. */
function promised(standing: Standing, question: Question, reply: Answered, accountable: Rung): CheckResult {
  const { certificate } = standing;
  if (!certificate) return { check: "promise", passes: false, need: "a certificate", have: standing.why };
  const { key = null } = reply.origin ?? certificate;
  // A kept answer stands as long as what it stood under: another version may see it otherwise, and a stricter
  // threshold of the same one does.
  if (key !== certificate.key) return { check: "promise", passes: false, need: certificate.key, have: key };
  const { stands, least, confidence, isFinal } = standing.judge(accountable, question, reply);
  return { check: isFinal ? "class" : "threshold", passes: stands, need: least, have: confidence };
}
