/** The demo: a stream of real tickets that all go up at first, until the local rungs have learned to keep some. */

import { runBatch } from "../batch/batch.ts";
import { noCounts, settledRows } from "../batch/counts.ts";
import type { Config } from "../config/config.ts";
import { makeParts, type OpenParts } from "../config/parts.ts";
import type { Event, StepAnswered } from "../core/event.ts";
import { type Share, wilson } from "../core/wilson.ts";
import { identifier } from "../data/identity.ts";
import { loadTickets, type Ticket } from "../data/tickets.ts";
import type { Journal, RunRecord } from "../journal/journal.ts";
import { questionAbout } from "../policy/met-question.ts";
import type { QuestionPolicy } from "../policy/question-policy.ts";
import type { QuestionReport } from "../policy/report.ts";
import config from "./config.ts";
import { type KnownTeams, knownTeams } from "./known.ts";
import demo, { demoRisk } from "./loop.ts";
import { type News, newsOf } from "./news.ts";
import { heldBack, Reached, streamOf } from "./stream.ts";
import { errorOf, type Figures, Tally } from "./tally.ts";

export interface DemoOptions {
  readonly journal: Journal;
  /** The demo's own by default. Its last rung must know every answer. */
  readonly config?: Config;
  /** How many of the 10,003 tickets. */
  readonly tickets: number;
  readonly say: (line: string) => void;
  /** Something happened to the promise, after so many tickets. */
  readonly onNews: (news: News, tickets: number) => void;
  /** The stream begins; `look` tells how it stands at any moment until `onEnd`. */
  readonly onStream: (look: () => DemoMoment) => void;
  readonly onEnd: () => void;
  readonly drain: AbortSignal;
  readonly stop: AbortSignal;
}

/** How the stream stands. */
export interface DemoMoment {
  readonly total: number;
  readonly done: number;
  /** Of those done, by an earlier command that was interrupted. */
  readonly earlier: number;
  /** As of the last block. */
  readonly figures: Figures;
  readonly promise: DemoPromise;
}

/** The promise at one moment. */
export interface DemoPromise extends Pick<QuestionReport, "state"> {
  /** Why nothing stands, with what would move it; `null` where something does. */
  readonly why: string | null;
  readonly risk: number;
  readonly delta: number;
  /** What the certificate in force rests on. */
  readonly test: { readonly labels: number; readonly accepted: number; readonly wrong: number } | null;
  readonly threshold: number | null;
  readonly trainedOn: number | null;
}

export interface DemoReport {
  readonly tickets: number;
  /** Of them, how many an earlier, interrupted command had settled. */
  readonly earlier: number;
  readonly complete: boolean;
  /** Of this command's stream. */
  readonly seconds: number;
  readonly kept: Share | null;
  /** Wrong among those kept. */
  readonly error: Share | null;
  /** Wrong among all tickets: what went up is right here. */
  readonly errorOfAll: Share | null;
  readonly promise: DemoPromise;
  /** Questions that the upper rung was asked: tickets that went up, and audits. */
  readonly calls: number;
  /** Of the tickets, how many needed no such call. */
  readonly saved: number;
  /** What the encoder had wrong where it was asked before it had learned anything. */
  readonly untrained: { readonly tickets: number; readonly error: Share | null };
  readonly rows: readonly (Figures & { readonly error: Share | null })[];
  /** The batch's name in the journal. */
  readonly batch: string;
}

const batch = "demo";
const notMet = { state: "cold", risk: demoRisk, delta: 0.05, test: null, threshold: null, trainedOn: null } as const;

/**
 * Runs the demo in a journal of its own; an interrupted one goes on where it was. Throws `ModelError` where the model
 * cannot be had, and the stop signal's reason.
 */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const parts = makeParts(options.config ?? config, options.journal, { stop: options.stop, say: options.say });
  const tickets = (await loadTickets("train")).slice(0, options.tickets);
  const stream = new Stream(tickets, await knownTeams(), parts, options);
  await parts.open();
  try {
    return await stream.run();
  } finally {
    options.onEnd();
    await parts.close();
  }
}

