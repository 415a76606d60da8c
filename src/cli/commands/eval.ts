/** `pawl eval`: what it takes. The work is in ../eval.ts, loaded when it is asked for. */

import type { AddCommand } from "../command.ts";
import type { EvalOptions } from "../eval.ts";

export const addEval: AddCommand = (program, done) => {
  program
    .command("eval")
    .summary("how good the local rungs are, on labels that they have not seen")
    .description(
      "Judges what the local rungs of a question have learned on labels that it was not learned from: accuracy, each answer, whether its probabilities can be trusted, what could stay local at which error, what that costs, and which items another version has otherwise. It changes nothing.",
    )
    .argument("[question]", "the step's name (default: every question that asks for a promise)")
    .option("--key <version>", "evaluate this version (default: the one that serves, else the newest)")
    .option("--against <version>", "compare it with this one (default: the newest other)")
    .option("--report <file>", "write it with pictures as one page of HTML")
    .option("--texts", "let the texts of items stand in report and JSON; without, none does")
    .option("--journal <file>", "the journal (default: the config's, else pawl.db)")
    .option("--config <file>", "the config (default: pawl.config.ts, .js or .mjs in this folder)")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      `
Examples:
  pawl eval
  pawl eval team --report team.html
  pawl eval team --key 3f9a --against 71c2 --texts --json`,
    )
    .action(async (question: string | undefined, options: EvalOptions) => {
      const { evaluateQuestions } = await import("../eval.ts");
      done(await evaluateQuestions(question, options));
    });
};
