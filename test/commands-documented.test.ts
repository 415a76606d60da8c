/** Every command and every option stands in the guide, in the section of its command. */

import { readFileSync } from "node:fs";
import { Command } from "commander";
import { expect, test } from "vitest";
import { commands } from "../src/cli/commands.ts";

const guide = readFileSync(new URL("../docs/guide/command-line.md", import.meta.url), "utf8");
// What holds for all commands stands before the first section.
const [common = "", ...sections] = guide.split(/^## (?=pawl )/m);

const program = new Command("pawl");
for (const add of commands) add(program, () => {});

/** A command's names and options, those of its own commands among them. */
function namesOf(command: Command): string[] {
  const options = command.options.flatMap(({ short, long }) => [short, long].filter((name) => name !== undefined));
  return [...options, ...command.commands.flatMap((below) => [below.name(), ...namesOf(below)])];
}

function isIn(text: string, name: string): boolean {
  return new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(text);
}

test.each(program.commands.map((command) => [command.name(), command] as const))("pawl %s", (name, command) => {
  const section = sections.find((text) => isIn(text.slice(0, text.indexOf("\n")), name));
  expect(section).toBeDefined();
  expect(namesOf(command).filter((one) => !isIn(common + section, one))).toEqual([]);
});

test("(control) a name inside another is not documented by it", () => {
  expect(isIn("`--quietly` and `--json`", "--quiet")).toBe(false);
  expect(isIn("`--quietly` and `--json`", "--json")).toBe(true);
});
