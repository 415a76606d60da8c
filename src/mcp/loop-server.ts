/** A server of loops: the protocol on one side, a host on the other. */

import type { CallToolResult, McpServerFactory, Server, ServerContext } from "@modelcontextprotocol/server";
import { messageOf, PawlError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { LoopHost, RunReport } from "./loop-host.ts";
import { explainTool, resultTool, toolsOf } from "./loop-tools.ts";
import type { ServerParts } from "./packages.ts";

const instructions = `Each tool but ${resultTool} and ${explainTool} is a loop of Pawl: it decides about one item, one checked step at a time, and asks a person where it is not sure. A result with status "waiting" is no failure: a person answers with "pawl review", and ${resultTool} gives the result then.`;

/**
 * Makes servers of the host's loops, one for each connection. Throws `UsageError` `E_MCP_LOOP` at once where a loop
 * cannot be offered.
 */
export function loopServers(
  host: LoopHost,
  { server: sdk }: ServerParts,
  about: { readonly version: string; readonly say: (line: string) => void },
): McpServerFactory {
  const tools = toolsOf(host.loops);
  return () => {
    const server: Server = new sdk.Server(
      { name: "pawl", version: about.version },
      { capabilities: { tools: {} }, instructions },
    );
    server.setRequestHandler("tools/list", () => ({ tools }));
    server.setRequestHandler("tools/call", async ({ params }, context) => {
      const tool = tools.find(({ name }) => name === params.name);
      if (!tool) throw new sdk.ProtocolError(sdk.ProtocolErrorCode.InvalidParams, `there is no tool ${params.name}`);
      let result: CallToolResult;
      try {
        result = await call(host, params.name, params.arguments ?? {}, context);
      } catch (thrown) {
        if (!(thrown instanceof PawlError)) about.say(`mcp: ${params.name}: ${messageOf(thrown)}`);
        result = failure(messageOf(thrown));
      }
      return server.projectCallToolResult(result, tool.outputSchema);
    });
    return server;
  };
}

async function call(
  host: LoopHost,
  name: string,
  args: { readonly [argument: string]: unknown },
  { mcpReq }: ServerContext,
): Promise<CallToolResult> {
  if (name === explainTool) {
    const { text, receipt } = host.explain(String(args.run));
    return { content: [{ type: "text", text }], structuredContent: { ...receipt } };
  }
  if (name === resultTool) return toResult(host.report(String(args.run)));
  const { loop } = host.loops.find((served) => served.loop.name === name)!;
  const token = mcpReq._meta?.progressToken;
  const report = await host.run(loop, args as { readonly [field: string]: Json }, {
    signal: mcpReq.signal,
    onStep(progress, message) {
      if (token === undefined) return;
      const params = { progressToken: token, progress, message };
      // A client that is gone hears of no progress; its request is cancelled anyway.
      mcpReq.notify({ method: "notifications/progress", params }).catch(() => {});
    },
  });
  return toResult(report);
}

function failure(message: string): CallToolResult {
  return { content: [{ type: "text", text: message }], isError: true };
}

/** A report as structured content, and the same as text for clients that know no other. */
function toResult(report: RunReport): CallToolResult {
  const { run, version } = report;
  const told = tell(report);
  const isError = told.status === "failed" || told.status === "limit" || told.status === "held";
  const structuredContent = { run, version, ...told };
  const content = [{ type: "text" as const, text: JSON.stringify(structuredContent) }];
  return { content, structuredContent, ...(isError && { isError }) };
}

function tell(report: RunReport): { readonly status: string; readonly [field: string]: unknown } {
  const { run, status } = report;
  switch (status) {
    case "ended":
      return tellOutcome(report.outcome);
    case "waiting": {
      const message = `A person must answer first: pawl review, or pawl review --answer ${run} PATH VALUE. Then ask ${resultTool}.`;
      return { status, questions: report.questions, message };
    }
    case "sleeping": {
      const wakes = new Date(report.wakes).toISOString();
      return { status, wakes, message: "Call the same tool with the same item then." };
    }
    case "running":
      return { status, message: `It is under way; ask ${resultTool} later.` };
    case "unfinished":
      return { status, message: "Call the same tool with the same item: the run goes on." };
    case "held":
      return {
        status,
        message: "Another version of the loop left it unfinished: pawl run --changed says what becomes of it.",
      };
  }
}

function tellOutcome(outcome: Extract<RunReport, { status: "ended" }>["outcome"]): {
  readonly status: string;
  readonly [field: string]: unknown;
} {
  switch (outcome.kind) {
    case "done":
      return { status: "done", output: outcome.output };
    case "limit":
      return {
        status: "limit",
        message: `the limit of ${outcome.allowed} ${outcome.limit} was reached at ${outcome.path}`,
      };
    case "failed":
      return { status: "failed", message: `${outcome.message} (${outcome.code})` };
  }
}
