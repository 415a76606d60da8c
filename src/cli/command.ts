/** What a command is made of: it adds itself to the program, and says with which code it ended. */

import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { cleanStyled } from "./text.ts";

/**
 * How the process ends. 0 all is done · 1 failed · 2 wrong use · 3 not all items are done · 4 a budget was reached ·
 * 5 the backend is unhealthy · 130 interrupted, the same command goes on.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 130;

/** Adds a command. `done` is told the exit code; errors are thrown. */
export type AddCommand = (program: Command, done: (code: ExitCode) => void) => void;

/** A reader of whole numbers in a range, for options. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It takes a whole number, ${range}.`);
  };
}

/** Writes a result: a line on standard output. Whatever data it holds cannot command the terminal. */
export function print(line: string): void {
  process.stdout.write(`${cleanStyled(line)}\n`);
}

/** Writes what is not a result: a line on standard error, as harmless. */
export function log(line: string): void {
  process.stderr.write(`${cleanStyled(line)}\n`);
}

/** Writes a result for a program, to the letter. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** The same on one line; `aside`, on standard error, where rows go to standard output. */
export function printJsonLine(value: unknown, aside: boolean): void {
  (aside ? process.stderr : process.stdout).write(`${JSON.stringify(value)}\n`);
}
