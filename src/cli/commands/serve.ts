/** `pawl serve`: what it takes. The work is in ../serve.ts, loaded when it is asked for. */

import { type AddCommand, wholeNumber } from "../command.ts";
import type { ServeOptions } from "../serve.ts";

export const addServe: AddCommand = (program, done) => {
  program
    .command("serve")
    .summary("offer the ladder to clients of OpenAI, System One and the AI SDK")
    .description(
      "A gateway over the config's ladder: /v1/systemone, /v1/decisions, /v1/chat/completions and what belongs to them. Every answer is in the journal before it is sent; what goes to a person is answered with pawl review. Ctrl-C ends it once what is under way is answered, and nothing is lost.",
    )
    .option("--host <name>", "where it listens (default: the config's, else 127.0.0.1); any other needs keys")
    .option("--port <n>", "the port, 0 for any that is free (default: the config's, else 8787)", wholeNumber(0, 65_535))
    .option("--grace <seconds>", "longest that it waits at its end for what is under way", wholeNumber(0, 3600), 10)
    .option("--local-only", "contact no other machine than those that the config's egress names")
    .option("--config <file>", "the config (default: pawl.config.ts, .js or .mjs in this folder)")
    .option("--journal <file>", "the journal (default: the config's, else pawl.db)")
    .option("--json", "print one JSON object a line: where it listens, then each request")
    .option("-q, --quiet", "print nothing of each request")
    .addHelpText(
      "after",
      `
Bearer tokens: serve.keys in the config, or PAWL_SERVE_KEYS, a list with commas.
Exit codes: 0 ended as asked · 1 the journal failed · 2 wrong use, or the port cannot be had · 5 a model cannot be had.

Examples:
  pawl serve
  pawl serve --port 8080 --journal support.db
  PAWL_SERVE_KEYS=$(openssl rand -hex 16) pawl serve --host 0.0.0.0`,
    )
    .action(async (options: ServeOptions) => {
      const { serve } = await import("../serve.ts");
      done(await serve(options));
    });
};
