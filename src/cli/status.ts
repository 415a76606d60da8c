/** Where the promises of a journal stand, and what would move them: read from the record, without a model. */

import { count, counted, paid } from "../batch/figures.ts";
import { UsageError } from "../core/errors.ts";
import type { Label, OpenLabel } from "../core/label.ts";
import type { PolicyEvent } from "../core/policy-event.ts";
import { formatShare, wilson } from "../core/wilson.ts";
import { type AcceptedRisk, estimateAcceptedRisk } from "../guarantee/estimate.ts";
import type { PromiseInWords } from "../guarantee/promise.ts";
import { sameAnswer } from "../policy/met-question.ts";
import type { QuestionReport } from "../policy/report.ts";
import { leastLabels } from "../policy/schedule.ts";
import type { NotYet, TrialPassed } from "../policy/trial.ts";
import { type Coins, checkCoins } from "./coins.ts";
import { type ExitCode, log, print, printJson } from "./command.ts";
import { contactedLines, contactedWith } from "./contacted.ts";
import { eventText, figuresText, missingText, moment, promiseOf, share } from "./promise-text.ts";
import { evidenceCount, type RecordedQuestion, recordedQuestions, recordedTest } from "./recorded.ts";
import { openSession, type Session } from "./session.ts";
import { cleanLine, styled } from "./text.ts";

/** What `pawl status` takes. */
export interface StatusOptions {
  readonly history?: true;
  /** Where a page with pictures is written. */
  readonly report?: string;
  readonly journal?: string;
  readonly config?: string;
  readonly json?: true;
}

/** One question, as it is shown. */
export interface QuestionStatus {
  readonly report: QuestionReport;
  readonly upper: string;
  readonly promise: PromiseInWords | null;
  /** The certificate rests on a past that somebody labelled, in part at least. */
  readonly restsOnHistory: boolean;
  /** Why nothing stands. */
  readonly why: string;
  /** What was found of the version on trial: its test where no model is needed for it, else only how many labels. */
  readonly trial: TrialStatus | null;
  readonly audits: Audits;
  readonly stranger: string | null;
  readonly events: readonly PolicyEvent[];
  readonly moves: readonly string[];
}

interface TrialStatus {
  readonly key: string;
  readonly trainedOn: number;
  readonly labels: number;
  readonly test: TrialPassed | NotYet | null;
  /** Labels that it takes in all if it errs as it did in training; `null` where none would do. */
  readonly foreseen: number | null;
}

interface Audits {
  readonly open: number;
  /** Share of wrong answers among those that stood, from the audits of the certificate in force. */
  readonly estimate: AcceptedRisk | null;
}

/** Shows the promises. Returns the exit code. */
export async function status(name: string | undefined, options: StatusOptions): Promise<ExitCode> {
  const session = await openSession({ ...options, existing: true });
  try {
    const recorded = recordedQuestions(session);
    const coins = checkCoins(
      session.journal,
      recorded.map(({ met }) => met),
    );
    const { shown, older } = newestOf(recorded, name);
    const questions: QuestionStatus[] = [];
    for (const question of shown) questions.push(await questionStatus(question, session, coins));
    if (options.json) printJson(toJson(session, questions, coins, options));
    else {
      show(questions, older, coins, { one: name !== undefined, history: options.history ?? false });
      for (const line of [...paidLines(session), ...contactedLines(session.journal)]) print(line);
    }
    if (options.report !== undefined) await writeReportOf(options.report, session, name);
    return coins.faults.length > 0 ? 1 : 0;
  } finally {
    await session.close();
  }
}

async function writeReportOf(file: string, session: Session, name: string | undefined): Promise<void> {
  const { reportOfAll } = await import("./report-file.ts");
  await reportOfAll(file, session, { name, signal: new AbortController().signal });
  log(`report: ${file}`);
}

