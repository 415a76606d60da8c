/** `pawl replay RUN`: what it takes. The work is in ../replay.ts, loaded when it is asked for. */

import type { AddCommand } from "../command.ts";
import type { ReplayOptions } from "../replay.ts";

export const addReplay: AddCommand = (program, done) => {
  program
    .command("replay")
    .summary("run a journaled run again, with no model, no tool and no write")
    .description(
      "Runs the loop over what the journal holds of a run and says whether it comes to the same end. No model is asked, no tool is called, nothing is written.",
    )
    .argument("<run>", "a run's number or id, or the id of its item (then the newest run of it)")
    .argument("[loop]", "the loop's file (default: where it was when it last ran)")
    .option("--item", "RUN is an item's id, even if it looks like a number")
    .option("--journal <file>", "the journal (default: the config's, else pawl.db)")
    .option("--config <file>", "the config (default: pawl.config.ts, .js or .mjs in this folder)")
    .option("--json", "print the result as JSON")
    .action(async (reference: string, loopFile: string | undefined, options: ReplayOptions) => {
      const { replay } = await import("../replay.ts");
      done(await replay(reference, loopFile, options));
    });
};
