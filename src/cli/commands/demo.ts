/** `pawl demo`: what it takes. The work is in ../demo.ts, loaded when it is asked for. */

import { type AddCommand, wholeNumber } from "../command.ts";
import type { DemoCommandOptions } from "../demo.ts";

export const addDemo: AddCommand = (program, done) => {
  program
    .command("demo")
    .summary("route 1,000 real tickets with a model in this process, and see the figures")
    .description(
      "Routes real bank tickets to eight teams: a 25 MB encoder in this process keeps what it is sure of, a person is asked about the rest. Ends with share local, accuracy against the known labels, escalated, seconds and tokens. No key, no server. Interrupted, it goes on where it was.",
    )
    .option("--journal <file>", "where the demo keeps its runs; an ended demo's is begun anew", "pawl-demo.db")
    .option("--limit <n>", "test tickets, at most 1000", wholeNumber(1, 1000), 1000)
    .option(
      "--compare <n>",
      "tickets that the chat model is asked about for comparison; 0: none",
      wholeNumber(0, 1000),
      200,
    )
    .option("--json", "print the result as JSON")
    .option("--quiet", "no progress")
    .action(async (options: DemoCommandOptions) => {
      const { runDemoCommand } = await import("../demo.ts");
      done(await runDemoCommand(options));
    });
};