/** Every question that still speaks: the newest version of each, and an older one that has a certificate. */
function newestOf(all: readonly RecordedQuestion[], name: string | undefined) {
  const asked = name === undefined ? all : all.filter(({ met }) => met.name === name);
  if (asked.length === 0 && name !== undefined && all.length > 0) {
    const names = [...new Set(all.map(({ met }) => met.name))].join(", ");
    throw new UsageError("E_NO_QUESTION", `no question "${name}" asked for a promise here; there is ${names}`, {
      value: name,
    });
  }
  const idOf = ({ met, settings }: RecordedQuestion): string => `${met.name}\0${settings.risk}`;
  const newest = new Map(asked.map((question) => [idOf(question), question]));
  const isShown = (question: RecordedQuestion): boolean =>
    newest.get(idOf(question)) === question || question.policy.report().serving !== null;
  return { shown: asked.filter(isShown), older: asked.filter((question) => !isShown(question)) };
}

async function questionStatus(question: RecordedQuestion, session: Session, coins: Coins): Promise<QuestionStatus> {
  const { policy, upper, events, stranger, met } = question;
  const report = policy.report();
  const { serving } = report;
  const open = [...session.journal.labels.open(met.name)].filter(({ version }) => version === met.version);
  const audits = auditsOf(question, report, open, coins);
  const trial = await trialOf(question, report, session);
  const restsOnHistory = report.labels.some(({ sample, decision }) => sample === "random" && decision === null);
  return {
    report,
    upper,
    promise: serving && promiseOf(met.name, serving.key, serving.figures, upper),
    restsOnHistory: serving !== null && restsOnHistory,
    // How many labels are missing, the report cannot know: nothing was read into its trial.
    why: trial && report.state === "cold" ? "no version has passed its test yet" : report.why,
    trial,
    audits,
    stranger,
    events,
    moves: movesOf(report, trial, audits, stranger),
  };
}

function auditsOf(
  { met, settings }: RecordedQuestion,
  { serving, labels }: QuestionReport,
  open: readonly OpenLabel[],
  { stood, faults }: Coins,
): Audits {
  const key = serving?.key;
  const isAudit = (label: Label | OpenLabel): boolean => label.sample === "audit" && label.key === key;
  const judged = new Map<string, { readonly wrong: boolean; readonly propensity: number | null }>();
  for (const label of labels) {
    if (!isAudit(label) || label.stood === null) continue;
    const wrong = !sameAnswer(met, label.stood, label.answer.value);
    judged.set(label.cluster, { wrong, propensity: label.propensity });
  }
  const ofKey = stood.filter(({ question, standing }) => question === met.name && standing.key === key);
  const log = ofKey.map(({ standing: { cluster, propensity, audited } }) => ({
    decision: cluster,
    accepted: true,
    propensity,
    drawn: audited,
    wrong: judged.get(cluster)?.wrong ?? null,
  }));
  // Answers that are held for their audit leave no other trace of having stood.
  const held = settings.holdsAudits
    ? [...judged].map(([decision, { wrong, propensity }]) => ({
        decision,
        accepted: true,
        propensity,
        drawn: true,
        wrong,
      }))
    : [];
  // Propensities that somebody wrote over say nothing.
  const isSound = key !== undefined && faults.length === 0;
  const found = isSound ? estimateAcceptedRisk([...log, ...held]) : null;
  return {
    open: open.filter(({ sample }) => sample === "audit").length,
    estimate: found?.kind === "estimated" ? found : null,
  };
}

async function trialOf(
  question: RecordedQuestion,
  { trial, labels }: QuestionReport,
  session: Session,
): Promise<TrialStatus | null> {
  if (!trial) return null;
  const { key, trainedOn } = trial;
  const { events } = question;
  // Nothing was read into this one, so what it misses is all that it takes.
  const foreseen = trial.test.kind === "not certifiable" ? trial.test.moreLabels : null;
  const tested = await recordedTest(question, session, new AbortController().signal);
  if (tested) return { key, trainedOn, foreseen, ...tested };
  const made = events.findLast((event) => event.type === "version_made" && event.key === key);
  const there = made?.type === "version_made" ? evidenceCount(made, events, labels) : 0;
  return { key, trainedOn, foreseen, labels: there, test: null };
}

