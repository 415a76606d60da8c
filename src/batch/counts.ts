/** What a batch came to so far: the figures that progress, summary and exit code are made of. */

import type { Attempt, Fault } from "../core/answer.ts";
import { noPaid, type PaidCounts } from "../core/paid-totals.ts";

/** What the questions of a batch's runs came to. A question counts once, by its last state. */
export interface QuestionCounts {
  /** Decided by a rung that is local; a cached answer counts where it first came from. */
  local: number;
  /** Of those: stood under a certificate; and of these, those whose audit was drawn. */
  promised: number;
  audited: number;
  /** Decided by a rung that is not local and not a person. */
  remote: number;
  /** Decided by a person. */
  person: number;
  /** Still waiting for a person. */
  waiting: number;
  /** Still waiting for a rung that answers later by itself, such as by a provider's batch. */
  later: number;
  /** Given the safe answer that was configured, because nobody above had budget left or was worth asking. */
  overflow: number;
}

/** One rung's part in a batch. */
export interface RungCounts {
  /** Questions that it was asked. */
  asked: number;
  /** Questions at which it was passed over, unasked, by the reason: money. */
  skipped: { [why in NonNullable<Attempt["skipped"]>]?: number };
  /** Replies of it that stood. */
  decided: number;
  /** Times that it threw instead of replying, and what it threw last. */
  broken: number;
  trouble: string | null;
  /** Wall time at the rung, in milliseconds, added up over runs that went side by side. */
  milliseconds: number;
}

/** What the replies of a batch's runs used. */
export interface UsageCounts {
  inputTokens: number;
  outputTokens: number;
  /** Money in the config's currency over the replies whose price is known. */
  cost: number;
  /** Replies without a known price; with any, `cost` is not the whole sum. */
  unpriced: number;
}

export interface Counts {
  /** Records of the data file that were met: the sum of the nine below and of those in flight. */
  rows: number;
  /** Their length in the file, in bytes. */
  bytes: number;

  done: number;
  failed: number;
  /** Stopped by a limit of the loop. */
  limit: number;
  /** Waiting for a person. */
  waiting: number;
  /** Asleep by `step.sleep`. */
  sleeping: number;
  quarantined: number;
  /** Unfinished runs of another version of the loop, left alone. */
  held: number;
  /** At work in another living process. */
  busy: number;
  /** Given back unfinished, because this process was told to stop. */
  stopped: number;

  /** Of those above: settled before this command began. */
  earlier: number;
  /** Of those above: done, failed or at a limit by another version of the loop, and kept. */
  kept: number;
  /** Runs that an earlier process had begun and this one went on with. */
  resumed: number;
  /** Unfinished runs of another version of the loop that went on under this one. */
  continued: number;
  /** Items that were begun anew because the loop had changed. */
  restarted: number;
  /** New runs of an item that has an earlier run with other content. */
  changedContent: number;
  /** Runs that a spend limit ended. */
  spendLimit: number;
  /** Calls that an earlier process began and never ended, so that they are made again under the same key. */
  effectsRepeated: number;
  /** Calls that change the world and had been made in runs that were begun anew: they may now be made twice. */
  effectsRisked: number;

  questions: QuestionCounts;
  rungs: { [rung: string]: RungCounts };
  /** The same of what this command asked itself: whether a rung is well now is no matter of earlier commands. */
  rungsNow: { [rung: string]: RungCounts };
  faults: { [name in Fault]?: number };
  /** Replies that were repaired once. */
  repaired: number;
  /** Tool calls by how they ended. */
  calls: { [outcome: string]: number };
  usage: UsageCounts;
  /** The calls that its runs paid for, by the ledger: `cost` is the sum of those with a price. */
  paid: PaidCounts;

  /** Failed runs by code, with the first message met. */
  failures: { [code: string]: { count: number; example: string } };
  /** The first few of each, to show. */
  examples: { quarantined: Quarantined[]; busy: string[] };
}

export interface Quarantined {
  readonly line: number;
  readonly reason: string;
}

/** How many examples of a kind are kept. */
export const mostExamples = 5;

export function noCounts(): Counts {
  return {
    rows: 0,
    bytes: 0,
    done: 0,
    failed: 0,
    limit: 0,
    waiting: 0,
    sleeping: 0,
    quarantined: 0,
    held: 0,
    busy: 0,
    stopped: 0,
    earlier: 0,
    kept: 0,
    resumed: 0,
    continued: 0,
    restarted: 0,
    changedContent: 0,
    spendLimit: 0,
    effectsRepeated: 0,
    effectsRisked: 0,
    questions: { local: 0, promised: 0, audited: 0, remote: 0, person: 0, waiting: 0, later: 0, overflow: 0 },
    rungs: {},
    rungsNow: {},
    faults: {},
    repaired: 0,
    calls: {},
    usage: { inputTokens: 0, outputTokens: 0, cost: 0, unpriced: 0 },
    paid: noPaid(),
    failures: {},
    examples: { quarantined: [], busy: [] },
  };
}

/** Records whose fate is known. */
export function settledRows(counts: Counts): number {
  const { done, failed, limit, waiting, sleeping, quarantined, held, busy, stopped } = counts;
  return done + failed + limit + waiting + sleeping + quarantined + held + busy + stopped;
}

/** Questions that were asked, answered or waiting. */
export function allQuestions({ local, remote, person, waiting, later, overflow }: QuestionCounts): number {
  return local + remote + person + waiting + later + overflow;
}

/** Share of the questions, answered or waiting, that a local rung decided: 0 to 1, `null` where none was asked. */
export function localShare(questions: QuestionCounts): number | null {
  const all = allQuestions(questions);
  return all === 0 ? null : questions.local / all;
}

/** Whether every item came to its end. */
export function isComplete(counts: Counts): boolean {
  return settledRows(counts) === counts.done;
}
