/** `pawl calibrate`: what it takes. The work is in ../calibrate.ts, loaded when it is asked for. */

import { InvalidArgumentError } from "commander";
import type { CalibrateOptions } from "../calibrate.ts";
import type { AddCommand } from "../command.ts";

export const addCalibrate: AddCommand = (program, done) => {
  program
    .command("calibrate")
    .summary("learn from the labels there are, and test what may be promised")
    .description(
      "Reads the labels of the journal, learns where there is something new to learn, tests what is on trial on labels that it has not seen, and says what was certified or how many labels are missing.",
    )
    .argument("[question]", "only this question, by its step's name")
    .option("--risk <share>", "what another risk would give: nothing is learned or recorded", riskShare)
    .option("--now", "learn from all labels at once; those of a trial under way go into the training")
    .option("--journal <file>", "the journal (default: the config's, else pawl.db)")
    .option("--config <file>", "the config (default: pawl.config.ts, .js or .mjs in this folder)")
    .option("--json", "print as JSON")
    .option("-q, --quiet", "no progress and no messages")
    .addHelpText(
      "after",
      `
Examples:
  pawl calibrate
  pawl calibrate team --risk 0.02
  pawl calibrate team --now --json`,
    )
    .action(async (question: string | undefined, options: CalibrateOptions) => {
      const { calibrate } = await import("../calibrate.ts");
      done(await calibrate(question, options));
    });
};

function riskShare(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value < 1) return value;
  throw new InvalidArgumentError("It takes a share between 0 and 1, such as 0.02.");
}
