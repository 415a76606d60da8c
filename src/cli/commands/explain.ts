/** `pawl explain RUN`: what it takes. The work is in ../explain.ts, loaded when it is asked for. */

import type { AddCommand } from "../command.ts";
import type { ExplainOptions } from "../explain.ts";

export const addExplain: AddCommand = (program, done) => {
  program
    .command("explain")
    .summary("why a run came out as it did: the tree of its steps")
    .description("Prints the receipt of a run: its steps, what each rung thought, and why each answer stood or not.")
    .argument("<run>", "a run's number or id, or the id of its item (then the newest run of it)")
    .option("--item", "RUN is an item's id, even if it looks like a number")
    .option("--journal <file>", "the journal (default: the config's, else pawl.db)")
    .option("--config <file>", "the config (default: pawl.config.ts, .js or .mjs in this folder)")
    .option("--json", "print the receipt as JSON")
    .action(async (reference: string, options: ExplainOptions) => {
      const { explain } = await import("../explain.ts");
      done(await explain(reference, options));
    });
};
