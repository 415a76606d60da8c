/** One server, open: its tools, its calls, and coming back to it after it went away. */

import type { CallToolResult, Client, Tool as SentTool } from "@modelcontextprotocol/client";
import { messageOf, ToolError } from "../core/errors.ts";
import { longestTimer } from "../core/longest-timer.ts";
import type { McpServer } from "./mcp.ts";
import { type ClientParts, clientPackage } from "./packages.ts";
import { strangerText } from "./stranger-text.ts";
import { nameOf, type Way, wayTo } from "./transport.ts";

const mostTools = 1_000;
const mostInstructions = 4_000;
const mostReason = 600;

/** A call that was sent and of which nobody knows how it ended, or that could not be sent. */
export class LostConnection extends Error {}

export interface CallRequest {
  /** The server's name of the tool. */
  readonly name: string;
  readonly args: { readonly [argument: string]: unknown };
  /** The same for every try of the same call: it goes along as `_meta["pawl/idempotency-key"]`. */
  readonly key: string;
  readonly signal: AbortSignal;
}

interface Open {
  readonly client: Client;
  readonly way: Way;
  isLost: boolean;
  /** The last trouble that belonged to no request. */
  trouble: unknown;
}

export class Connection {
  readonly parts: ClientParts;
  readonly name: string;
  /** The server said that its tools changed, or it is another process than before. */
  isStale = false;
  readonly #server: McpServer;
  readonly #milliseconds: number;
  #open: Promise<Open> | null = null;
  #wasOpen = false;
  #isClosed = false;

  private constructor(server: McpServer, parts: ClientParts, seconds: number) {
    this.#server = server;
    this.parts = parts;
    this.name = nameOf(server);
    this.#milliseconds = Math.min(seconds * 1000, longestTimer);
  }

  /** Rejects with `UsageError` `E_MCP_PACKAGE` and `ToolError` `E_MCP_SERVER`. */
  static async open(server: McpServer, seconds: number): Promise<Connection> {
    const connection = new Connection(server, await clientPackage(), seconds);
    await connection.#ready();
    return connection;
  }

  async instructions(): Promise<string | null> {
    const { client } = await this.#ready();
    return strangerText(client.getInstructions(), mostInstructions) || null;
  }

  /** The tools as they are now. Rejects with a `ToolError`. */
  async tools(): Promise<readonly SentTool[]> {
    const open = await this.#ready();
    try {
      const options = { timeout: this.#milliseconds, cacheMode: "refresh" as const };
      const { tools } = await open.client.listTools(undefined, options);
      if (tools.length <= mostTools) return tools;
    } catch (thrown) {
      throw this.#error(open, "does not list its tools", thrown);
    }
    throw this.#error(open, `lists more than ${mostTools} tools`);
  }

  /** Connects again where the connection was lost. Rejects with a `ToolError`. */
  async ready(): Promise<void> {
    await this.#ready();
  }

  /** Rejects with `LostConnection`, or an error that says what the server or the call's signal said. */
  async call({ name, args, key, signal }: CallRequest): Promise<CallToolResult> {
    const open = await this.#ready();
    const { client } = open;
    try {
      return await client.callTool(
        { name, arguments: { ...args }, _meta: { "pawl/idempotency-key": key } },
        // The time limit is the tool's own, by the signal. With a definition at hand the SDK checks nothing against one
        // that it got in the meantime: results are checked here.
        { signal, timeout: longestTimer, toolDefinition: { name, inputSchema: { type: "object" } } },
      );
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const { ProtocolError, SdkError, SdkErrorCode } = this.parts.client;
      const isAnswered =
        thrown instanceof ProtocolError || (thrown instanceof SdkError && isAnswer(SdkErrorCode, thrown.code));
      if (isAnswered) throw new Error(strangerText(messageOf(thrown), mostReason));
      this.#lose(open);
      throw new LostConnection(`${this.name} went away during the call${reasons(open, thrown)}`);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const open = await this.#open?.catch(() => null);
    this.#open = null;
    await open?.client.close().catch(() => {});
  }

  #lose(open: Open): void {
    if (open.isLost) return;
    open.isLost = true;
    this.#open = null;
    // A client whose connection has ended no longer knows its transport.
    Promise.all([open.client.close(), open.way.transport.close()]).catch(() => {});
  }

  #ready(): Promise<Open> {
    if (this.#isClosed) {
      return Promise.reject(new ToolError("E_MCP_CLOSED", `the tools of ${this.name} are closed`));
    }
    this.#open ??= this.#connect().catch((thrown: unknown) => {
      this.#open = null;
      throw thrown;
    });
    return this.#open;
  }

  async #connect(): Promise<Open> {
    let trouble: ToolError | undefined;
    // Most servers speak as they did in 2025; those that no longer do are asked for what they speak.
    for (const mode of ["legacy", "auto"] as const) {
      const way = wayTo(this.#server, this.parts);
      const client = this.#client(mode);
      const open: Open = { client, way, isLost: false, trouble: undefined };
      client.onclose = () => {
        if (!this.#isClosed) this.#lose(open);
      };
      client.onerror = (error) => {
        open.trouble = error;
      };
      try {
        await client.connect(way.transport, { timeout: this.#milliseconds });
        // Whoever answers there now may be another than before.
        this.isStale = this.#wasOpen;
        this.#wasOpen = true;
        return open;
      } catch (thrown) {
        open.isLost = true;
        await client.close().catch(() => {});
        trouble ??= this.#error(open, "cannot be reached", thrown);
        if (!(thrown instanceof this.parts.client.ProtocolError)) break;
      }
    }
    throw trouble ?? new ToolError("E_MCP_SERVER", `the MCP server ${this.name} cannot be reached`);
  }

  #client(mode: "legacy" | "auto"): Client {
    const stale = (): void => {
      this.isStale = true;
    };
    return new this.parts.client.Client(
      { name: "pawl", version: "1" },
      {
        versionNegotiation: { mode },
        listMaxPages: 64,
        // Nothing that a server asks of us in the middle of a call is answered.
        inputRequired: { autoFulfill: false },
        listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: stale } },
      },
    );
  }

  #error(open: Open, what: string, thrown?: unknown): ToolError {
    return new ToolError("E_MCP_SERVER", `the MCP server ${this.name} ${what}${reasons(open, thrown)}`, {
      cause: thrown,
    });
  }
}

/** Everything that is known of why, each thing once. */
function reasons({ way, trouble }: Open, thrown: unknown): string {
  const texts = [thrown, trouble].filter((one) => one !== undefined && one !== null);
  const said = way.said();
  const why = [...new Set(texts.map((one) => strangerText(messageOf(one), mostReason)))].map((text) => `: ${text}`);
  return why.join("") + (said === "" ? "" : ` (its last words: ${said})`);
}

/** Whether an error of that code says that the server is there, and has answered something. */
function isAnswer(codes: ClientParts["client"]["SdkErrorCode"], code: string): boolean {
  const answers: readonly string[] = [codes.InvalidResult, codes.UnsupportedResultType, codes.CapabilityNotSupported];
  return answers.includes(code);
}
