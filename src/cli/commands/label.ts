/** `pawl label`: what it takes. The work is in ../label.ts, loaded when it is asked for. */

import { type AddCommand, wholeNumber } from "../command.ts";
import type { LabelOptions } from "../label.ts";

export const addLabel: AddCommand = (program, done) => {
  program
    .command("label")
    .summary("say what the right answers are, with single keys: what promises rest on")
    .description(
      "Asks you for the right answers to a question that asked for a promise: first audits of what was let through, then as many drawn at random as picked where they teach most. You do not see what was answered, so that it cannot lead you. Then it learns from them and says what that changed.",
    )
    .argument("[question]", "the step's name; not needed where only one asked for a promise")
    .option("--count <n>", "how many to ask", wholeNumber(1), 40)
    .option("--suggest", "show what the local rungs say of those that are not drawn at random")
    .option("--answers <file>", "take the answers from JSON Lines: a decision or a number, and a value")
    .option("--no-learn", "file the labels and no more")
    .option("--loop <file>", "the loop's file (default: where it was when it last ran)")
    .option("--by <name>", "whose answers these are (default: the user of this machine)")
    .option("--journal <file>", "the journal (default: the config's, else pawl.db)")
    .option("--config <file>", "the config (default: pawl.config.ts, .js or .mjs in this folder)")
    .option("--json", "print what would be asked, or with --answers what came of them, as JSON")
    .addHelpText(
      "after",
      `
Examples:
  pawl label team
  pawl label team --json
  pawl label team --answers answers.jsonl --by ana`,
    )
    .action(async (question: string | undefined, options: LabelOptions) => {
      const { label } = await import("../label.ts");
      done(await label(question, options));
    });
};
