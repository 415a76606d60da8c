/** Questions that go by a provider's batch: collected, sent, found again after a crash, fetched, and handed to their runs. */

import { randomUUID } from "node:crypto";
import { ModelError } from "../core/errors.ts";
import type { Event } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import { isShadow } from "../core/shadow.ts";
import type { Usage } from "../core/usage.ts";
import type { Journal, RunRecord } from "../journal/journal.ts";
import { describeOwner, isAlive, type Owner, thisProcess } from "../journal/owner.ts";
import type { Deferred, DeferredBatch } from "../ledger/ledger.ts";
import type { Booking, DayBudget } from "../loop/budget.ts";
import { BackendError } from "../net/backend-error.ts";
import type { BatchApi, Batches, BatchProgress, BatchResult, LostBatch } from "../rung/batch-api.ts";
import type { Rung } from "../rung/rung.ts";
import type { Tokens } from "../wire/wire.ts";

export interface Deferring {
  readonly journal: Journal;
  readonly rung: Rung & { readonly batches: Batches };
  readonly api: BatchApi;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /**
   * What a call can cost at most is taken out of the day's money when it is sent, and not given back where it cost less;
   * `null` where that is not bounded.
   */
  readonly budget: DayBudget | null;
  readonly currency: string;
  /** Batches, by the provider's names, that are let go where it does not have them. */
  readonly givenUp?: ReadonlySet<string>;
}

/** What became of batches that were recorded, and of which no answer of the provider's came. */
export interface Recovered {
  readonly found: number;
  /** The provider does not list them: their questions are queued again. */
  readonly again: number;
  /** Why it is not known of others yet, one each. */
  readonly unclear: readonly string[];
}

export interface Sent extends Recovered {
  readonly batches: readonly { readonly id: string; readonly size: number }[];
  readonly questions: number;
  /** Held back: the day's budget does not hold their price. */
  readonly overBudget: number;
  /** Too long for any batch; they go up the ladder. */
  readonly tooLong: number;
}

export interface Fetched extends Recovered {
  readonly underWay: readonly { readonly id: string; readonly done: number; readonly size: number }[];
  readonly ended: readonly { readonly id: string; readonly note: string }[];
  /** Why a batch could not be read now, one each: it stays as it is, and the others are read. */
  readonly troubled: readonly string[];
  readonly answered: number;
  readonly failed: number;
  /** Results that were there twice, and results of no question of ours: neither counts. */
  readonly duplicates: number;
  readonly strangers: number;
}

/** How long a process may send a batch before another looks for it, where it cannot tell whether that one lives. */
const longestSend = 3_600_000;
/** So long a request may still be on its way to a provider that does not list it yet. */
const longestWay = 60_000;
/** No provider keeps the results of a batch for longer. */
const longestKept = 30 * 86_400_000;
/** Calls that are read at a time. */
const page = 500;

/** Sends what waits. Rejects with a `BackendError` where the provider cannot be reached; nothing is lost by that. */
export async function sendDeferred(deferring: Deferring): Promise<Sent> {
  const recovered = await recover(deferring);
  const { journal, rung, api, budget, signal } = deferring;
  const { deferred } = journal.calls;
  const sent: { id: string; size: number }[] = [];
  const most = rung.batches.mostCost ?? 0;
  let overBudget = 0;
  let tooLong = 0;
  let chunk: Booked[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (chunk.length === 0) return;
    signal.throwIfAborted();
    const whole = chunk;
    chunk = [];
    bytes = 0;
    sent.push(...(await sendOne(deferring, whole)));
  };
  const add = async (call: Deferred): Promise<void> => {
    signal.throwIfAborted();
    const fate = fateOf(journal, call);
    if (fate === "over") await deferred.done([call.number]);
    if (fate !== "awaited") return;
    const size = Buffer.byteLength(JSON.stringify(lineOf(call))) + 200;
    if (size > api.mostBytes) {
      tooLong++;
      await deferred.refuse(call.number, `it has ${size} bytes, and a batch at most ${api.mostBytes}`);
      return;
    }
    const isFull = chunk.length >= api.mostRequests || bytes + size > api.mostBytes;
    if (isFull || (chunk[0] && chunk[0].call.target !== call.target)) await flush();
    const booking = budget?.reserve(most);
    if (booking === null) {
      overBudget++;
      return;
    }
    chunk.push({ call, booking });
    bytes += size;
  };
  try {
    for (const call of queued(journal, rung.name)) await add(call);
    await flush();
  } finally {
    // What was not sent costs nothing, whatever kept it.
    for (const { booking } of chunk) booking?.settle(0);
  }
  const questions = sent.reduce((sum, { size }) => sum + size, 0);
  return { ...recovered, batches: sent, questions, overBudget, tooLong };
}

