/** A look at what an MCP server has, with the declarations to paste. */

import { UsageError } from "../core/errors.ts";
import type { ListedTool, McpServer, ToolHints } from "../mcp/mcp.ts";
import { mcpListing } from "../mcp/tools.ts";
import { type ExitCode, print, printJson } from "./command.ts";

/** Prints the tools of the server that a command starts, or that has an address. Returns the exit code. */
export async function listTools(words: readonly string[], json: boolean): Promise<ExitCode> {
  const { tools, instructions } = await mcpListing(serverOf(words));
  if (json) {
    printJson({ tools, instructions });
    return 0;
  }
  for (const line of listingLines(tools)) print(line);
  if (instructions !== null) print(`\nThe server says about its use: ${instructions}`);
  return 0;
}

function serverOf([first, ...args]: readonly string[]): McpServer {
  if (first === undefined) {
    throw new UsageError("E_USAGE", "name the server: pawl mcp --tools -- COMMAND ARGS..., or its address");
  }
  return /^https?:\/\//.test(first) && args.length === 0 ? { url: first } : { command: first, args };
}

/** Every tool, and a block of effects in which nothing counts until somebody has looked at it. */
export function listingLines(tools: readonly ListedTool[]): readonly string[] {
  if (tools.length === 0) return ["The server has no tools."];
  const lines = tools.flatMap(({ name, description, hints, trouble }) => [
    name,
    `  ${description === "" ? "(no description)" : description}`,
    `  it says of itself: ${hintText(hints)}`,
    ...(trouble === null ? [] : [`  cannot be offered: ${trouble}`]),
  ]);
  const fit = tools.filter(({ trouble }) => trouble === null);
  if (fit.length === 0) return lines;
  return [
    ...lines,
    "",
    "What a tool does to the world is for you to say; what stands here is what the server says. Look, correct, uncomment:",
    "",
    "effects: {",
    ...fit.map(({ name, suggested }) => `  // ${JSON.stringify(name)}: "${suggested}",`),
    "},",
    "pin: {",
    ...fit.map(({ name, hash }) => `  // ${JSON.stringify(name)}: "${hash}",`),
    "},",
  ];
}

const hintWords: readonly (readonly [keyof ToolHints, string, string])[] = [
  ["readOnly", "only reads", "does not only read"],
  ["destructive", "destroys", "destroys nothing"],
  ["idempotent", "twice is once", "twice is twice"],
  ["openWorld", "reaches out", "stays inside"],
];

function hintText(hints: ToolHints): string {
  const words = hintWords.flatMap(([key, yes, no]) => (hints[key] === null ? [] : [hints[key] ? yes : no]));
  return words.length === 0 ? "nothing" : words.join(", ");
}
