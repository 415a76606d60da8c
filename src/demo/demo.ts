/** The demo: real tickets through an embedded encoder, what it doubts kept for a person, and the figures at the end. */

import { type BatchEnd, runBatch } from "../batch/batch.ts";
import type { Counts } from "../batch/counts.ts";
import { makeParts } from "../config/parts.ts";
import { type Labelled, thresholdFor } from "../core/threshold-for.ts";
import { type Share, wilson } from "../core/wilson.ts";
import { identifier } from "../data/identity.ts";
import { readRows } from "../data/read.ts";
import { type Banking8, banking8, loadTickets, type Ticket, ticketFile } from "../data/tickets.ts";
import type { Journal } from "../journal/journal.ts";
import { encoder } from "../rung/encoder.ts";
import { model } from "../rung/model.ts";
import type { OpenNeeds, Rung } from "../rung/rung.ts";
import { demoConfig } from "./config.ts";
import demo, { demoRisk } from "./loop.ts";
import { measure, measurePlainPrompt } from "./measure.ts";

export interface DemoOptions {
  readonly journal: Journal;
  /** How many of the 1,000 test tickets are run. */
  readonly limit: number;
  /** Test tickets that the chat model is asked about, for comparison; 0 leaves it out. */
  readonly compare: number;
  readonly say: (line: string) => void;
  /** The main run begins; its counts go on changing. */
  readonly onRun: (counts: Counts) => void;
  /** The main run is over. */
  readonly onRunEnd: () => void;
  readonly counts: Counts;
  readonly drain: AbortSignal;
  readonly stop: AbortSignal;
}

/** One line of the report: some tickets, how many were right, and of whom it speaks. */
export interface DemoRow {
  readonly who: string;
  readonly tickets: number;
  readonly right: number;
  readonly share: Share | null;
}

export interface DemoReport {
  readonly tickets: number;
  /** Of them, how many an earlier, interrupted command had settled. */
  readonly earlier: number;
  readonly acceptAt: number;
  readonly trainedOn: number;
  readonly local: Share | null;
  readonly waiting: number;
  /** Of the main run alone. */
  readonly seconds: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly rows: readonly DemoRow[];
  /** The batch's name in the journal. */
  readonly batch: string;
  readonly complete: boolean;
}

const batch = "demo";
const thresholdNote = "demo/acceptAt";
const trainedOn = 1_000;
const plainPrompts = 60;
/** Longest that the two comparisons may take: by name, and by a plain prompt. */
const compareSeconds = { byName: 45, plain: 20 };
/** A question's prior is taken off from its thirtieth item on (rung/model-prior.ts). */
const priorItems = 30;

/**
 * Runs the demo in a journal of its own; an interrupted one goes on where it was. Throws `ModelError` where a model
 * cannot be had, and the stop signal's reason.
 */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const { journal, say, limit, compare, stop } = options;
  const teams = banking8();
  const test = (await loadTickets("test")).slice(0, limit);
  const acceptAt = await chooseThreshold(teams, options);
  const parts = makeParts(demoConfig(acceptAt), journal, { stop, say });
  await parts.open();
  let end: BatchEnd;
  const begun = performance.now();
  let seconds: number;
  try {
    say(`\n${test.length.toLocaleString("en")} test tickets, none of them seen before:`);
    options.onRun(options.counts);
    const { identify } = identifier({ id: "", text: "", intent: "" });
    end = await runBatch({
      loop: demo,
      rows: readRows(ticketFile("test.csv.gz")),
      batch,
      identify,
      read: ({ id, text }) => ({ id, text }),
      parts,
      isLocal: (name) => parts.rungs.find((rung) => rung.name === name)?.local ?? false,
      concurrency: 16,
      limit,
      counts: options.counts,
      drain: options.drain,
    });
    seconds = (performance.now() - begun) / 1000;
  } finally {
    options.onRunEnd();
    await parts.close();
  }
  const rows = end.complete ? judgeRun(journal, test, teams) : [];
  if (end.complete && compare > 0) rows.push(...(await compareChat(test.slice(0, compare), teams, options)));
  const { local, remote, person, waiting } = end.counts.questions;
  return {
    tickets: test.length,
    earlier: end.counts.earlier,
    acceptAt,
    trainedOn,
    local: wilson(local, local + remote + person + waiting),
    waiting,
    seconds,
    inputTokens: end.counts.usage.inputTokens,
    outputTokens: end.counts.usage.outputTokens,
    rows,
    batch,
    complete: end.complete,
  };
}

