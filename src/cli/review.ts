/** What was left to a person, answered here, with the runs going on at once. */

import { count, counted } from "../batch/figures.ts";
import { UsageError } from "../core/errors.ts";
import { giveAnswer, readAnswer } from "../review/answer.ts";
import { shownValue } from "../review/sentence.ts";
import { type WaitingQuestion, waitingQuestions } from "../review/waiting.ts";
import { type ExitCode, log, print, printJson } from "./command.ts";
import { Continuing, wentOnLine } from "./continuing.ts";
import { findRun } from "./find-run.ts";
import { Interrupts } from "./interrupts.ts";
import { Keyboard } from "./keyboard.ts";
import { reviewInTerminal } from "./review-terminal.ts";
import { openSession, type Session } from "./session.ts";
import { cleanLine, columns, probability } from "./text.ts";
import { userName } from "./user-name.ts";

/** What `pawl review` takes. */
export interface ReviewOptions {
  readonly list?: true;
  readonly answer?: string;
  readonly only?: string;
  readonly all?: true;
  readonly loop?: string;
  readonly by?: string;
  readonly journal?: string;
  readonly config?: string;
  readonly json?: true;
}

/** Asks, lists or answers, as the options say. Returns the exit code. */
export async function review(
  path: string | undefined,
  value: string | undefined,
  options: ReviewOptions,
): Promise<ExitCode> {
  if (options.answer === undefined && path !== undefined) {
    throw new UsageError("E_USAGE", `"${path}" means something only with --answer RUN PATH VALUE`, { value: path });
  }
  const interrupts = new Interrupts();
  const session = await openSession({
    ...options,
    existing: true,
    stop: interrupts.stop,
    say: options.json ? () => {} : log,
  });
  try {
    if (options.answer !== undefined) return await answerOne(session, options, options.answer, path, value);
    const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
    return options.list || options.json || !isTerminal ? list(session, options) : await ask(session, options);
  } finally {
    interrupts.end();
    await session.close();
  }
}

async function ask(session: Session, options: ReviewOptions): Promise<ExitCode> {
  const keyboard = new Keyboard();
  try {
    const { answered, skipped, left } = await reviewInTerminal({
      session,
      keyboard,
      continuing: new Continuing(session, options.loop),
      loop: options.only,
      all: options.all ?? false,
      by: options.by ?? userName(),
    });
    if (answered + skipped + left === 0) print("Nothing waits for a person.");
    else print(`${counted(answered, "question")} answered, ${count(skipped)} skipped, ${count(left)} waiting.`);
    return 0;
  } finally {
    keyboard.close();
  }
}

function list(session: Session, options: ReviewOptions): ExitCode {
  const all = [...waitingQuestions(session.journal, options.only)];
  const shown = options.all ? all : all.filter((waiting) => !waiting.superseded);
  if (options.json) {
    printJson({ journal: session.journalFile, waiting: shown.map(toJson), overtaken: all.length - shown.length });
    return 0;
  }
  if (shown.length === 0) print("Nothing waits for a person.");
  const rows = shown.map(({ run, path, question, suggestion, isBlind }) => [
    String(run.number),
    cleanLine(run.item),
    run.loop,
    path,
    question.verb,
    suggestion
      ? `${cleanLine(shownValue(suggestion.value))} ${suggestion.confidence === null ? "" : probability(suggestion.confidence)}`
      : isBlind
        ? "(asked blind)"
        : "",
    cleanLine(question.ask),
  ]);
  if (rows.length > 0) {
    for (const line of columns([["run", "item", "loop", "path", "asks", "suggestion", "question"], ...rows], [0]))
      print(line);
  }
  if (all.length > shown.length) {
    log(
      `${counted(all.length - shown.length, "question")} left out: a newer run of the item exists (--all shows them)`,
    );
  }
  return 0;
}

/** A waiting question as `--list --json` prints it. */
function toJson({ run, path, question, risk, isBlind, suggestion, reason, superseded }: WaitingQuestion): object {
  const { verb, ask, about, options, otherwise, fields, tools } = question;
  return {
    run: run.number,
    id: run.id,
    item: run.item,
    loop: run.loop,
    path,
    verb,
    ask,
    about,
    options,
    otherwise,
    fields,
    tools,
    blind: isBlind,
    suggestion,
    risk,
    reason,
    overtaken: superseded,
  };
}

async function answerOne(
  session: Session,
  options: ReviewOptions,
  reference: string,
  path: string | undefined,
  text: string | undefined,
): Promise<ExitCode> {
  if (path === undefined || text === undefined) {
    throw new UsageError("E_USAGE", "--answer takes three: --answer RUN PATH VALUE");
  }
  const { run, note } = findRun(session.journal, reference);
  if (note !== null) log(note);
  const open = [...waitingQuestions(session.journal)].filter((waiting) => waiting.run.number === run.number);
  const waiting = open.find((one) => one.path === path);
  if (!waiting) {
    const there = open.length === 0 ? "nothing of it waits" : `there waits ${open.map((one) => one.path).join(", ")}`;
    throw new UsageError("E_NOT_WAITING", `run ${run.number} asks nobody at ${path}: ${there}`, { value: path });
  }
  const value = readAnswer(waiting.question, text);
  if (!(await giveAnswer(session.journal, run.number, path, value, options.by ?? userName()))) {
    throw new UsageError("E_NOT_WAITING", `run ${run.number} was answered at ${path} before; the first answer counts`);
  }
  const went = await new Continuing(session, options.loop).goOn(run);
  if (options.json) printJson({ run: run.number, id: run.id, item: run.item, path, value, went });
  else print(cleanLine(wentOnLine(run, went)));
  return 0;
}
