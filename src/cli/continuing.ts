/** Goes on with runs that a person answered, in this process: loads their loop and opens the models when first needed. */

import type { RunRecord } from "../journal/journal.ts";
import { type Continued, continueRun } from "../review/answer.ts";
import { faultOf } from "./fault.ts";
import { Loops } from "./loops.ts";
import type { Session } from "./session.ts";

/** What became of an answered run, or why it could not go on here; its answer is journaled either way. */
export type WentOn = Continued | { readonly kind: "not here"; readonly why: string };

export class Continuing {
  readonly #session: Session;
  readonly #loops: Loops;
  #opened: Promise<void> | undefined;

  /** `loopFile` stands for where the journal says that loops were. */
  constructor(session: Session, loopFile: string | undefined) {
    this.#session = session;
    this.#loops = new Loops(session.journal, loopFile);
  }

  /** Never rejects. */
  async goOn(run: RunRecord): Promise<WentOn> {
    try {
      const loop = await this.#loops.of(run.loop);
      this.#opened ??= this.#session.parts.open();
      await this.#opened;
      return await continueRun(run, loop, this.#session.parts);
    } catch (thrown) {
      return { kind: "not here", why: faultOf(thrown).message };
    }
  }
}

/** In a few words, for the line after an answer. */
export function wentOnLine(run: RunRecord, went: WentOn): string {
  const who = `item ${run.item} (run ${run.number})`;
  switch (went.kind) {
    case "not here":
      return `${who}: answered; it goes on with the next pawl run (${went.why})`;
    case "held":
      return `${who}: answered; the loop is now version ${went.version}, so it goes on with pawl run --changed continue`;
    case "busy":
      return `${who}: answered; ${went.owner} has it`;
    case "still waiting":
      return `${who}: answered; it has other open questions`;
    case "went on":
      switch (went.end.kind) {
        case "ended": {
          const { outcome } = went.end;
          if (outcome.kind === "done") return `${who}: done, ${JSON.stringify(outcome.output)}`;
          if (outcome.kind === "failed") return `${who}: failed, ${outcome.code}: ${outcome.message}`;
          return `${who}: stopped at the limit of ${outcome.allowed} ${outcome.limit}`;
        }
        case "waiting":
          return `${who}: asks again at ${went.end.paths.join(", ")}`;
        case "sleeping":
          return `${who}: sleeps until ${new Date(went.end.wakes).toISOString()}`;
        case "stopped":
          return `${who}: answered; ${went.end.error?.message ?? "stopped before it went on"}`;
      }
  }
}
