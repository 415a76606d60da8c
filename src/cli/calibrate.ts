/** Learns from the labels there are and tests what may be promised; or asks what another risk would give. */

import { count, counted } from "../batch/figures.ts";
import type { OpenParts } from "../config/parts.ts";
import { UsageError } from "../core/errors.ts";
import { coveredBy } from "../policy/open-policy.ts";
import type { QuestionPolicy } from "../policy/question-policy.ts";
import { versionFrom } from "../policy/recorded-version.ts";
import type { NotYet, TrialPassed } from "../policy/trial.ts";
import { type Advanced, advance, advancedLines } from "./advanced.ts";
import { type ExitCode, log, print, printJson } from "./command.ts";
import { evidence } from "./evidence.ts";
import { Interrupts } from "./interrupts.ts";
import { learningParts } from "./learning-parts.ts";
import { missingText, share } from "./promise-text.ts";
import { startOf } from "./recorded.ts";
import { openSession, type Session } from "./session.ts";
import { cleanLine, styled } from "./text.ts";

/** What `pawl calibrate` takes. */
export interface CalibrateOptions {
  readonly risk?: number;
  readonly now?: true;
  readonly journal?: string;
  readonly config?: string;
  readonly json?: true;
  readonly quiet?: true;
}

/** What one question would have at another risk. */
interface WhatIf {
  /** The version that was asked; `null` where there is none yet, or its rungs are others by now. */
  readonly key: string | null;
  readonly labels: number;
  readonly test: TrialPassed | NotYet | null;
}

/** Learns and tests. Returns the exit code. */
export async function calibrate(name: string | undefined, options: CalibrateOptions): Promise<ExitCode> {
  if (options.risk !== undefined && options.now) {
    throw new UsageError("E_USAGE", "--risk asks and records nothing, --now learns: one of the two");
  }
  const interrupts = new Interrupts();
  const say = options.quiet || options.json ? () => {} : log;
  const session = await openSession({ ...options, existing: true, say });
  const parts = learningParts(session, say, interrupts.drain);
  try {
    const met = [...new Set(metIn(session, name))];
    if (met.length === 0) {
      if (options.json) printJson({ journal: session.journalFile, questions: [] });
      else print("No question of this journal has asked for a promise.");
      return 0;
    }
    await interrupts.unlessInterrupted(parts.open());
    parts.policy.recall(parts.ladder);
    const questions = [...parts.policy.questions].filter(
      (question) => name === undefined || question.met.name === name,
    );
    const results: object[] = [];
    for (const question of questions) {
      const { risk } = options;
      results.push(
        risk === undefined
          ? showAdvanced(
              question,
              parts,
              await advance(question, session.journal, { learns: options.now ?? false, signal: interrupts.drain }),
              options,
            )
          : showWhatIf(question, risk, await whatIf(question, risk, session, parts, interrupts.drain), options),
      );
    }
    const left = met.filter((one) => !questions.some((question) => question.met.name === one));
    for (const one of left)
      say(`${one}: its ladder has no local rung below one that gives labels, so nothing is promised`);
    if (options.json) printJson({ journal: session.journalFile, questions: results, withoutLocalRung: left });
    return 0;
  } finally {
    interrupts.end();
    await parts.close();
    await session.close();
  }
}

function metIn({ journal }: Session, name: string | undefined): readonly string[] {
  const met = journal.policy.read().flatMap((event) => (event.type === "question_met" ? [event.question] : []));
  if (name === undefined || met.length === 0) return met;
  if (met.includes(name)) return [name];
  const names = [...new Set(met)].join(", ");
  throw new UsageError("E_NO_QUESTION", `no question "${name}" asked for a promise here; there is ${names}`, {
    value: name,
  });
}

function heading({ met, settings }: QuestionPolicy, state: string): string {
  return `${styled("bold", cleanLine(met.name))}  ${state}  risk ${share(settings.risk)}, question ${met.version}`;
}

function showAdvanced(
  question: QuestionPolicy,
  parts: OpenParts,
  advanced: Advanced,
  { json }: CalibrateOptions,
): object {
  const { before, after, events } = advanced;
  const upper = coveredBy(parts.ladder(question.met.name))?.upper.name ?? "nobody";
  if (!json) {
    print(heading(question, after.state.toUpperCase()));
    for (const [name, text] of advancedLines(advanced, upper)) print(`  ${name.padEnd(9)} ${cleanLine(text)}`);
    print("");
  }
  const { question: name, version, risk, delta, state, serving, trial, labels, nextTraining } = after;
  const common = { question: name, version, risk, delta, state, was: before.state, serving, trial };
  return { ...common, labels: labels.length, nextTraining, events };
}

/**
 * The version on trial where it has labels of its own, else the one that serves, tested at another risk. Its labels have
 * been looked at before, so this is a look and no certificate.
 */
async function whatIf(
  question: QuestionPolicy,
  risk: number,
  { journal }: Session,
  parts: OpenParts,
  signal: AbortSignal,
): Promise<WhatIf> {
  const { met, settings } = question;
  const { serving, trial, labels } = question.report();
  const events = journal.policy.read(met.name).filter(({ version }) => version === met.version);
  const rungs = coveredBy(parts.ladder(met.name))?.rungs ?? [];
  let best: WhatIf = { key: null, labels: 0, test: null };
  for (const key of [serving?.key, trial?.key]) {
    const made = events.findLast((event) => event.type === "version_made" && event.key === key);
    if (made?.type !== "version_made") continue;
    const found = versionFrom(made, met, rungs, (digest) => journal.weights.get(digest));
    if (found.kind === "gone") continue;
    const { version } = found;
    const after = startOf(made, events);
    const shown = await evidence({ version, after, labels, settings: { ...settings, risk }, met }, signal);
    if (best.test === null || shown.labels >= best.labels) {
      best = { key: version.key, labels: shown.labels, test: shown.test() };
    }
  }
  return best;
}

function showWhatIf(question: QuestionPolicy, risk: number, found: WhatIf, { json }: CalibrateOptions): object {
  const { key, labels, test } = found;
  if (!json) {
    print(heading(question, `asked about ${share(risk)}, nothing is recorded:`));
    if (test === null)
      print("  there is no version to ask yet, or its rungs are others by now: pawl calibrate learns one");
    else if (test.kind === "certified") {
      const { threshold, coverage, accepted, wrong } = test;
      print(`  version ${key}, on ${counted(labels, "label")} that were looked at before: a look, no promise`);
      print(`  ${share(coverage)} of the items would stand, from ${threshold.toFixed(3)} on`);
      print(
        `  of those labels it would have let ${count(accepted)} stand, ${count(wrong)} of them wrong: at most ${share(test.upper)}`,
      );
    } else print(`  version ${key}: ${missingText(test, risk)}`);
    print("");
  }
  return { question: question.met.name, version: question.met.version, risk, key, labels, test };
}
