/** `pawl status`: what it takes. The work is in ../status.ts, loaded when it is asked for. */

import type { AddCommand } from "../command.ts";
import type { StatusOptions } from "../status.ts";

export const addStatus: AddCommand = (program, done) => {
  program
    .command("status")
    .summary("each question's promise: state, certificate, audits, what would move it")
    .description(
      "Shows where the promises of a journal stand, from the record alone: no model is loaded. Every audit's coin is tossed again, and a coin that was changed is a fault.",
    )
    .argument("[question]", "only this question, by its step's name, with what its promise does not say")
    .option("--history", "everything that happened to the promises, with dates")
    .option("--report <file>", "write it with pictures as one page of HTML, without the texts of items")
    .option("--journal <file>", "the journal (default: the config's, else pawl.db)")
    .option("--config <file>", "the config (default: pawl.config.ts, .js or .mjs in this folder)")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      `
Exit codes: 0 all is well · 1 a coin was changed, or its audit is gone · 2 wrong use.

Examples:
  pawl status
  pawl status team --history
  pawl status --report promises.html
  pawl status --json`,
    )
    .action(async (question: string | undefined, options: StatusOptions) => {
      const { status } = await import("../status.ts");
      done(await status(question, options));
    });
};
