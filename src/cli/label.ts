/** Labels for a question that asked for a promise: what a certificate rests on, and what the rungs learn from. */

import { readFile } from "node:fs/promises";
import { count, counted } from "../batch/figures.ts";
import { messageOf, UsageError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { LabelSample, MetQuestion, OpenLabel } from "../core/label.ts";
import type { QuestionRecord } from "../core/question.ts";
import { coveredBy } from "../policy/open-policy.ts";
import { checkAnswer, readAnswer } from "../review/answer.ts";
import type { WaitingQuestion } from "../review/waiting.ts";
import { advance, advancedLines } from "./advanced.ts";
import { type ExitCode, log, print, printJson } from "./command.ts";
import { Interrupts } from "./interrupts.ts";
import { Keyboard } from "./keyboard.ts";
import { type Item, itemsOf } from "./label-items.ts";
import { type LabelPlan, planLabels } from "./label-plan.ts";
import { type Ask, type Labelled, labelInTerminal } from "./label-terminal.ts";
import { learningParts } from "./learning-parts.ts";
import { LiveLine } from "./live-line.ts";
import { Loops } from "./loops.ts";
import { openSession, type Session } from "./session.ts";
import { cleanLine } from "./text.ts";
import { userName } from "./user-name.ts";

/** What `pawl label` takes. */
export interface LabelOptions {
  readonly count: number;
  readonly suggest?: true;
  readonly answers?: string;
  /** `false` by `--no-learn`. */
  readonly learn: boolean;
  readonly loop?: string;
  readonly by?: string;
  readonly journal?: string;
  readonly config?: string;
  readonly json?: true;
}

/** An item that is to be labelled, and how its label is known by. */
interface Wanted extends Ask {
  readonly sample: LabelSample;
  /** One of the two: an audit is told by its number alone, which says nothing of what stood. */
  readonly decision: string | null;
  readonly number: number | null;
}

/** Asks, lists or takes answers from a file. Returns the exit code. */
export async function label(name: string | undefined, options: LabelOptions): Promise<ExitCode> {
  const interrupts = new Interrupts();
  const session = await openSession({ ...options, existing: true, stop: interrupts.stop });
  try {
    const met = questionNamed(session, name);
    const by = options.by ?? userName();
    const found = await find(met, session, options);
    const wanted = wantedOf(met, found, session, by, options);
    if (options.answers !== undefined) {
      const filed = await fileAnswers(options.answers, met, found.items, wanted, session, by);
      return await end({ filed, uniform: 0, skipped: 0 }, met, session, options, interrupts);
    }
    if (options.json) {
      printJson({ journal: session.journalFile, question: met.name, version: met.version, ...listed(found, wanted) });
      return 0;
    }
    for (const line of noteLines(met, found)) log(line);
    if (wanted.length === 0) {
      print(`Nothing to label: every decision of ${cleanLine(met.name)} that can be labelled here has its label.`);
      return 0;
    }
    if (!process.stdin.isTTY || !process.stdout.isTTY) {
      print(
        `${counted(wanted.length, "item")} to label. Without a terminal: --json lists them, --answers FILE answers.`,
      );
      return 0;
    }
    const keyboard = new Keyboard();
    const labelled = await labelInTerminal(wanted, keyboard).finally(() => keyboard.close());
    return await end(labelled, met, session, options, interrupts);
  } finally {
    interrupts.end();
    await session.close();
  }
}

/** The newest version of the question. Without a name there must be only one. */
function questionNamed({ journal }: Session, name: string | undefined): MetQuestion {
  const newest = new Map<string, MetQuestion>();
  for (const event of journal.policy.read())
    if (event.type === "question_met") newest.set(event.question, event.record);
  const only = newest.size === 1 ? [...newest.values()][0] : undefined;
  const met = name === undefined ? only : newest.get(name);
  if (met) return met;
  if (newest.size === 0) {
    const message = "no question of this journal has asked for a promise: a step asks for one with risk: 0.05";
    throw new UsageError("E_NO_QUESTION", message);
  }
  const names = [...newest.keys()].map((one) => `${one} (${counted(journal.labels.counts(one).open, "open audit")})`);
  const what = name === undefined ? "name the question" : `no question "${name}" asked for a promise here`;
  throw new UsageError("E_NO_QUESTION", `${what}: there is ${names.join(", ")}`, { value: name });
}

interface Found extends LabelPlan<Item> {
  readonly items: readonly Item[];
  /** Decisions from before the last alarm: they are of a world that is gone, and are not asked about. */
  readonly gone: number;
  readonly lost: ReadonlyMap<string, number>;
}

async function find(met: MetQuestion, session: Session, { count: most, loop }: LabelOptions): Promise<Found> {
  const { journal, parts } = session;
  const { name, version } = met;
  const progress = new LiveLine(false);
  const { items, lost } = await itemsOf(met, journal, new Loops(journal, loop), parts, (runs) =>
    progress.show(() => `reading runs: ${count(runs)}`),
  );
  progress.clear();
  const alarm = lastAlarm(journal, met);
  const fresh = items.filter(({ run }) => run.started > alarm);
  const plan = planLabels({
    decisions: fresh,
    labelled: [...journal.labels.answered(name, version)],
    open: [...journal.labels.open(name)].filter((open) => open.version === version),
    unanswered: [...journal.labels.aside(name, version)].filter((one) => one.answer === null && one.sample !== "audit"),
    secret: journal.secret,
    question: `${name} ${version}`,
    count: most,
  });
  return { ...plan, items, gone: items.length - fresh.length, lost };
}

/** When the last certificate was revoked, in milliseconds since the epoch. */
function lastAlarm({ policy }: Session["journal"], { name, version }: MetQuestion): number {
  const alarms = policy.read(name).filter((event) => event.type === "certificate_revoked" && event.version === version);
  return alarms.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
}

/** Audits first; draws and picks alternate, so that nobody can tell which is which. */
function wantedOf(
  met: MetQuestion,
  { audits, random, chosen, propensity }: Found,
  { journal }: Session,
  by: string,
  { suggest }: LabelOptions,
): readonly Wanted[] {
  const mixed: Wanted[] = [];
  for (let index = 0; index < Math.max(random.length, chosen.length); index++) {
    const [drawn, picked] = [random[index], chosen[index]];
    if (drawn) mixed.push(wantedItem(met, drawn, "random", propensity, journal, by));
    if (picked) mixed.push(wantedItem(met, picked, "chosen", null, journal, by, suggest));
  }
  return [...audits.map((open) => wantedAudit(met, open, journal, by)), ...mixed];
}

function wantedItem(
  met: MetQuestion,
  item: Item,
  sample: "random" | "chosen",
  propensity: number | null,
  journal: Session["journal"],
  by: string,
  suggest?: true,
): Wanted {
  const { run, path, about, decision, cluster, key, suggestion } = item;
  return {
    shown: shownAs(met, { run, path, about, suggestion: suggest ? suggestion : null }),
    isUniform: sample === "random",
    sample,
    decision,
    number: null,
    async file(value) {
      const before = journal.labels.last();
      const of = { question: met.name, version: met.version, about, cluster, decision, key };
      await journal.labels.add([{ ...of, sample, propensity, stood: null, answer: { value, source: "person", by } }]);
      return journal.labels.last() > before;
    },
  };
}

function wantedAudit(met: MetQuestion, open: OpenLabel, journal: Session["journal"], by: string): Wanted {
  const [id = "", path = met.name] = open.decision?.split(/\/(.*)/s) ?? [];
  const run = journal.run(Number(id.slice(id.lastIndexOf("-") + 1)));
  const { about, number } = open;
  return {
    shown: shownAs(met, { run, path, about, suggestion: null }),
    isUniform: true,
    sample: "audit",
    decision: null,
    number,
    file: (value) => journal.labels.answer(number, { value, source: "person", by }),
  };
}

interface Shown extends Pick<WaitingQuestion, "path" | "suggestion"> {
  readonly run: WaitingQuestion["run"] | undefined;
  readonly about: string;
}

/** No trail and no reason: they would say what the rungs thought. */
function shownAs(met: MetQuestion, { run, path, about, suggestion }: Shown): WaitingQuestion {
  const { cue: _, ...record } = met;
  const unknown = { number: 0, id: "", item: "unknown", loop: "", version: "", content: "", input: null };
  return {
    run: run ?? { ...unknown, status: "done", started: 0, outcome: null, wakes: null },
    path,
    question: { ...record, about },
    risk: null,
    isBlind: suggestion === null,
    trail: [],
    suggestion,
    reason: "",
    superseded: false,
  };
}

/** What is said before the first question. */
function noteLines({ name }: MetQuestion, found: Found): readonly string[] {
  const { waiting, isSpent, isHeld, gone, lost, random, audits } = found;
  const lines: string[] = [];
  if (waiting > 0) lines.push(`${counted(waiting, "decision")} of ${name} wait for a person: pawl review asks those`);
  if (isSpent) {
    lines.push(
      "nothing is drawn at random: what went up has its labels, so the rest is no fair sample; audits are that sample now",
    );
  }
  if (isHeld) {
    lines.push(
      "the draw has come to a decision that has no answer yet, and goes on once it has: what waits is harder than the rest",
    );
  }
  if (random.length + audits.length === 0) lines.push("these labels teach; no certificate can rest on them");
  if (gone > 0)
    lines.push(`${counted(gone, "decision")} from before the alarm left out: nothing of then counts any more`);
  for (const [why, times] of lost) lines.push(`${counted(times, "decision")} cannot be shown: ${why}`);
  return lines.map(cleanLine);
}

/** What would be asked, for programs. Of an audit nothing that leads to what stood. */
function listed({ waiting, population, isSpent, isHeld, gone, lost }: Found, wanted: readonly Wanted[]): object {
  return {
    population,
    waiting,
    drawsAtRandom: !isSpent,
    drawIsHeld: isHeld,
    beforeAlarm: gone,
    lost: Object.fromEntries(lost),
    labels: wanted.map(({ sample, decision, number, shown }) => {
      const { verb, ask, about, options, otherwise, fields, tools } = shown.question;
      const known = number === null ? { decision, item: shown.run.item } : { number };
      const suggestion = shown.suggestion ? { suggestion: shown.suggestion } : {};
      return { ...known, sample, verb, ask, about, options, otherwise, fields, tools, ...suggestion };
    }),
  };
}

/** Every line is read before the first is filed. */
async function fileAnswers(
  file: string,
  met: MetQuestion,
  items: readonly Item[],
  wanted: readonly Wanted[],
  session: Session,
  by: string,
): Promise<number> {
  const { journal } = session;
  const asked = new Map(wanted.map((one) => [one.number ?? one.decision, one]));
  for (const open of journal.labels.open(met.name)) {
    if (open.version === met.version) asked.set(open.number, wantedAudit(met, open, journal, by));
  }
  const known = new Map(items.map((item) => [item.decision, item]));
  const read = (await readLines(file)).map(({ line, answer }) => {
    const reference = answer.number ?? answer.decision;
    const item = known.get(String(reference));
    // What was not to be asked was picked by somebody, for whatever reason: it teaches, and is no evidence.
    const found = asked.get(reference ?? null) ?? (item && wantedItem(met, item, "chosen", null, journal, by));
    if (!found)
      throw badLine(file, line, `${JSON.stringify(reference ?? null)} is no decision or open audit of ${met.name}`);
    try {
      return { found, value: answerIn(found.shown.question, answer.value) };
    } catch (thrown) {
      throw badLine(file, line, messageOf(thrown));
    }
  });
  let filed = 0;
  for (const { found, value } of read) if (await found.file(value)) filed++;
  return filed;
}

interface AnswerLine {
  readonly decision?: string;
  readonly number?: number;
  readonly value: Json;
}

async function readLines(file: string): Promise<readonly { readonly line: number; readonly answer: AnswerLine }[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (thrown) {
    throw new UsageError("E_NO_FILE", `${file} cannot be read: ${messageOf(thrown)}`, { value: file, cause: thrown });
  }
  return text.split("\n").flatMap((content, index) => {
    if (content.trim() === "") return [];
    try {
      const answer = JSON.parse(content) as AnswerLine | null;
      if (answer?.value !== undefined) return [{ line: index + 1, answer }];
    } catch {
      // Said below.
    }
    throw badLine(file, index + 1, 'each line is {"decision": ..., "value": ...}, or {"number": ..., "value": ...}');
  });
}

function badLine(file: string, line: number, message: string): UsageError {
  return new UsageError("E_VALUE", `${file}, line ${line}: ${message}`, { value: line });
}

function answerIn(question: QuestionRecord, value: Json): Json {
  if (typeof value === "string") return readAnswer(question, value);
  if (question.verb === "judge" && typeof value === "boolean") return value ? "yes" : "no";
  return question.options.length > 0 && question.verb !== "pick"
    ? readAnswer(question, String(value))
    : checkAnswer(question, value);
}

/** Learns from the new labels, and says what that changed. */
async function end(
  { filed, uniform, skipped }: Labelled,
  met: MetQuestion,
  session: Session,
  { learn, json, answers }: LabelOptions,
  interrupts: Interrupts,
): Promise<ExitCode> {
  const atRandom = answers === undefined ? `, ${count(uniform)} at random, ${count(skipped)} skipped` : "";
  if (!json) print(`${counted(filed, "label")} of ${cleanLine(met.name)} filed${atRandom}.`);
  const questions = filed > 0 && learn ? await learnFrom(met, session, interrupts, json ?? false) : [];
  if (json) printJson({ journal: session.journalFile, question: met.name, version: met.version, filed, questions });
  return 0;
}

async function learnFrom(
  met: MetQuestion,
  session: Session,
  interrupts: Interrupts,
  isJson: boolean,
): Promise<readonly object[]> {
  const parts = learningParts(session, isJson ? () => {} : log, interrupts.drain);
  const results: object[] = [];
  try {
    await interrupts.unlessInterrupted(parts.open());
    parts.policy.recall(parts.ladder);
    for (const question of parts.policy.questions) {
      if (question.met.name !== met.name || question.met.version !== met.version) continue;
      const advanced = await advance(question, session.journal, { signal: interrupts.drain });
      const { state, serving, trial, labels } = advanced.after;
      results.push({
        risk: question.settings.risk,
        was: advanced.before.state,
        state,
        serving,
        trial,
        labels: labels.length,
      });
      if (isJson) continue;
      const upper = coveredBy(parts.ladder(met.name))?.upper.name ?? "nobody";
      for (const [head, text] of advancedLines(advanced, upper)) print(`  ${head.padEnd(9)} ${cleanLine(text)}`);
    }
    return results;
  } finally {
    await parts.close();
  }
}
