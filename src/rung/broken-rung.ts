/** A rung on a server that is broken as a whole: the ladder treats it as one that threw, the receipt shows why. */

import type { Evidence, Reply } from "../core/answer.ts";
import { ModelError } from "../core/errors.ts";
import { noUsage, type Usage } from "../core/usage.ts";

export class BrokenRung extends ModelError {
  readonly evidence: Evidence;
  /** What it took to find out: a call that broke off may have been paid. */
  readonly usage: Usage;

  constructor(message: string, evidence: Evidence, cause: unknown, usage: Usage = noUsage) {
    super("E_BACKEND", message, { cause });
    this.evidence = evidence;
    this.usage = usage;
  }

  /** Because of a failure that no other question will fare better with, and what was found when it was met. */
  static by(failure: ModelError, name: string, reply: Reply): BrokenRung {
    const evidence = reply.kind === "escalated" ? (reply.evidence ?? {}) : {};
    const usage = reply.kind === "waiting" ? noUsage : reply.usage;
    return new BrokenRung(`${name}: ${failure.message}`, evidence, failure, usage);
  }
}