/** What would change the state, most direct first. */
function movesOf(
  { state, risk, serving, labels, nextTraining }: QuestionReport,
  trial: TrialStatus | null,
  { open }: Audits,
  stranger: string | null,
): readonly string[] {
  const moves: string[] = [];
  if (stranger !== null) moves.push("its ladder as it was, or a certificate for the ladder as it is: pawl calibrate");
  if (open > 0) moves.push(`${counted(open, "audit")} without an answer: pawl label`);
  const left = nextTraining - labels.length;
  if (!trial && !serving) {
    const early = labels.length < leastLabels ? `, or ${count(leastLabels - labels.length)} and pawl calibrate` : "";
    moves.push(
      left > 0
        ? `${counted(left, "more label")}, of which it learns its first version${early}`
        : "pawl calibrate: there are labels enough to learn from",
    );
  }
  if (trial?.test?.kind === "certified") moves.push("pawl calibrate: what is on trial passes its test");
  if (trial?.test?.kind === "not certifiable") moves.push(missingText(trial.test, risk));
  if (trial && trial.test === null)
    moves.push("labels of its trial; pawl calibrate reads them with its models and says how many");
  if (state === "revoked") moves.push("labels of items that came after the alarm: earlier ones count no more");
  if (state === "probation") moves.push("audits that find little wrong: then it is certified, and audited less");
  if (state === "watch") moves.push("audits that find little wrong, once the warning is over");
  return moves;
}

function toJson(session: Session, questions: readonly QuestionStatus[], coins: Coins, options: StatusOptions): object {
  return {
    journal: session.journalFile,
    questions: questions.map(
      ({ report, upper, promise, restsOnHistory, why, trial, audits, stranger, events, moves }) => ({
        question: report.question,
        version: report.version,
        risk: report.risk,
        delta: report.delta,
        state: report.state,
        why,
        upper,
        promise,
        restsOnHistory,
        serving: report.serving,
        trial,
        audits,
        stranger,
        labels: {
          answered: report.labels.length,
          bySample: tally(report.labels.map(({ sample }) => sample)),
          bySource: tally(report.labels.map(({ answer }) => answer.source)),
        },
        nextTraining: report.nextTraining,
        moves,
        ...(options.history && { history: events }),
      }),
    ),
    coins: { verified: coins.verified, faults: coins.faults },
    paid: { currency: session.currency, ...session.journal.calls.totals() },
    hosts: contactedWith(session.journal),
  };
}

function tally(names: readonly string[]): { readonly [name: string]: number } {
  const found: Record<string, number> = {};
  for (const name of names) found[name] = (found[name] ?? 0) + 1;
  return found;
}

function show(
  questions: readonly QuestionStatus[],
  older: readonly RecordedQuestion[],
  coins: Coins,
  { one, history }: { readonly one: boolean; readonly history: boolean },
): void {
  if (questions.length === 0) {
    print("No question of this journal has asked for a promise.");
    log("A step asks for one with a risk, such as risk: 0.02, and a ladder with a local rung below one that labels.");
  }
  for (const question of questions) {
    for (const line of questionLines(question, one)) print(line);
    if (history) for (const line of historyLines(question.events)) print(line);
    print("");
  }
  if (older.length > 0) {
    const names = [...new Set(older.map(({ met }) => met.name))].join(", ");
    log(`${counted(older.length, "older version")} of ${names} left out: nothing stands under them`);
  }
  for (const line of coinLines(coins)) print(line);
}

