#!/usr/bin/env node
/** The bin: the program and its commands, one clear message for whatever goes wrong, and the exit code. */

import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { type ExitCode, log, printJsonLine } from "./command.ts";
import { commands } from "./commands.ts";
import { faultOf } from "./fault.ts";

const wantsJson = process.argv.includes("--json");
/** Standard output carries rows then. */
const rowsOnOutput = /(^| )(--out[ =]|-o ?)-( |$)/.test(process.argv.slice(2).join(" "));

function version(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** The first Node with all that Pawl needs, `node:sqlite` among it. */
const oldestNode = 24;

async function main(): Promise<ExitCode> {
  if (Number.parseInt(process.versions.node, 10) < oldestNode) {
    return say("E_NODE", `Pawl needs Node ${oldestNode} or newer; this is ${process.versions.node}`, 2);
  }
  let code: ExitCode = 0;
  const program = new Command("pawl")
    .description(
      "Runs high-volume AI work on a small local model, one checked step at a time, and asks a person only when it should.",
    )
    .version(version(), "-V, --version")
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .helpCommand(true)
    .addHelpText(
      "after",
      `
Examples:
  pawl run support.ts tickets.csv --out answers.csv   run a loop over a file; the same command resumes it
  pawl review                                          answer what waits for a person
  pawl explain 17                                      why run 17 came out as it did
  pawl models pull qwen3-4b                            fetch a model`,
    );
  for (const add of commands) add(program, (ended) => (code = ended));
  if (process.argv.length <= 2) {
    program.outputHelp();
    return 0;
  }
  await program.parseAsync();
  return code;
}

/** One message: a line on standard error, or with `--json` an object on standard output. */
function report(thrown: unknown): ExitCode {
  if (thrown instanceof CommanderError) {
    // Help and version are no errors, though they are thrown like one.
    if (thrown.exitCode === 0 || thrown.code === "commander.help") return thrown.exitCode === 0 ? 0 : 2;
    return say("E_USAGE", `${thrown.message.replace(/^error: /, "")}\nSee: pawl --help`, 2);
  }
  const { code, message, exit, stack } = faultOf(thrown);
  // Nobody reads our output any more; there is nobody to tell.
  if (code === "E_CLOSED") return 0;
  if (stack !== undefined) log(stack);
  return say(code, message, exit);
}

function say(code: string, message: string, exit: ExitCode): ExitCode {
  if (wantsJson) printJsonLine({ error: { code, message, exit } }, rowsOnOutput);
  else log(`pawl: ${message} (${code})`);
  return exit;
}

/** Ends the process even where a loop's own module holds something open, once everything is written. */
function leave(code: ExitCode): void {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

// A promise that a loop or a tool forgot about is no reason to end ten thousand other runs. It is said, at once.
process.on("unhandledRejection", (reason) => {
  log(
    `pawl: a promise was rejected and nobody looked: ${reason instanceof Error ? (reason.stack ?? reason.message) : reason}`,
  );
});

main().then(leave, (thrown: unknown) => leave(report(thrown)));
