/** The user's own labelled past: its learning curve, its labels on record, and a first certificate before anything runs. */

import { basename } from "node:path";
import { count, counted } from "../batch/figures.ts";
import type { OpenParts } from "../config/parts.ts";
import { messageOf, UsageError } from "../core/errors.ts";
import type { NewLabel } from "../core/label.ts";
import type { Format } from "../data/read.ts";
import { isInShare } from "../learn/clusters.ts";
import { coveredBy } from "../policy/open-policy.ts";
import type { QuestionPolicy } from "../policy/question-policy.ts";
import { leastLabels } from "../policy/schedule.ts";
import { type Advanced, advancedLines } from "./advanced.ts";
import { type ExitCode, print, printJson } from "./command.ts";
import { type Example, type History, readHistory } from "./history.ts";
import { Interrupts } from "./interrupts.ts";
import { learningParts } from "./learning-parts.ts";
import { LiveLine } from "./live-line.ts";
import { loadLoop } from "./load.ts";
import { curveLines, type PastCurve, pastCurves } from "./past-curve.ts";
import { share } from "./promise-text.ts";
import { openSession, rememberConfig, rememberLoop, type Session } from "./session.ts";
import { cleanLine } from "./text.ts";

/** What `pawl learn` takes. */
export interface LearnOptions {
  readonly label: string;
  readonly step?: string;
  readonly trainOnly?: true;
  readonly curveOnly?: true;
  readonly curve: boolean;
  readonly seed: number;
  readonly config?: string;
  readonly journal?: string;
  readonly encoding?: string;
  readonly format?: Format;
  readonly delimiter?: string;
  readonly json?: true;
  readonly quiet?: true;
}

/** What was put on record, and what came of it. */
interface Attached {
  /** A certificate was revoked: what is of before the alarm may teach, and tests nothing. */
  readonly isAfterAlarm: boolean;
  /** Labels that were not there before, and those that were. */
  readonly training: number;
  readonly testing: number;
  readonly known: number;
  readonly advanced: Advanced;
}

/** Share of the clusters that teach; the others test. By the cluster's hash, so that a second time it is the same. */
const TRAINING_SHARE = 2 / 3;

/** Draws the curve, then learns and tests. Returns the exit code. */
export async function learn(loopFile: string, file: string, options: LearnOptions): Promise<ExitCode> {
  if (options.curveOnly && !options.curve) {
    throw new UsageError("E_USAGE", "--curve-only and --no-curve leave nothing to do");
  }
  const { loop, from } = await loadLoop(loopFile);
  const interrupts = new Interrupts();
  const progress = new LiveLine(options.quiet ?? false);
  const say = (line: string): void => (options.quiet ? undefined : progress.say(line));
  try {
    const history = await readHistory(loop, file, {
      ...options,
      signal: interrupts.drain,
      onRow: (rows) => progress.show(() => `${counted(rows, "row")} read`),
    });
    progress.clear();
    for (const line of historyLines(history)) say(line);
    const session = await openSession({ ...options, say });
    const parts = learningParts(session, say, interrupts.drain);
    try {
      rememberLoop(session.journal, loop.name, from);
      rememberConfig(session.journal, session.configFile);
      const covered = coveredBy(parts.ladder(history.question.name));
      if (!covered) throw noLocalRung(history.question.name);
      await interrupts.unlessInterrupted(parts.open());
      const rung = covered.rungs.find(({ learns }) => learns === "features") ?? null;
      const curves = options.curve ? await drawn(history, rung, options, interrupts.drain, progress) : [];
      progress.clear();
      if (!options.json) {
        for (const line of curveLines(curves, history.risk)) print(line);
        if (curves.length > 0) print("");
      }
      const attached = options.curveOnly
        ? null
        : await attach(history, file, session, parts, options, interrupts.drain);
      show(history, curves, attached, covered.upper.name, options);
      return history.setAside.length + history.strangers.length > 0 ? 3 : 0;
    } finally {
      progress.clear();
      await parts.close();
      await session.close();
    }
  } finally {
    progress.clear();
    interrupts.end();
  }
}

function noLocalRung(step: string): UsageError {
  const message = `the ladder of ${step} has no local rung below one that gives labels, such as [words(), person()]`;
  return new UsageError("E_LADDER", message, { value: step });
}

/** A past that teaches too little for a curve is said to be so; its labels may still be put on record. */
async function drawn(
  { question, risk, examples }: History,
  rung: Parameters<typeof pastCurves>[0]["rung"],
  { seed }: LearnOptions,
  signal: AbortSignal,
  progress: LiveLine,
): Promise<readonly PastCurve[]> {
  try {
    const show = (text: () => string): void => progress.show(text);
    return await pastCurves({ question, risk, examples, rung, seed, signal, progress: show });
  } catch (thrown) {
    if (!(thrown instanceof UsageError && thrown.code === "E_LEARN")) throw thrown;
    progress.say(`no curve: ${messageOf(thrown)}`);
    return [];
  }
}

