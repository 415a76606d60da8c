/** Loops as MCP tools: what a client is told of them before it calls one. */

import type { Tool as SentTool } from "@modelcontextprotocol/server";
import { UsageError } from "../core/errors.ts";
import type { JsonSchema } from "../core/schema.ts";
import type { Loop } from "../loop/loop.ts";
import type { ServedLoop } from "./loop-host.ts";

export const resultTool = "pawl_result";
export const explainTool = "pawl_explain";

const statuses = ["done", "limit", "failed", "waiting", "sleeping", "running", "unfinished", "held"];

/** All tools of a server of these loops. Throws `UsageError` `E_MCP_LOOP` where one cannot be offered. */
export function toolsOf(loops: readonly ServedLoop[]): SentTool[] {
  const seen = new Set<string>();
  for (const { loop } of loops) {
    if (seen.has(loop.name)) {
      throw new UsageError("E_MCP_LOOP", `two loops are called ${loop.name}: offer one of them`, { value: loop.name });
    }
    seen.add(loop.name);
    if (loop.inputJson.type !== "object") {
      const message = `the loop ${loop.name} takes no object, so it cannot be an MCP tool`;
      throw new UsageError("E_MCP_LOOP", message, { value: loop.inputJson.type });
    }
  }
  return [...loops.map(loopTool), aboutRun(resultTool, resultText, runResult), aboutRun(explainTool, explainText)];
}

function loopTool({ loop, effects }: ServedLoop): SentTool {
  const said = typeof loop.inputJson.description === "string" ? `${loop.inputJson.description} ` : "";
  return {
    name: loop.name,
    description: `${said}Runs the loop ${loop.name} on one item. The same item is the same run: called again, it goes on or gives its result. Where a person is asked, the answer is a run id; ${resultTool} gives the result later.`,
    inputSchema: loop.inputJson as SentTool["inputSchema"],
    outputSchema: resultSchema(loop),
    annotations: hintsOf(effects),
  };
}

/** Honest, and the worst where nobody has said what the loop's tools do. */
function hintsOf(effects: ServedLoop["effects"]): NonNullable<SentTool["annotations"]> {
  if (effects === null) {
    return { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true };
  }
  const isReadOnly = effects.every((effect) => effect === "read");
  return {
    readOnlyHint: isReadOnly,
    destructiveHint: effects.includes("irreversible"),
    // The same item is the same run, and what a run has done it does not do again.
    idempotentHint: true,
    openWorldHint: effects.length > 0,
  };
}

const resultText =
  "How a run of one of these loops stands: its result, or that it waits for a person, and how to answer.";
const explainText = "The receipt of a run: its steps, what each rung thought, and why each answer stood or not.";

function aboutRun(name: string, description: string, outputSchema?: SentTool["outputSchema"]): SentTool {
  return {
    name,
    description,
    inputSchema: {
      type: "object",
      properties: { run: { type: "string", description: "The run's id, as a call of a loop gives it." } },
      required: ["run"],
      additionalProperties: false,
    },
    ...(outputSchema && { outputSchema }),
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  };
}

/** What a call gives as structured content. */
function resultSchema({ outputJson }: Pick<Loop, "outputJson">): NonNullable<SentTool["outputSchema"]> {
  return {
    type: "object",
    properties: {
      run: { type: "string" },
      version: { type: "string" },
      status: { type: "string", enum: statuses },
      output: outputJson !== null && !hasReferences(outputJson) ? outputJson : {},
      message: { type: "string" },
      questions: {
        type: "array",
        items: {
          type: "object",
          properties: { path: { type: "string" }, ask: { type: "string" } },
          required: ["path", "ask"],
        },
      },
      wakes: { type: "string" },
    },
    required: ["run", "version", "status"],
  };
}

const runResult = resultSchema({ outputJson: null });

/** References are meant from the root of their own schema. */
function hasReferences(schema: JsonSchema): boolean {
  return /"\$(ref|dynamicRef|id|anchor)":/.test(JSON.stringify(schema));
}