/** The threshold that, on training tickets, keeps most with at most 5 % wrong. An interrupted demo keeps its own. */
async function chooseThreshold(teams: Banking8, { journal, say, stop }: DemoOptions): Promise<number> {
  const kept = journal.notes.get(thresholdNote);
  if (kept !== undefined) {
    say(`Going on with the demo that was interrupted, at its threshold of ${Number(kept).toFixed(3)}.`);
    return Number(kept);
  }
  const train = (await loadTickets("train")).slice(0, trainedOn);
  say(`Choosing a threshold on ${train.length.toLocaleString("en")} training tickets whose team is known ...`);
  const labelled = await using(encoder("minilm", { acceptAt: 0 }), journal, say, (rung) =>
    measure(rung, train, teams, { stop, seconds: 120 }),
  );
  const { acceptAt, kept: count, wrong } = thresholdFor(labelled, demoRisk);
  journal.notes.set(thresholdNote, String(acceptAt));
  say(
    `Threshold ${acceptAt.toFixed(3)}: it keeps ${count} of them, ${wrong} wrong (at most ${demoRisk * 100} %). ` +
      "That is hindsight on these tickets and promises nothing about others.",
  );
  return acceptAt;
}

/** What stood, and what the encoder would have said about everything, against the known teams. */
function judgeRun(journal: Journal, test: readonly Ticket[], teams: Banking8): DemoRow[] {
  const truth = new Map(test.map((ticket) => [ticket.id, teams.fold[ticket.intent]]));
  const kept: boolean[] = [];
  const all: boolean[] = [];
  for (const { item, run } of journal.rows(batch)) {
    if (run === null || item === null) continue;
    for (const event of journal.events(run)) {
      if (event.type !== "step_answered" && event.type !== "step_waiting") continue;
      const tried = event.trail.find((attempt) => attempt.rung.startsWith("encoder"));
      if (tried) all.push(tried.value === truth.get(item));
      if (event.type === "step_answered" && event.rung !== "person") kept.push(event.value === truth.get(item));
    }
  }
  return [rowOf("encoder, what it kept", kept), rowOf("encoder, had it answered everything", all)];
}

/** The chat model's figures, so that the ladder's choice can be checked: it is the worse judge here. */
async function compareChat(tickets: readonly Ticket[], teams: Banking8, options: DemoOptions): Promise<DemoRow[]> {
  const { journal, say, stop } = options;
  say(
    `\nFor comparison, the 135M chat model on ${tickets.length} of them, by name and then by a plain prompt (at most ${compareSeconds.byName + compareSeconds.plain} s) ...`,
  );
  const warm = (await loadTickets("train")).slice(0, priorItems);
  return await using(model("smollm2-135m", { acceptAt: 0 }), journal, say, async (rung) => {
    const seen = await measure(rung, [...warm, ...tickets], teams, { stop, seconds: compareSeconds.byName });
    const named = seen.slice(warm.length);
    const some = tickets.slice(0, plainPrompts);
    const plain = await measurePlainPrompt(rung, some, teams, { stop, seconds: compareSeconds.plain });
    return [rowOf("chat model, by name, prior off", named), rowOf("chat model, plain prompt", plain)];
  });
}

function rowOf(who: string, judged: readonly boolean[] | readonly Pick<Labelled, "right">[]): DemoRow {
  const right = judged.filter((one) => (typeof one === "boolean" ? one : one.right)).length;
  return { who, tickets: judged.length, right, share: wilson(right, judged.length) };
}

async function using<T>(
  rung: Rung,
  journal: Journal,
  say: OpenNeeds["say"],
  work: (rung: Rung) => Promise<T>,
): Promise<T> {
  await rung.open?.({ notes: journal.notes, vectors: journal.vectors, recall: journal.recall, say });
  try {
    return await work(rung);
  } finally {
    await rung.close?.();
  }
}