/** Puts the labels on record, training first: what tests a version must come after what it was trained on. */
async function attach(
  { question, risk, examples }: History,
  file: string,
  { journal }: Session,
  parts: OpenParts,
  { trainOnly }: LearnOptions,
  signal: AbortSignal,
): Promise<Attached> {
  const policy = parts.policy.of(question, risk, parts.ladder(question.name));
  if (!policy) throw noLocalRung(question.name);
  const before = policy.report();
  const known = journal.policy.read(question.name);
  const seen = known.length;
  const isAfterAlarm = known.some(
    ({ type, version }) => type === "certificate_revoked" && version === question.version,
  );
  const onRecord = new Set(before.labels.map(({ cluster }) => cluster));
  const teaches = ({ cluster }: Example): boolean =>
    trainOnly === true || isAfterAlarm || isInShare(cluster, "history", TRAINING_SHARE);
  const fresh = examples.filter(({ cluster }) => !onRecord.has(cluster));
  const training = fresh.filter(teaches);
  const testing = fresh.filter((example) => !teaches(example));
  const by = basename(file);
  const label = ({ about, cluster, value }: Example, sample: "history" | "random"): NewLabel => ({
    question: question.name,
    version: question.version,
    cluster,
    about,
    sample,
    propensity: sample === "random" ? 1 : null,
    key: null,
    stood: null,
    decision: null,
    answer: { value, source: "known", by },
  });
  await journal.labels.add(training.map((example) => label(example, "history")));
  if (training.length > 0 || isUntaught(policy)) await policy.advance(signal, { now: true });
  await journal.labels.add(testing.map((example) => label(example, "random")));
  // Not "now": the labels that have just come are to test what was learned, not to be learned.
  await policy.advance(signal);
  const events = journal.policy.read(question.name).slice(seen);
  const counts = { training: training.length, testing: testing.length, known: examples.length - fresh.length };
  return { ...counts, isAfterAlarm, advanced: { before, after: policy.report(), events } };
}

/** An interrupted command may have left labels that nothing was learned from. */
function isUntaught(policy: QuestionPolicy): boolean {
  const { serving, trial } = policy.report();
  return !serving && !trial;
}

/** Rows and labels that are named one by one. */
const NAMED = 5;

function historyLines(history: History): readonly string[] {
  const { question, risk, examples, rows, duplicates, contradictions, unlabelled, strangers, setAside } = history;
  const lines = [
    `step      ${cleanLine(question.name)} (${question.verb}, version ${question.version}), risk ${share(risk)}`,
    `examples  ${count(examples.length)} of ${counted(rows, "row")}`,
  ];
  if (duplicates > 0) {
    const other = contradictions > 0 ? `, ${count(contradictions)} of them with another answer: the first counts` : "";
    lines.push(`          ${counted(duplicates, "row")} say the same as an earlier one${other}`);
  }
  if (unlabelled > 0) lines.push(`          ${counted(unlabelled, "row")} without an answer`);
  if (strangers.length > 0) {
    const total = strangers.reduce((sum, { rows: of }) => sum + of, 0);
    const named = strangers.slice(0, NAMED).map(({ label, rows: of }) => `"${cleanLine(label)}" ${count(of)}`);
    const more = strangers.length > NAMED ? ` and ${count(strangers.length - NAMED)} more` : "";
    lines.push(
      `          ${counted(total, "row")} with a label that is no answer of the question: ${named.join(", ")}${more}`,
    );
  }
  for (const { line, reason } of setAside.slice(0, NAMED)) lines.push(`line ${line} set aside: ${cleanLine(reason)}`);
  if (setAside.length > NAMED) lines.push(`and ${count(setAside.length - NAMED)} more; --json lists all`);
  return lines;
}

function show(
  history: History,
  curves: readonly PastCurve[],
  attached: Attached | null,
  upper: string,
  { json, trainOnly }: LearnOptions,
): void {
  const { question, risk, examples, strangers, setAside, rows, duplicates, contradictions, unlabelled } = history;
  if (json) {
    const found = { rows, examples: examples.length, duplicates, contradictions, unlabelled, strangers, setAside };
    printJson({
      question: question.name,
      version: question.version,
      risk,
      ...found,
      curves,
      ...attachedJson(attached),
    });
    return;
  }
  if (!attached) return;
  const { training, testing, known, advanced, isAfterAlarm } = attached;
  const { after } = advanced;
  print(`${cleanLine(question.name)}  ${after.state.toUpperCase()}  risk ${share(risk)}, question ${question.version}`);
  const old = known > 0 ? `, ${count(known)} on record before` : "";
  const lines: (readonly [string, string])[] = [
    ["on record", `${counted(training, "new label")} to learn from, ${count(testing)} to test${old}`],
    ...advancedLines(advanced, upper),
  ];
  if (isAfterAlarm) {
    lines.push(["tested", "by nothing yet: a certificate was revoked, and no past can tell what holds since then"]);
  } else if (trainOnly) lines.push(["tested", "by nothing yet: labels of what comes by test it (--train-only)"]);
  else if (after.serving) {
    lines.push(["provided", "that this past is a fair sample of what will come: no figure can tell that beforehand"]);
    lines.push(["", "audits of what stands go on testing it; for a past that is none, there is --train-only"]);
  }
  if (after.labels.length < leastLabels) {
    lines.push(["", `fewer than ${leastLabels} labels teach nothing that is worth a test`]);
  }
  for (const [name, text] of lines) print(`  ${name.padEnd(9)} ${cleanLine(text)}`);
}

function attachedJson(attached: Attached | null): object {
  if (!attached) return { attached: null };
  const { training, testing, known, advanced, isAfterAlarm } = attached;
  const { state, serving, trial, nextTraining } = advanced.after;
  return {
    attached: { training, testing, known, afterAlarm: isAfterAlarm },
    state,
    serving,
    trial,
    nextTraining,
    events: advanced.events,
  };
}