/** A call with the money that is set aside for it. */
interface Booked {
  readonly call: Deferred;
  readonly booking: Booking | undefined;
}

async function sendOne(
  { journal, rung, api, signal }: Deferring,
  chunk: readonly Booked[],
): Promise<readonly { readonly id: string; readonly size: number }[]> {
  const { deferred } = journal.calls;
  const about = { key: `pawl-${journal.id}-${randomUUID()}`, rung: rung.name, host: api.host };
  // On record before anything leaves: whatever happens next, it is looked for before it is sent again.
  const made = await deferred.claim(
    { ...about, sender: JSON.stringify(thisProcess()) },
    chunk.map(({ call }) => call.number),
  );
  const claimed = chunk.filter(({ call }) => made?.claimed.has(call.number));
  for (const { call, booking } of chunk) if (!made?.claimed.has(call.number)) booking?.settle(0);
  if (!made) return [];
  const { batch } = made;
  let id: string;
  try {
    const lines = claimed.map(({ call }) => lineOf(call));
    id = await api.send(batch.key, lines, signal);
  } catch (thrown) {
    if (thrown instanceof BackendError && !thrown.maybeDone) {
      await deferred.unsent(batch.number, thrown.message, false);
      for (const { booking } of claimed) booking?.settle(0);
    }
    throw thrown;
  }
  await deferred.sent(batch.number, id);
  return [{ id, size: claimed.length }];
}

function lineOf({ id, target, body }: Deferred): {
  id: string;
  target: string;
  body: { readonly [key: string]: Json };
} {
  return { id, target, body: body as { readonly [key: string]: Json } };
}

function* queued(
  journal: Journal,
  rung: string,
  state: "queued" | "answered" | "failed" = "queued",
): Iterable<Deferred> {
  let after = 0;
  while (true) {
    const calls = journal.calls.deferred.list(rung, state, after, page);
    yield* calls;
    const last = calls.at(-1);
    if (!last) return;
    after = last.number;
  }
}

/** Asks the provider for batches that were on their way when their process ended. */
async function recover({ journal, rung, api, signal, now }: Deferring): Promise<Recovered> {
  const { deferred } = journal.calls;
  const all = deferred.batches(rung.name);
  let [found, again] = [0, 0];
  const unclear: string[] = [];
  const others = new Set(all.flatMap(({ providerId }) => (providerId === null ? [] : [providerId])));
  for (const batch of all) {
    if (batch.state !== "sending") continue;
    const owner = JSON.parse(batch.sender) as Owner;
    const isOurs = batch.sender === JSON.stringify(thisProcess());
    if (!isOurs && isAlive(owner, batch.made, now(), longestSend)) {
      unclear.push(`${describeOwner(owner)} is sending a batch of ${batch.size}`);
      continue;
    }
    if (batch.host !== api.host) {
      unclear.push(`a batch of ${batch.size} went to ${batch.host}, which is not the rung's any more`);
      continue;
    }
    const { made, size } = batch;
    const answer = await unlessTroubled(api.find(lostOf(journal, batch, others), signal));
    if (answer instanceof ModelError) unclear.push(answer.message);
    else if (answer.kind === "unclear") unclear.push(answer.why);
    else if (answer.kind === "found") {
      await deferred.sent(batch.number, answer.id);
      others.add(answer.id);
      found += size;
    } else if (now() - made < longestWay) {
      unclear.push(`a batch of ${size} was sent less than a minute ago, and ${api.host} does not list it yet`);
    } else {
      await deferred.unsent(batch.number, "the provider does not list it", true);
      again += size;
    }
  }
  return { found, again, unclear };
}

