/** From what a server sends about a tool to what people and loops are told of it. */

import type { Tool as SentTool } from "@modelcontextprotocol/client";
import { UsageError } from "../core/errors.ts";
import { textKey } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import type { Effect } from "../core/question.ts";
import { schemaTrouble } from "../core/schema-trouble.ts";
import type { ListedTool, ToolHints } from "./mcp.ts";
import { strangerText } from "./stranger-text.ts";

const mostName = 128;
const mostDescription = 1_000;

/** The tools as listed, in the server's order. One that is there twice is none. */
export function listedTools(sent: readonly SentTool[]): readonly ListedTool[] {
  const counts = new Map<string, number>();
  for (const { name } of sent) counts.set(name, (counts.get(name) ?? 0) + 1);
  const first = sent.filter(({ name }, place) => sent.findIndex((other) => other.name === name) === place);
  return first.map((tool) => listedTool(tool, counts.get(tool.name)! > 1));
}

function listedTool(tool: SentTool, isTwice: boolean): ListedTool {
  const hints = hintsOf(tool);
  const hash = toolHash(tool);
  return {
    name: strangerText(tool.name, mostName),
    description: strangerText(tool.description ?? "", mostDescription),
    hints,
    suggested: suggested(hints),
    hash: hash ?? "",
    trouble: isTwice ? "the server lists it twice" : hash === null ? "it cannot be read" : toolTrouble(tool),
  };
}

function toolTrouble({ name, inputSchema, outputSchema }: SentTool): string | null {
  if (!/^[\w./-]{1,128}$/.test(name)) return "its name is none that a tool may have";
  const output = outputSchema === undefined ? null : schemaTrouble(outputSchema);
  return schemaTrouble(inputSchema) ?? (output === null ? null : `of its result: ${output}`);
}

function hintsOf({ annotations = {} }: SentTool): ToolHints {
  const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = annotations;
  return {
    readOnly: readOnlyHint ?? null,
    destructive: destructiveHint ?? null,
    idempotent: idempotentHint ?? null,
    openWorld: openWorldHint ?? null,
  };
}

/** As the protocol reads hints: whatever does not only read may destroy, unless it says otherwise. */
function suggested({ readOnly, destructive }: ToolHints): Effect {
  if (readOnly === true) return "read";
  return destructive === false ? "write" : "irreversible";
}

/** A key of all that a server says about a tool; `null` where it cannot be spelled. */
export function toolHash({
  name,
  title,
  description,
  inputSchema,
  outputSchema,
  annotations,
}: SentTool): string | null {
  try {
    return textKey("mcp tool", canonicalJson([name, title, description, inputSchema, outputSchema, annotations]));
  } catch {
    return null;
  }
}

/** `readFile` and `get-sum` as names of Pawl: `read_file`, `get_sum`. Throws `UsageError` `E_MCP_NAME`. */
export function pawlName(name: string, prefix: string): string {
  const lower = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
  const made = prefix + lower.replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  if (/^[a-z][a-z0-9_]*$/.test(made)) return made;
  throw new UsageError("E_MCP_NAME", `the tool ${name} would be called "${made}", which is no name: give a prefix`, {
    value: name,
  });
}
