/** What a question has learned and certified when it was told to go on: what was adopted, what was refused, and why. */

import { counted } from "../batch/figures.ts";
import type { PolicyEvent } from "../core/policy-event.ts";
import type { Journal } from "../journal/journal.ts";
import type { QuestionPolicy } from "../policy/question-policy.ts";
import type { QuestionReport } from "../policy/report.ts";
import { leastLabels } from "../policy/schedule.ts";
import { figuresText, missingText, promiseOf, share } from "./promise-text.ts";

export interface Advanced {
  readonly before: QuestionReport;
  readonly after: QuestionReport;
  /** What was recorded on the way. */
  readonly events: readonly PolicyEvent[];
}

/**
 * Tests what is on trial and learns where it is time to; at once where nothing was learned yet, or `learns` says so. To
 * learn at once takes the labels of a trial under way into the training, so it is no default.
 */
export async function advance(
  question: QuestionPolicy,
  journal: Pick<Journal, "policy">,
  { learns = false, signal }: { readonly learns?: boolean; readonly signal: AbortSignal },
): Promise<Advanced> {
  const { name } = question.met;
  const seen = journal.policy.read(name).length;
  const before = question.report();
  await question.advance(signal);
  const { serving, trial } = question.report();
  if (learns || (!serving && !trial)) await question.advance(signal, { now: true });
  return { before, after: question.report(), events: journal.policy.read(name).slice(seen) };
}

/** In lines: what was learned and calibrated, what is promised now, and what is missing to more. */
export function advancedLines(
  { before, after, events }: Advanced,
  upper: string,
): readonly (readonly [string, string])[] {
  const rows: [string, string][] = [];
  for (const event of events) {
    if (event.type === "version_made") {
      rows.push(["learned", `version ${event.key} from ${counted(event.trainedOn, "label")}`]);
      for (const note of event.notes) rows.push(["", note]);
    }
    if (event.type === "certificate_issued") {
      const was = before.serving;
      const looser = was?.key === event.key ? "a looser threshold of " : "";
      const than = was
        ? `: ${share(event.coverage)} of the items may stand, ${share(was.figures.coverage)} before`
        : "";
      rows.push(["adopted", `${looser}version ${event.key}${than}`]);
    }
    if (event.type === "certificate_revoked") rows.push(["revoked", `version ${event.key}: ${event.why}`]);
  }
  const { question, serving, trial, labels } = after;
  if (serving) {
    const { says, truth } = promiseOf(question, serving.key, serving.figures, upper);
    rows.push(["promised", says]);
    if (truth !== null) rows.push(["", truth]);
    rows.push(["", figuresText(serving.figures)]);
  }
  if (trial?.test.kind === "not certifiable")
    rows.push(["trial", `version ${trial.key}: ${missingText(trial.test, after.risk)}`]);
  if (trial?.test.kind === "certified") {
    const found = trial.test;
    const reason = `${share(found.coverage)} of the items would stand, no more than ${share(serving?.figures.coverage ?? 0)} now`;
    rows.push(["refused", `version ${trial.key} passes its test, but ${reason}`]);
  }
  if (!serving && !trial) {
    const missing = leastLabels - labels.length;
    const more = missing > 0 ? `, ${counted(missing, "more label")} until something can be learned` : "";
    rows.push(["nothing", `learned yet: ${counted(labels.length, "label")} so far${more}`]);
  }
  return rows;
}