/** What came of it, or the trouble that its provider made. */
async function unlessTroubled<T>(work: Promise<T>): Promise<T | ModelError> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown;
    throw thrown;
  }
}

function lostOf(journal: Journal, batch: DeferredBatch, others: ReadonlySet<string>): LostBatch {
  const { key, made, size } = batch;
  const ids = idsOf(journal, batch);
  return { key, made, size, others, has: (id) => ids.has(id) };
}

function idsOf(journal: Journal, { rung, number }: DeferredBatch): ReadonlySet<string> {
  const ids = new Set<string>();
  let after = 0;
  while (true) {
    const calls = journal.calls.deferred.list(rung, "sent", after, page);
    for (const { batch, id } of calls) if (batch === number) ids.add(id);
    const last = calls.at(-1);
    if (!last) return ids;
    after = last.number;
  }
}

/**
 * Fetches what has come. What was read is on record, and not read anew, where this is interrupted. Trouble with one batch
 * is told and holds no other up.
 */
export async function fetchDeferred(deferring: Deferring): Promise<Fetched> {
  const recovered = await recover(deferring);
  const { journal, rung, api } = deferring;
  const { deferred } = journal.calls;
  const underWay: { id: string; done: number; size: number }[] = [];
  const ended: { id: string; note: string }[] = [];
  const troubled: string[] = [];
  const counts = { answered: 0, failed: 0, duplicates: 0, strangers: 0 };
  for (const batch of deferred.batches(rung.name).toReversed()) {
    const { number, state, providerId: id, size, host } = batch;
    if (state !== "sent" || id === null) continue;
    if (host !== api.host) {
      troubled.push(`batch ${id} is at ${host}, and ${rung.name} asks ${api.host} now`);
      continue;
    }
    const before = deferred.counts({ batch: number });
    const went = await unlessTroubled(fetchOne(deferring, batch, id));
    const after = deferred.counts({ batch: number });
    counts.answered += after.answered - before.answered;
    counts.failed += after.failed - before.failed;
    if (went instanceof ModelError) troubled.push(`${id}: ${went.message}`);
    else if (went.kind === "under way") underWay.push({ id, done: went.done, size: Math.max(size, went.size) });
    else {
      counts.duplicates += went.duplicates;
      counts.strangers += went.strangers;
      ended.push({ id, note: went.note });
    }
  }
  return { ...recovered, underWay, ended, troubled, ...counts };
}

interface Ended extends Doubtful {
  readonly kind: "ended";
  readonly note: string;
}

/** Reads one batch, and ends it where nothing more will come. Rejects with a `ModelError` where it cannot be read now. */
async function fetchOne(
  deferring: Deferring,
  batch: DeferredBatch,
  id: string,
): Promise<Ended | Extract<BatchProgress, { kind: "under way" }>> {
  const { journal, api, signal } = deferring;
  const progress = await lookAt(deferring, batch, id);
  if (progress.kind === "under way") return progress;
  const { number } = batch;
  let { note } = progress;
  let doubtful: Doubtful = { duplicates: 0, strangers: 0 };
  try {
    doubtful = await readResults(deferring, number, api.results(id, signal));
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
    note = `${note}, and ${api.host} has its results no more`;
  }
  // What is nowhere in the results may have been carried out, for all that anybody knows.
  const reason = `its batch ended without it: ${note}`;
  const missing = { kind: "failed", reason, cost: progress.isVoid ? 0 : null } as const;
  await journal.calls.deferred.end(number, note, missing);
  return { kind: "ended", note, ...doubtful };
}

/**
 * How it stands. A provider says "not found" also at a wrong address and under another account's key, and the answers are
 * paid for: a batch is over only when nobody keeps one for so long, or when somebody lets it go.
 */
async function lookAt(
  { api, signal, now, givenUp }: Deferring,
  { made }: DeferredBatch,
  id: string,
): Promise<BatchProgress> {
  try {
    return await api.look(id, signal);
  } catch (thrown) {
    if (!isNotFound(thrown) || (now() - made < longestKept && !givenUp?.has(id))) throw thrown;
    return { kind: "ended", note: `${api.host} does not have it any more`, isVoid: false };
  }
}