class Stream {
  readonly #tickets: readonly Ticket[];
  readonly #known: KnownTeams;
  readonly #parts: OpenParts;
  readonly #options: DemoOptions;
  readonly #counts = noCounts();
  readonly #tally = new Tally();
  readonly #settled = new Reached();
  /** Tickets that were settled before this command began. */
  readonly #before = new Set<string>();
  /** What each labelled decision was labelled as. */
  readonly #labels = new Map<string, "up" | "audit">();
  #labelsRead = 0;
  #newsRead = 0;
  #hasPromised = false;
  #promise: DemoPromise = { ...notMet, why: "nothing asked yet" };

  constructor(tickets: readonly Ticket[], known: KnownTeams, parts: OpenParts, options: DemoOptions) {
    this.#tickets = tickets;
    this.#known = known;
    this.#parts = parts;
    this.#options = options;
  }

  async run(): Promise<DemoReport> {
    const { drain } = this.#options;
    const { policy } = this.#parts;
    this.#recall();
    if (this.#before.size > 0) this.#options.say(`going on where it was: ${this.#before.size} tickets are done`);
    this.#options.onStream(() => this.#moment());
    await policy.settled();
    const { identify } = identifier({ id: "", text: "" });
    const begun = performance.now();
    const { complete } = await runBatch({
      loop: demo,
      rows: streamOf({
        tickets: this.#tickets,
        prepare: (block) => this.#prepare(block),
        ended: (count) => this.#settled.at(count),
        learn: (block) => this.#learn(block),
      }),
      batch,
      identify,
      parts: { ...this.#parts, policy: heldBack(policy) },
      isLocal: (name) => this.#parts.rungs.find((rung) => rung.name === name)?.local ?? false,
      concurrency: 64,
      counts: this.#counts,
      onProgress: (counts) => this.#settled.set(settledRows(counts)),
      drain,
    });
    const seconds = (performance.now() - begun) / 1000;
    return this.#report(complete, seconds);
  }

  /** What an interrupted demo left: its promise, and the tickets that were settled. */
  #recall(): void {
    const { journal } = this.#options;
    this.#parts.policy.recall(this.#parts.ladder);
    for (const { item } of journal.runs({ loop: demo.name, status: "done" })) this.#before.add(item);
    for (const event of journal.policy.read()) {
      this.#newsRead++;
      if (event.type === "certificate_issued") this.#hasPromised = true;
    }
    this.#promise = this.#promiseNow();
  }

  /** Reads the vectors of a whole block at once, of those tickets that the words alone will not settle. */
  async #prepare(block: readonly Ticket[]): Promise<void> {
    const policy = this.#question();
    const reader = this.#parts.rungs.find((rung) => rung.learns === "features");
    if (!policy || !reader?.features) return;
    const { signal } = new AbortController();
    const questions = block
      .filter(({ id }) => !this.#before.has(id))
      .map(({ text }) => questionAbout(policy.met, text))
      .filter((question) => !this.#standsByWords(policy, question));
    await Promise.all(questions.map((question) => reader.features?.(question, signal)));
  }

  #standsByWords({ standing }: QuestionPolicy, question: ReturnType<typeof questionAbout>): boolean {
    const rung = this.#parts.rungs.find(({ learns }) => learns === "words");
    const context = { signal: this.#options.stop, run: "", item: null, suggestion: null, repair: null };
    const reply = rung?.decide(question, context);
    if (!rung || !reply || reply instanceof Promise || reply.kind !== "answered") return false;
    return standing.judge(rung, question, reply).stands;
  }

  /** Audits are answered, labels read, promises tested, and what there is to learn is learned. */
  async #learn(block: readonly Ticket[]): Promise<void> {
    const { policy } = this.#parts;
    policy.nudge();
    await policy.settled();
    if (this.#options.drain.aborted) return;
    this.#count(block);
    this.#tellNews();
  }

  #count(block: readonly Ticket[]): void {
    const { journal } = this.#options;
    const met = this.#question()?.met;
    if (met) {
      for (const { seq, decision, sample } of journal.labels.answered(met.name, met.version, this.#labelsRead)) {
        this.#labelsRead = seq;
        if (decision !== null) this.#labels.set(decision, sample === "audit" ? "audit" : "up");
      }
    }
    for (const { id, text } of block) {
      const run = doneRun(journal, id);
      const answered = run && journal.events(run.number).find(isAnswer);
      if (!run || !answered) continue;
      const untrained = answered.trail.find(({ basis }) => basis === "similarity");
      const decision = `${run.id}/${answered.path}`;
      this.#tally.add({
        kept: answered.standing !== undefined,
        right: answered.value === this.#known.get(text),
        label: this.#labels.get(decision) ?? null,
        untrained: untrained ? untrained.value === this.#known.get(text) : null,
      });
      this.#labels.delete(decision);
    }
  }

