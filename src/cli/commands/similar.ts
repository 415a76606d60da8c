/** `pawl similar FILE`: what it takes. The work is in ../similar.ts, loaded when it is asked for. */

import { InvalidArgumentError, Option } from "commander";
import { type AddCommand, wholeNumber } from "../command.ts";
import type { SimilarOptions } from "../similar.ts";

export const addSimilar: AddCommand = (program, done) => {
  program
    .command("similar")
    .summary("find duplicates, clusters or the nearest items of a data file")
    .description(
      "Reads the texts of a data file with the encoder and compares them: which say the same (--duplicates), which belong together (--clusters), which are nearest to a text (--like). Vectors are kept in the journal, so the second look is quick.",
    )
    .argument("<file>", "CSV, TSV or JSON Lines, also .gz; - is standard input")
    .option("--duplicates", "groups of items that say nearly the same")
    .addOption(new Option("--at <cosine>", "how near duplicates are, 0 to 1").argParser(share).default(0.95))
    .option("--clusters <k>", "so many clusters, largest first", wholeNumber(1, 10_000))
    .option("--like <text>", "the items nearest to a text")
    .option("--top <n>", "how many of them", wholeNumber(1), 10)
    .option("--text <column>", "the column that is compared (default: text, else the only one beside the id)")
    .option("--id <column>", "the column that holds the items' ids (default: id, else a hash of the row)")
    .option("--encoder <model>", "a name in pawl models list, or the path of a GGUF", "minilm")
    .option("--limit <n>", "only the first n records of the data", wholeNumber(1))
    .option("--config <file>", "the config (default: pawl.config.ts, .js or .mjs in this folder)")
    .option("--journal <file>", "where vectors are kept (default: the config's journal, else pawl.db)")
    .option("--encoding <label>", "of the data (default: UTF-8)")
    .addOption(
      new Option("--format <kind>", "of the data, where its name does not tell").choices(["csv", "tsv", "jsonl"]),
    )
    .option("--delimiter <sign>", "between the fields of a CSV (default: a comma); tab is one")
    .option("--json", "print what was found as JSON: ids and lines, no text")
    .option("-q, --quiet", "no progress and no messages")
    .addHelpText(
      "after",
      `
Examples:
  pawl similar tickets.csv --duplicates --at 0.97
  pawl similar tickets.csv --clusters 20 --text body
  pawl similar mails.jsonl --like "where is my parcel" --top 5`,
    )
    .action(async (file: string, options: SimilarOptions) => {
      const { similar } = await import("../similar.ts");
      done(await similar(file, options));
    });
};

function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError("It takes a number from 0 to 1.");
}
