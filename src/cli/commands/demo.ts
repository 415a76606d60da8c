/** `pawl demo`: what it takes. The work is in ../demo.ts, loaded when it is asked for. */

import { type AddCommand, wholeNumber } from "../command.ts";
import type { DemoCommandOptions } from "../demo.ts";

export const addDemo: AddCommand = (program, done) => {
  program
    .command("demo")
    .summary("watch a small model learn to keep real tickets, under a promise")
    .description(
      "Routes a stream of real bank tickets to eight teams. At first all go up to a simulated strong model (the known labels); two local rungs learn from its answers, are certified, and keep more and more: at most 5 % wrong, with 95 % confidence. Shows the share kept, the promise and the error that came of it. No key, no server. Interrupted, it goes on where it was.",
    )
    .option("--journal <file>", "where the demo keeps its runs; an ended demo's is begun anew", "pawl-demo.db")
    .option("--tickets <n>", "tickets in the stream, 50 to 10003", wholeNumber(50, 10_003), 8000)
    .option("--json", "print the result as JSON")
    .option("--quiet", "no progress")
    .action(async (options: DemoCommandOptions) => {
      const { runDemoCommand } = await import("../demo.ts");
      done(await runDemoCommand(options));
    });
};
