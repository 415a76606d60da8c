/** A report of a journal, written to a file of HTML. */

import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { messageOf, StorageError } from "../core/errors.ts";
import { type QuestionFacts, writeReport } from "../report/report.ts";
import { contactedLines } from "./contacted.ts";
import { type FactsOptions, newestQuestions, questionFacts } from "./question-facts.ts";
import type { Session } from "./session.ts";

/** Writes what is known. Throws a `StorageError` `E_REPORT` where the file cannot be written. */
export async function reportTo(
  file: string,
  session: Session,
  questions: readonly QuestionFacts[],
  withTexts: boolean,
): Promise<void> {
  const journal = session.journalFile === null ? "in memory" : basename(session.journalFile);
  const contacted = contactedLines(session.journal);
  const text = writeReport({ journal, now: Date.now(), questions, contacted, withTexts });
  try {
    await writeFile(file, text);
  } catch (thrown) {
    throw new StorageError("E_REPORT", `the report ${file} cannot be written: ${messageOf(thrown)}`, {
      cause: thrown,
      value: file,
    });
  }
}

/** A report of every question, or of one, without opening a model: what only one can tell is said to be missing. */
export async function reportOfAll(
  file: string,
  session: Session,
  { name, signal }: Pick<FactsOptions, "signal"> & { readonly name?: string | undefined },
): Promise<void> {
  const facts: QuestionFacts[] = [];
  for (const recorded of newestQuestions(session, name)) {
    facts.push(await questionFacts(session, recorded, { opens: false, signal, say: () => {} }));
  }
  await reportTo(file, session, facts, false);
}
