/** The versions of a journal's questions, judged on labels that they have not been trained on. */

import { UsageError } from "../core/errors.ts";
import type { QuestionFacts } from "../report/report.ts";
import { thinned } from "../report/svg.ts";
import { type ExitCode, log, print, printJson } from "./command.ts";
import { evaluationLines } from "./eval-text.ts";
import { Interrupts } from "./interrupts.ts";
import { newestQuestions, questionFacts } from "./question-facts.ts";
import { reportTo } from "./report-file.ts";
import { openSession } from "./session.ts";

/** What `pawl eval` takes. */
export interface EvalOptions {
  readonly key?: string;
  readonly against?: string;
  readonly report?: string;
  readonly texts?: true;
  readonly journal?: string;
  readonly config?: string;
  readonly json?: true;
}

/** Points of a curve that JSON holds. */
const POINTS = 200;

/** Evaluates, prints and writes the report. Returns the exit code. Throws `E_NO_LABELS` where nothing can be judged. */
export async function evaluateQuestions(name: string | undefined, options: EvalOptions): Promise<ExitCode> {
  const interrupts = new Interrupts();
  const say = options.json ? () => {} : log;
  const session = await openSession({ ...options, existing: true, stop: interrupts.stop, say });
  try {
    const recorded = newestQuestions(session, name);
    if ((options.key ?? options.against) !== undefined && recorded.length > 1) {
      throw new UsageError("E_USAGE", "a version belongs to one question: name the question before --key or --against");
    }
    const facts: QuestionFacts[] = [];
    for (const one of recorded) {
      const { key, against } = options;
      facts.push(await questionFacts(session, one, { key, against, opens: true, signal: interrupts.stop, say }));
    }
    refuseNothing(facts);
    if (options.report !== undefined) await reportTo(options.report, session, facts, options.texts ?? false);
    if (options.json) printJson({ journal: session.journalFile, questions: facts.map((one) => toJson(one, options)) });
    else for (const one of facts) for (const line of evaluationLines(one)) print(line);
    if (options.report !== undefined) log(`report: ${options.report}`);
    return 0;
  } finally {
    interrupts.end();
    await session.close();
  }
}

function refuseNothing(facts: readonly QuestionFacts[]): void {
  if (facts.some(({ evaluation }) => evaluation)) return;
  const reasons = facts.map(({ question, notEvaluated }) => `${question}: ${notEvaluated}`);
  const message = reasons.join("; ") || "no question of this journal asks for a promise, so that there are no labels";
  throw new UsageError("E_NO_LABELS", message);
}

function toJson({ history: _, evaluation, comparison, ...rest }: QuestionFacts, { texts }: EvalOptions): object {
  const shown = evaluation && {
    ...evaluation,
    curve: thinned(evaluation.curve, POINTS),
    frontier: thinned(evaluation.frontier, POINTS),
  };
  const flips = comparison?.flips.map(({ about, ...flip }) => (texts ? { ...flip, about } : flip));
  return { ...rest, evaluation: shown, comparison: comparison && { ...comparison, flips } };
}
