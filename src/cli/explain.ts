/** The receipt of a run, printed. */

import { receiptOf } from "../review/receipt.ts";
import { type ExitCode, log, print, printJson } from "./command.ts";
import { findRun } from "./find-run.ts";
import { receiptLines } from "./receipt-text.ts";
import { openSession } from "./session.ts";

/** What `pawl explain` takes. */
export interface ExplainOptions {
  readonly item?: true;
  readonly journal?: string;
  readonly config?: string;
  readonly json?: true;
}

/** Prints the receipt of a run. Returns the exit code. */
export async function explain(reference: string, options: ExplainOptions): Promise<ExitCode> {
  const session = await openSession({ ...options, existing: true });
  try {
    const { run, note } = findRun(session.journal, reference, options.item);
    if (note !== null) log(note);
    const receipt = receiptOf(run, session.journal.events(run.number));
    if (options.json) printJson(receipt);
    else for (const line of receiptLines(receipt)) print(line);
    return 0;
  } finally {
    await session.close();
  }
}
