/** `pawl learn LOOP HISTORY`: what it takes. The work is in ../learn.ts, loaded when it is asked for. */

import { Option } from "commander";
import { type AddCommand, wholeNumber } from "../command.ts";
import type { LearnOptions } from "../learn.ts";

export const addLearn: AddCommand = (program, done) => {
  program
    .command("learn")
    .summary("start from your own labelled past: the learning curve, then a first certificate")
    .description(
      "Draws how right the local rungs would be after so many labels, from rows that you have answers to. Then two thirds of the rows teach the question, and the last third tests what may be promised, before anything runs.",
    )
    .argument("<loop>", "a .ts or .js file: its default export, or FILE#NAME")
    .argument("<history>", "CSV, TSV or JSON Lines, also .gz: the loop's input and a column with the answers")
    .requiredOption("--label <column>", "the column that holds the answers")
    .option("--step <name>", "the step that they answer (default: the one with a risk)")
    .option("--train-only", "all rows teach, none tests: for a past that is no fair sample of what will come")
    .option("--curve-only", "draw the curve, and record no label")
    .option("--no-curve", "draw no curve")
    .option("--seed <n>", "names the random order of the curve", wholeNumber(0), 1)
    .option("--config <file>", "the config (default: pawl.config.ts, .js or .mjs in this folder)")
    .option("--journal <file>", "the journal (default: the config's, else pawl.db)")
    .option("--encoding <label>", "of the data (default: UTF-8)")
    .addOption(
      new Option("--format <kind>", "of the data, where its name does not tell").choices(["csv", "tsv", "jsonl"]),
    )
    .option("--delimiter <sign>", "between the fields of a CSV (default: a comma); tab is one")
    .option("--json", "print as JSON")
    .option("-q, --quiet", "no progress and no messages")
    .addHelpText(
      "after",
      `
Exit codes: 0 all rows were used · 2 wrong use · 3 some rows were set aside, or have a label that is no answer · 130 interrupted,
the same command goes on.

Examples:
  pawl learn support.ts answered.csv --label team
  pawl learn support.ts answered.csv --label team --curve-only
  pawl learn loops.ts#triage corrections.jsonl --label queue --step queue --train-only`,
    )
    .action(async (loopFile: string, history: string, options: LearnOptions) => {
      const { learn } = await import("../learn.ts");
      done(await learn(loopFile, history, options));
    });
};
