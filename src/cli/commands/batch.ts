/** `pawl batch`: what it takes. The work is in ../batch.ts, loaded when it is asked for. */

import type { Command } from "commander";
import type { BatchAction, BatchCommandOptions } from "../batch.ts";
import { type AddCommand, wholeNumber } from "../command.ts";

export const addBatch: AddCommand = (program, done) => {
  const group = program
    .command("batch")
    .summary("send questions that can wait to a provider's batch API, and fetch the answers")
    .description(
      "Questions that reached a rung made by batched(...) wait in the journal. They are sent together, at the provider's lower price, and answered within a day; their runs go on with the answers. What fails, expires or does not fit goes up the ladder.",
    )
    .addHelpText(
      "after",
      `
Exit codes: 0 all is done · 2 wrong use · 3 something has not come yet · 4 the day's budget holds some back · 5 the provider cannot be reached.

Examples:
  pawl batch send
  pawl batch fetch --watch
  pawl batch status --json`,
    );
  const add = (action: BatchAction, summary: string): Command => {
    const command = group
      .command(action)
      .description(summary)
      .option("--rung <name>", "only the rung of this name")
      .option("--journal <file>", "the journal (default: the config's, else pawl.db)")
      .option("--config <file>", "the config (default: pawl.config.ts, .js or .mjs in this folder)")
      .option("--json", "print as JSON");
    if (action !== "status") {
      command
        .option("--watch", "look again and again until everything has come")
        .option("--every <seconds>", "with --watch: seconds between two looks (default: 60)", wholeNumber(1, 86_400))
        .option("--loop <file>", "the loop's file (default: where it was when it last ran)");
    }
    if (action === "fetch") {
      command.option(
        "--give-up <id...>",
        "let these batches go where the provider has them no more: their questions go up",
      );
    }
    return command.action(async (options: BatchCommandOptions) => {
      const { batch } = await import("../batch.ts");
      done(await batch(action, options));
    });
  };
  add("send", "send what waits; what an interrupted command had sent is found again first");
  add("fetch", "fetch what has come; the runs go on at once");
  add("status", "what waits and what is under way, from the record alone");
};