function isNotFound(thrown: unknown): boolean {
  return thrown instanceof BackendError && thrown.fault === "not found";
}

/** Results that do not count. */
interface Doubtful {
  readonly duplicates: number;
  readonly strangers: number;
}

/** Puts results on record, some hundred in one commit. Each id counts once, and only in its own batch. */
async function readResults(
  { journal, rung, currency }: Deferring,
  batch: number,
  results: AsyncIterable<BatchResult>,
): Promise<Doubtful> {
  const { deferred } = journal.calls;
  const { costOf } = rung.batches;
  const seen = new Set<string>();
  let [duplicates, strangers] = [0, 0];
  let writing: Promise<boolean>[] = [];
  try {
    for await (const result of results) {
      const { id, kind } = result;
      if (id === null || !deferred.has(batch, id)) {
        strangers++;
        continue;
      }
      if (seen.has(id)) {
        duplicates++;
        continue;
      }
      seen.add(id);
      const end =
        kind === "answered"
          ? ({ kind, reply: result.reply, usage: usageOf(result.tokens, costOf, currency) } as const)
          : ({ kind, reason: result.reason, cost: 0 } as const);
      writing.push(deferred.settle(batch, id, end));
      if (writing.length < page) continue;
      await Promise.all(writing);
      writing = [];
    }
  } finally {
    await Promise.all(writing);
  }
  return { duplicates, strangers };
}

function usageOf(tokens: Tokens | null, costOf: Batches["costOf"], currency: string): Usage {
  const { input = 0, output = 0, cachedInput = 0 } = tokens ?? {};
  return { inputTokens: input - cachedInput, outputTokens: output, milliseconds: 0, cost: costOf(tokens, currency) };
}

/**
 * Lets the runs go on whose answers came, or will not come: `goOn` takes each as far as it goes. A run that cannot go on
 * now keeps its answer until it does.
 */
export async function handOver(
  { journal, rung, signal }: Pick<Deferring, "journal" | "rung" | "signal">,
  goOn: (run: RunRecord) => Promise<void>,
): Promise<{ readonly handedOver: number; readonly kept: number }> {
  let [handedOver, kept] = [0, 0];
  const { deferred } = journal.calls;
  for (const state of ["answered", "failed"] as const) {
    for (const call of queued(journal, rung.name, state)) {
      signal.throwIfAborted();
      const run = runOf(journal, call);
      const before = fateOf(journal, call);
      if (run && before === "awaited") {
        await journal.answer(run.number, { type: "step_reopened", path: call.path, rung: rung.name });
      }
      if (run && before !== "over") {
        await goOn(run);
        if (fateOf(journal, call) !== "over") {
          kept++;
          continue;
        }
        handedOver++;
      }
      await deferred.done([call.number]);
    }
  }
  return { handedOver, kept };
}

function runOf(journal: Journal, { run }: Deferred): RunRecord | undefined {
  return journal.run(Number(run.slice(run.lastIndexOf("-") + 1)));
}

/**
 * `awaited`: its step waits for it; `needed`: the step will ask for it, now or when its run goes on; `over`: nobody waits
 * for it any more.
 */
function fateOf(journal: Journal, call: Deferred): "awaited" | "needed" | "over" {
  const run = runOf(journal, call);
  if (!run || run.outcome || isShadow(run.version)) return "over";
  if (journal.calls.deferred.find(call.run, call.path, call.rung)?.number !== call.number) return "over";
  const last = journal.events(run.number).findLast((event) => isOfQuestion(event) && event.path === call.path);
  switch (last?.type) {
    case "step_waiting":
      return last.awaits === call.rung ? "awaited" : "over";
    case "step_reopened":
    case undefined:
      return "needed";
    default:
      return "over";
  }
}

type OfQuestion = Extract<Event, { type: "step_answered" | "step_waiting" | "step_reopened" | "person_answered" }>;

/** A tool that was picked is called under the path of its question. */
function isOfQuestion(event: Event): event is OfQuestion {
  return ["step_answered", "step_waiting", "step_reopened", "person_answered"].includes(event.type);
}
