/** `pawl run LOOP DATA`: what it takes. The work is in ../run.ts, loaded when it is asked for. */

import { Option } from "commander";
import { type AddCommand, wholeNumber } from "../command.ts";
import type { RunOptions } from "../run.ts";

/** As `changedWays` has them; a test compares. */
const changedWays = ["hold", "continue", "restart", "redo"];

export const addRun: AddCommand = (program, done) => {
  program
    .command("run")
    .summary("run a loop over a data file; the same command resumes it")
    .description("Runs a loop over every item of a data file. Interrupted anywhere, the same command goes on.")
    .argument("<loop>", "a .ts or .js file: its default export, or FILE#NAME")
    .argument("<data>", "CSV, TSV or JSON Lines, also .gz; - is standard input")
    .option(
      "-o, --out <file>",
      "write the results: .csv, .tsv or .jsonl, in the order of the data; - is standard output",
    )
    .option("--id <column>", "the column that holds the items' ids (default: id, else a hash of the row)")
    .option("--limit <n>", "only the first n records of the data", wholeNumber(1))
    .option("--dry-run", "decide, but call no tool that changes the world; keep nothing")
    .option("--shadow", "decide, do nothing, ask nobody, and compare with what people did")
    .option(
      "--truth <column>",
      "with --shadow: the column of known answers, as COLUMN=STEP for one step's; may be given again",
      (column: string, before: readonly string[] = []) => [...before, column],
    )
    .option("--concurrency <n>", "most runs in flight, 1 to 1000", wholeNumber(1, 1000), 16)
    .option("--config <file>", "the config (default: pawl.config.ts, .js or .mjs in this folder)")
    .option("--journal <file>", "the journal (default: the config's, else pawl.db)")
    .addOption(
      new Option(
        "--changed <way>",
        "runs of another version of the loop: hold (unfinished ones are left alone), continue (they go on under this version), restart (they are begun anew), redo (finished ones too)",
      )
        .choices(changedWays)
        .default("hold"),
    )
    .option("--encoding <label>", "of the data (default: UTF-8)")
    .addOption(
      new Option("--format <kind>", "of the data, where its name does not tell").choices(["csv", "tsv", "jsonl"]),
    )
    .option("--delimiter <sign>", "between the fields of a CSV (default: a comma); tab is one")
    .option("--local-only", "contact no other machine than those that the config's egress allows")
    .option("--json", "print the summary as JSON")
    .option("-q, --quiet", "no progress and no messages")
    .addHelpText(
      "after",
      `
Exit codes: 0 all done · 2 wrong use · 3 some items failed, wait or were set aside · 4 a budget was reached ·
5 a model or rung failed altogether · 130 interrupted, the same command goes on.

Examples:
  pawl run support.ts tickets.csv --out answers.csv
  pawl run support.ts tickets.csv --limit 20 --dry-run
  pawl run support.ts last-year.csv --shadow --truth team
  pawl run loops.ts#triage mails.jsonl --id message_id --concurrency 4`,
    )
    .action(async (loopFile: string, dataFile: string, options: RunOptions) => {
      const { run } = await import("../run.ts");
      done(await run(loopFile, dataFile, options));
    });
};
