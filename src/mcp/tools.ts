/** Opens a server and makes tools of Pawl of what its user has declared. */

import type { Tool as SentTool } from "@modelcontextprotocol/client";
import { UsageError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
import type { JsonSchema, Schema } from "../core/schema.ts";
import { withJsonSchema } from "../core/schema.ts";
import { type CallContext, defineTool } from "../tool/tool.ts";
import { Connection, LostConnection } from "./connection.ts";
import { Guard } from "./guard.ts";
import { listedTools, pawlName } from "./listed-tool.ts";
import type { ListedTool, McpServer, McpTool, McpToolset, McpToolsOptions } from "./mcp.ts";
import { nearestName } from "./nearest-name.ts";
import { resultValue } from "./result.ts";
import { strangerSchema } from "./stranger-schema.ts";
import { strangerText } from "./stranger-text.ts";

const defaultSeconds = 30;
const defaultBytes = 65_536;
const optionNames = ["effects", "limits", "pin", "prefix", "mostBytes", "seconds"];

/**
 * Opens an MCP server. Only tools with a declared effect become tools of Pawl. Throws `UsageError`: `E_MCP_TOOL` (a
 * declared tool that the server does not have, or that cannot be offered), `E_MCP_PIN` (it is not what was pinned),
 * `E_MCP_NAME`, `E_MCP_PACKAGE`, `E_MCP`; and `ToolError` `E_MCP_SERVER` where the server cannot be reached.
 */
export async function mcpTools(server: McpServer, options: McpToolsOptions): Promise<McpToolset> {
  refuseUnknown("E_MCP", "mcpTools", options, optionNames);
  requireEffects(options);
  const connection = await Connection.open(serverOf(server), options.seconds ?? defaultSeconds);
  try {
    const sent = await connection.tools();
    const listed = listedTools(sent);
    const declared = Object.keys(options.effects);
    const found = declared.map((name) => declaredTool(name, listed, options.pin ?? {}));
    const guard = new Guard(connection, new Map(found.map(({ name, hash }) => [name, hash])));
    const tools = new Map(
      declared.map((name) => [name, makeTool(sent.find((tool) => tool.name === name)!, connection, guard, options)]),
    );
    refuseTwins(tools);
    const instructions = await connection.instructions();
    const close = (): Promise<void> => connection.close();
    return {
      tools: [...tools.values()],
      tool: (name) => tools.get(name) ?? noSuchTool(name, [...tools.keys()]),
      undeclared: listed.filter(({ name }) => !Object.hasOwn(options.effects, name)),
      instructions,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (thrown) {
    await connection.close();
    throw thrown;
  }
}

/** What a server has, for looking at: nothing of it can be called. Throws as `mcpTools` does. */
export async function mcpListing(
  server: McpServer,
  seconds: number = defaultSeconds,
): Promise<{ readonly tools: readonly ListedTool[]; readonly instructions: string | null }> {
  const connection = await Connection.open(serverOf(server), seconds);
  try {
    return { tools: listedTools(await connection.tools()), instructions: await connection.instructions() };
  } finally {
    await connection.close();
  }
}

function serverOf(server: McpServer): McpServer {
  const isProgram = "command" in server;
  refuseUnknown("E_MCP", "an MCP server", server, isProgram ? ["command", "args", "env", "cwd"] : ["url", "headers"]);
  if (!isProgram && !/^https?:$/.test(URL.parse(server.url)?.protocol ?? "")) {
    throw new UsageError("E_MCP", `an MCP server's url is an http or https address: ${server.url} is not`, {
      value: String(server.url),
    });
  }
  return server;
}

function requireEffects({ effects, limits = {}, pin = {} }: McpToolsOptions): void {
  for (const [name, effect] of Object.entries(effects)) {
    if (!["read", "write", "irreversible"].includes(effect)) {
      throw new UsageError("E_MCP", `the effect of ${name} must be read, write or irreversible`, { value: effect });
    }
  }
  for (const [place, names] of [["limits", Object.keys(limits)] as const, ["pin", Object.keys(pin)] as const]) {
    const idle = names.find((name) => !Object.hasOwn(effects, name));
    if (idle !== undefined) {
      throw new UsageError("E_MCP", `${place} names ${idle}, which has no effect declared`, { value: idle });
    }
  }
}

/** The tool of that name, fit to be offered and the one that was pinned. */
function declaredTool(
  name: string,
  listed: readonly ListedTool[],
  pin: { readonly [tool: string]: string },
): ListedTool {
  const found = listed.find((tool) => tool.name === name);
  if (!found) {
    const names = listed.map((tool) => tool.name);
    const nearest = nearestName(name, names);
    const hint = nearest === undefined ? "it has none" : `the nearest that it has is ${nearest}`;
    throw new UsageError("E_MCP_TOOL", `effects names ${name}, but the server has no such tool; ${hint}`, {
      value: name,
    });
  }
  if (found.trouble !== null) {
    throw new UsageError("E_MCP_TOOL", `the tool ${name} cannot be offered: ${found.trouble}`, { value: name });
  }
  if (!Object.hasOwn(pin, name) || pin[name] === found.hash) return found;
  throw new UsageError(
    "E_MCP_PIN",
    `the tool ${name} is not what was pinned: it is ${found.hash} now. Look at it (pawl mcp --tools), then change its pin`,
    { value: found.hash },
  );
}

function refuseTwins(tools: ReadonlyMap<string, McpTool>): void {
  const seen = new Map<string, string>();
  for (const [own, { name }] of tools) {
    const other = seen.get(name);
    if (other !== undefined) {
      throw new UsageError("E_MCP_NAME", `${other} and ${own} would both be called ${name}: declare one of them`, {
        value: own,
      });
    }
    seen.set(name, own);
  }
}

function noSuchTool(name: string, names: readonly string[]): never {
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? "none is" : `the nearest that is offered is ${nearest}`;
  throw new UsageError("E_MCP_TOOL", `the tool ${name} is not offered; ${hint}`, { value: name });
}

const anyJson = (): Schema<Json> =>
  withJsonSchema<Schema<Json>>(
    { "~standard": { version: 1, vendor: "mcp", validate: (value: unknown) => ({ value: value as Json }) } },
    {},
  );

function makeTool(sent: SentTool, connection: Connection, guard: Guard, options: McpToolsOptions): McpTool {
  const { name, description = "", inputSchema, outputSchema } = sent;
  const { effects, limits = {}, prefix = "", mostBytes = defaultBytes } = options;
  const effect = effects[name]!;
  const call = async (args: { readonly [argument: string]: unknown }, { key, signal }: CallContext): Promise<Json> => {
    for (let tries = 1; ; tries++) {
      await connection.ready();
      await guard.check(name, signal);
      try {
        return resultValue(await connection.call({ name, args, key, signal }), outputSchema !== undefined, mostBytes);
      } catch (thrown) {
        // Nobody knows how far a lost call came: only one that changes nothing is made again.
        if (!(thrown instanceof LostConnection) || effect !== "read" || tries > 1) throw thrown;
      }
    }
  };
  return defineTool({
    name: pawlName(name, prefix),
    description: strangerText(description, 1_000),
    effect,
    input: strangerSchema<{ readonly [argument: string]: unknown }>(inputSchema as JsonSchema, connection.parts),
    output: outputSchema ? strangerSchema<Json>(outputSchema as JsonSchema, connection.parts) : anyJson(),
    ...(Object.hasOwn(limits, name) && { limits: limits[name]! }),
    run: call,
  });
}
