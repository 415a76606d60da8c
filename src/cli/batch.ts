/** `pawl batch`: questions that can wait are sent to a provider's batch API, fetched, and handed to their runs. */

import {
  type Deferring,
  type Fetched,
  fetchDeferred,
  handOver,
  type Recovered,
  type Sent,
  sendDeferred,
} from "../batch/deferred.ts";
import { count, counted } from "../batch/figures.ts";
import { UsageError } from "../core/errors.ts";
import type { BatchApi, Batches } from "../rung/batch-api.ts";
import type { Rung } from "../rung/rung.ts";
import { type ExitCode, log, print, printJson } from "./command.ts";
import { Continuing, wentOnLine } from "./continuing.ts";
import { Interrupts } from "./interrupts.ts";
import { openSession, type Session } from "./session.ts";
import { cleanLine, columns } from "./text.ts";

/** What `pawl batch` takes. */
export interface BatchCommandOptions {
  readonly rung?: string;
  readonly loop?: string;
  /** Goes on until everything has come. */
  readonly watch?: true;
  /** Seconds between two looks. */
  readonly every?: number;
  /** Batches that are let go where the provider has them no more. */
  readonly giveUp?: readonly string[];
  readonly journal?: string;
  readonly config?: string;
  readonly json?: true;
}

export type BatchAction = "send" | "fetch" | "status";
type BatchRung = Rung & { readonly batches: Batches };

/** Sends, fetches or tells how things stand. Returns the exit code. */
export async function batch(action: BatchAction, options: BatchCommandOptions): Promise<ExitCode> {
  const interrupts = new Interrupts();
  const session = await openSession({
    ...options,
    existing: true,
    stop: interrupts.stop,
    say: options.json ? () => {} : log,
  });
  try {
    const rungs = rungsOf(session, options.rung);
    if (action === "status") return status(session, rungs, options);
    const work = action === "send" ? send : fetch;
    return await work(session, rungs, options, AbortSignal.any([interrupts.drain, interrupts.stop]));
  } finally {
    interrupts.end();
    await session.close();
  }
}

function rungsOf(session: Session, name: string | undefined): readonly BatchRung[] {
  const all = session.parts.rungs.filter((rung): rung is BatchRung => rung.batches !== undefined);
  const named = name === undefined ? all : all.filter((rung) => rung.name === name);
  if (named.length > 0) return named;
  const there = all.map((rung) => rung.name).join(", ");
  const message =
    all.length === 0
      ? "no rung of the config answers by batches: batched(...) makes one"
      : `there is no ${name}, only ${there}`;
  throw new UsageError("E_NO_BATCHES", message, { value: name });
}

/** Does the work for each rung, with its provider's API open. */
async function withEach<T>(
  session: Session,
  rungs: readonly BatchRung[],
  signal: AbortSignal,
  work: (deferring: Deferring) => Promise<T>,
): Promise<readonly { readonly rung: string; readonly result: T }[]> {
  const results: { rung: string; result: T }[] = [];
  for (const rung of rungs) {
    const api: BatchApi = rung.batches.open();
    try {
      const { journal, currency, parts } = session;
      const deferring = { journal, rung, api, signal, now: Date.now, budget: parts.budget, currency };
      results.push({ rung: rung.name, result: await work(deferring) });
    } finally {
      await api.close();
    }
  }
  return results;
}

async function send(
  session: Session,
  rungs: readonly BatchRung[],
  options: BatchCommandOptions,
  signal: AbortSignal,
): Promise<ExitCode> {
  const all = await withEach(session, rungs, signal, sendDeferred);
  if (options.json) printJson({ journal: session.journalFile, rungs: all.map(flat) });
  else for (const { rung, result } of all) for (const line of sentLines(rung, result)) print(line);
  if (all.some(({ result }) => result.overBudget > 0)) return 4;
  if (all.some(({ result }) => result.unclear.length > 0)) return 3;
  if (options.watch) return await fetch(session, rungs, options, signal);
  return 0;
}

const flat = <T extends object>({ rung, result }: { rung: string; result: T }): object => ({ rung, ...result });

function sentLines(rung: string, { batches, questions, overBudget, tooLong, ...recovered }: Sent): readonly string[] {
  return [
    ...recoveredLines(rung, recovered),
    questions === 0
      ? `${rung}: nothing to send`
      : `${rung}: ${counted(questions, "question")} sent in ${counted(batches.length, "batch", "batches")}: ${batches.map(({ id }) => id).join(", ")}`,
    ...(overBudget > 0 ? [`${rung}: ${count(overBudget)} held back, the day's budget does not hold their price`] : []),
    ...(tooLong > 0
      ? [`${rung}: ${count(tooLong)} too long for a batch, pawl batch fetch sends them up the ladder`]
      : []),
  ];
}

