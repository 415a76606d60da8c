/** `pawl review`: what it takes. The work is in ../review.ts, loaded when it is asked for. */

import type { AddCommand } from "../command.ts";
import type { ReviewOptions } from "../review.ts";

export const addReview: AddCommand = (program, done) => {
  program
    .command("review")
    .summary("answer what waits for a person; the runs go on at once")
    .description(
      "Asks you, with single keys, what the ladder left to a person. Each answer is journaled and its run goes on at once. Where there is no terminal, the waiting questions are listed.",
    )
    .argument("[path]", "with --answer: the path of the waiting step")
    .argument("[value]", "with --answer: an option's name, a text, or JSON for arguments and fields")
    .option("--list", "list what waits instead of asking")
    .option("--answer <run>", "answer one question: --answer RUN PATH VALUE; RUN as pawl explain takes it")
    .option("--only <loop>", "only questions of the loop of this name")
    .option("--all", "also questions that a newer run of their item has overtaken")
    .option("--loop <file>", "the loop's file (default: where it was when it last ran)")
    .option("--by <name>", "whose answers these are (default: the user of this machine)")
    .option("--journal <file>", "the journal (default: the config's, else pawl.db)")
    .option("--config <file>", "the config (default: pawl.config.ts, .js or .mjs in this folder)")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      `
Examples:
  pawl review
  pawl review --list --json
  pawl review --answer 17 team billing
  pawl review --answer 17 settle/2 '{"tool":"refund","args":{"order":"AB123456"}}'`,
    )
    .action(async (path: string | undefined, value: string | undefined, options: ReviewOptions) => {
      const { review } = await import("../review.ts");
      done(await review(path, value, options));
    });
};