  #tellNews(): void {
    const { onNews, journal } = this.#options;
    const tickets = settledRows(this.#counts);
    for (const event of journal.policy.read().slice(this.#newsRead)) {
      this.#newsRead++;
      const news = newsOf(event, !this.#hasPromised);
      if (event.type === "certificate_issued") this.#hasPromised = true;
      if (news) onNews(news, tickets);
    }
    const { state } = this.#promise;
    this.#promise = this.#promiseNow();
    if (state === "probation" && this.#promise.state === "certified") {
      const headline = "certified: its audits alone bear the promise out by now";
      onNews({ kind: "certified", headline, detail: null }, tickets);
    }
  }

  #question(): QuestionPolicy | null {
    for (const policy of this.#parts.policy.questions) return policy;
    return null;
  }

  #promiseNow(): DemoPromise {
    const report = this.#question()?.report();
    if (!report) return this.#promise;
    const { state, risk, serving } = report;
    if (!serving) return { ...notMet, state, risk, delta: report.delta, why: whyNot(report) };
    const { labels, accepted, wrong } = serving.figures;
    const test = { labels, accepted, wrong };
    const { threshold, trainedOn } = serving;
    return { state, why: null, risk, delta: report.delta, test, threshold, trainedOn };
  }

  #moment(): DemoMoment {
    return {
      total: this.#tickets.length,
      done: settledRows(this.#counts),
      earlier: this.#counts.earlier,
      figures: this.#tally.figures,
      promise: this.#promise,
    };
  }

  #report(complete: boolean, seconds: number): DemoReport {
    const { tickets, kept, wrong, audits } = this.#tally.figures;
    const { untrained } = this.#tally;
    const calls = tickets - kept + audits;
    return {
      tickets,
      earlier: this.#counts.earlier,
      complete,
      seconds,
      kept: wilson(kept, tickets),
      error: errorOf(this.#tally.figures),
      errorOfAll: wilson(wrong, tickets),
      promise: this.#promise,
      calls,
      saved: tickets - calls,
      untrained: { tickets: untrained.tickets, error: wilson(untrained.wrong, untrained.tickets) },
      rows: this.#tally.rows.map((row) => ({ ...row, error: errorOf(row) })),
      batch,
    };
  }
}

function whyNot({ trial, labels, nextTraining }: QuestionReport): string {
  if (!trial) return `learns when there are ${nextTraining} labels; there are ${labels.length}`;
  const what = `what ${trial.trainedOn} labels taught is on trial, on ${trial.labels} new ones`;
  return labels.length < nextTraining ? what : `${what}; learning anew`;
}

function doneRun(journal: Journal, item: string): RunRecord | null {
  for (const run of journal.runs({ loop: demo.name, item, status: "done" })) return run;
  return null;
}

function isAnswer(event: Event): event is StepAnswered {
  return event.type === "step_answered";
}