function recoveredLines(rung: string, { found, again, unclear }: Recovered): readonly string[] {
  return [
    ...(found > 0 ? [`${rung}: ${counted(found, "question")} of an interrupted command had reached the provider`] : []),
    ...(again > 0
      ? [
          `${rung}: ${counted(again, "question")} of an interrupted command are not listed by the provider, and are queued again: they may be paid twice`,
        ]
      : []),
    ...unclear.map((why) => `${rung}: ${why}`),
  ];
}

async function fetch(
  session: Session,
  rungs: readonly BatchRung[],
  options: BatchCommandOptions,
  signal: AbortSignal,
): Promise<ExitCode> {
  const continuing = new Continuing(session, options.loop);
  const { every = 60 } = options;
  while (true) {
    const all = await withEach(session, rungs, signal, async (deferring) => {
      const fetched = await fetchDeferred({ ...deferring, givenUp: new Set(options.giveUp) });
      const handed = await handOver(deferring, async (run) => {
        const went = await continuing.goOn(run);
        if (!options.json) log(cleanLine(wentOnLine(run, went)));
      });
      return { ...fetched, ...handed };
    });
    const isOpen = all.some(({ result }) => result.underWay.length + result.unclear.length > 0);
    const isLast = !options.watch || !isOpen || signal.aborted;
    if (options.json) {
      if (isLast) printJson({ journal: session.journalFile, rungs: all.map(flat) });
    } else for (const { rung, result } of all) for (const line of fetchedLines(rung, result)) print(line);
    if (isLast) return signal.aborted ? 130 : codeOf(all.map(({ result }) => result));
    await pause(every * 1000, signal);
  }
}

type Went = Fetched & { readonly handedOver: number; readonly kept: number };

function codeOf(all: readonly Went[]): ExitCode {
  if (all.some(({ troubled }) => troubled.length > 0)) return 5;
  return all.some(({ underWay, unclear, kept }) => underWay.length + unclear.length + kept > 0) ? 3 : 0;
}

function fetchedLines(rung: string, result: Went): readonly string[] {
  const { underWay, ended, troubled, answered, failed, duplicates, strangers, handedOver, kept, ...recovered } = result;
  const isIdle = underWay.length + ended.length + troubled.length + handedOver + kept === 0;
  return [
    ...recoveredLines(rung, recovered),
    ...underWay.map(({ id, done, size }) => `${rung}: ${id} is under way, ${count(done)} of ${count(size)} done`),
    ...troubled.map((why) => `${rung}: ${why}`),
    ...(troubled.length > 0 ? [`${rung}: what the provider surely has no more is let go with --give-up ID`] : []),
    ...ended.map(({ id, note }) => `${rung}: ${id} ended: ${note}`),
    ...(ended.length + answered + failed > 0 ? [`${rung}: ${count(answered)} answered, ${count(failed)} failed`] : []),
    ...(duplicates > 0 ? [`${rung}: ${counted(duplicates, "result")} came twice; the first counts`] : []),
    ...(strangers > 0 ? [`${rung}: ${counted(strangers, "result")} of no question that was sent`] : []),
    ...(handedOver > 0 ? [`${rung}: ${counted(handedOver, "question")} handed to their runs`] : []),
    ...(kept > 0 ? [`${rung}: ${counted(kept, "answer")} kept for runs that cannot go on now`] : []),
    ...(isIdle ? [`${rung}: nothing to fetch`] : []),
  ];
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end, { once: true });
  });
}

/** From the record alone: nobody is asked. */
function status(session: Session, rungs: readonly BatchRung[], options: BatchCommandOptions): ExitCode {
  const { deferred } = session.journal.calls;
  const all = rungs.map(({ name }) => ({
    rung: name,
    questions: deferred.counts({ rung: name }),
    batches: deferred.batches(name).map(({ sender: _, ...batch }) => ({
      ...batch,
      questions: deferred.counts({ batch: batch.number }),
    })),
  }));
  if (options.json) {
    printJson({ journal: session.journalFile, rungs: all });
    return 0;
  }
  for (const { rung, questions, batches } of all) {
    const { queued, sent, answered, failed, done } = questions;
    print(
      `${rung}: ${count(queued)} to send, ${count(sent)} sent, ${count(answered + failed)} to hand over, ${count(done)} done`,
    );
    const rows = batches.map(({ providerId, state, size, made, note }) => {
      return [providerId ?? "(not known)", state, count(size), new Date(made).toISOString(), cleanLine(note ?? "")];
    });
    if (rows.length > 0)
      for (const line of columns([["batch", "state", "size", "sent", "end"], ...rows], [2])) print(line);
  }
  return 0;
}