function questionLines(status: QuestionStatus, withLimits: boolean): readonly string[] {
  const { report, upper, promise, restsOnHistory, why, trial, audits, stranger, moves } = status;
  const { question, version, risk, state, serving, labels, nextTraining } = report;
  const rows: [string, string][] = [];
  if (promise && serving) {
    rows.push(["promise", promise.says]);
    if (promise.truth !== null) rows.push(["", promise.truth]);
    if (restsOnHistory) rows.push(["", "It rests on a labelled past: it holds if what comes is like that."]);
    if (withLimits) for (const line of promise.doesNotSay) rows.push(["not said", line]);
    const learned = serving.members.map((member) => `${member.rung}${member.learned ? " (learned)" : ""}`).join(", ");
    rows.push(["covers", `${learned}, below ${upper}; learned from ${counted(serving.trainedOn, "label")}`]);
    rows.push(["since", `${moment(serving.since)}, version ${serving.key}`]);
    rows.push(["figures", figuresText(serving.figures)]);
    if (serving.threshold > serving.figures.threshold)
      rows.push(["", `in this time of warning only from ${serving.threshold.toFixed(3)} on`]);
    rows.push(["audits", auditText(audits, serving.auditRate)]);
  } else rows.push(["nothing", `stands locally: ${why}`]);
  for (const { rule, answered, wrong } of report.rules) {
    rows.push([
      rule,
      `outside the promise; audits: ${counted(answered, "answer")}, wrong ${formatShare(wilson(wrong, answered))}`,
    ]);
  }
  if (stranger !== null) rows.push(["ladder", stranger]);
  if (trial) rows.push(["trial", trialText(trial)]);
  rows.push(["labels", labelText(labels)]);
  const left = nextTraining - labels.length;
  rows.push(["training", `anew at ${count(nextTraining)} labels${left > 0 ? ` (${count(left)} more)` : ", due now"}`]);
  for (const [place, move] of moves.entries()) rows.push([place === 0 ? "moved by" : "", move]);
  return [
    `${styled("bold", cleanLine(question))}  ${state.toUpperCase()}  risk ${share(risk)}, question ${version}`,
    ...rows.map(([name, text]) => `  ${name.padEnd(9)} ${cleanLine(text)}`),
  ];
}

function auditText({ open, estimate }: Audits, rate: number): string {
  const parts: string[] = [];
  if (estimate) {
    const { audited, wrong, accepted, weighted } = estimate;
    const interval = `${share(weighted.low)} to ${share(weighted.high)}`;
    const answered = `${count(audited)} answered, ${count(wrong)} wrong`;
    parts.push(`${answered}: ${share(weighted.risk)} of ${count(accepted)} that stood (${interval})`);
  } else parts.push("none answered yet");
  parts.push(`${count(open)} open`);
  parts.push(`${share(rate)} are drawn`);
  return parts.join(", ");
}

function trialText({ key, trainedOn, labels, test, foreseen }: TrialStatus): string {
  const version = `version ${key}, learned from ${counted(trainedOn, "label")}: ${counted(labels, "label")} so far`;
  if (test !== null) return version;
  return foreseen === null ? version : `${version}, of some ${count(foreseen)} if it errs as it did in training`;
}

function labelText(labels: readonly Label[]): string {
  const said = (names: readonly string[]): string =>
    Object.entries(tally(names))
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, number]) => `${name} ${count(number)}`)
      .join(", ");
  if (labels.length === 0) return "none yet";
  const samples = said(labels.map(({ sample }) => sample));
  return `${count(labels.length)}: ${samples}; from ${said(labels.map(({ answer }) => answer.source))}`;
}

function historyLines(events: readonly PolicyEvent[]): readonly string[] {
  return events.flatMap((event) => [
    `  ${moment(event.at)}  ${cleanLine(eventText(event))}`,
    ...(event.type === "version_made" ? event.notes.map((note) => `${" ".repeat(20)}${cleanLine(note)}`) : []),
  ]);
}

/** What the calls on record came to, where any costs money. */
function paidLines({ journal, currency }: Session): readonly string[] {
  const totals = journal.calls.totals();
  if (totals.calls + totals.served === 0) return [];
  return [`${counted(totals.calls, "paid call")}: ${paid(totals, currency)}`];
}

/** Faults that are named one by one. */
const NAMED = 5;

const faultText = {
  seal: "its seal does not fit: what it stood under was written over",
  coin: "its draw is not the coin's",
  propensity: "its propensity is none",
  twice: "it is there twice",
  absent: "it was drawn for an audit, and its audit is gone",
} as const;

function coinLines({ verified, faults }: Coins): readonly string[] {
  if (verified + faults.length === 0) return [];
  const good = `${counted(verified, "coin")} verified`;
  if (faults.length === 0) return [good];
  const named = faults
    .slice(0, NAMED)
    .map(({ run, path, kind }) => `  run ${run}, ${cleanLine(path)}: ${faultText[kind]}`);
  const more = faults.length > NAMED ? [`  and ${count(faults.length - NAMED)} more; --json lists all`] : [];
  const head = `${counted(faults.length, "COIN", "COINS")} WITH A FAULT: the audits of this journal are no evidence (${good})`;
  return [styled("red", head), ...named, ...more];
}
