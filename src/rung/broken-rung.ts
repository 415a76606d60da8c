/** A rung on a server that is broken as a whole: the ladder treats it as one that threw, the receipt shows why. */

import type { Evidence, Reply } from "../core/answer.ts";
import { ModelError } from "../core/errors.ts";

export class BrokenRung extends ModelError {
  readonly evidence: Evidence;

  constructor(message: string, evidence: Evidence, cause: unknown) {
    super("E_BACKEND", message, { cause });
    this.evidence = evidence;
  }

  /** Because of a failure that no other question will fare better with, and what was found when it was met. */
  static by(failure: ModelError, name: string, reply: Reply): BrokenRung {
    const evidence = reply.kind === "escalated" ? (reply.evidence ?? {}) : {};
    return new BrokenRung(`${name}: ${failure.message}`, evidence, failure);
  }
}
