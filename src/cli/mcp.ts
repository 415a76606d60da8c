/** Loops offered as MCP tools, over standard input and output or at an address. */

import { readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import { keysIn } from "../config/access.ts";
import { UsageError } from "../core/errors.ts";
import type { Effect } from "../core/question.ts";
import type { ServedLoop } from "../mcp/loop-host.ts";
import { type HttpServer, serveHttp } from "../mcp/loop-http.ts";
import { loopServers } from "../mcp/loop-server.ts";
import { type ServerParts, serverPackage } from "../mcp/packages.ts";
import { type ExitCode, log } from "./command.ts";
import { Interrupts } from "./interrupts.ts";
import { type LoadedLoop, loadLoop } from "./load.ts";
import { JournalHost } from "./mcp-host.ts";
import { openSession, rememberConfig, rememberLoop, rememberRungs } from "./session.ts";

/** What `pawl mcp` takes. */
export interface McpOptions {
  readonly config?: string;
  readonly journal?: string;
  readonly http?: number;
  readonly host?: string;
  readonly concurrency: number;
  readonly tools?: true;
  readonly json?: true;
}

/** Serves loops, or lists a server's tools. Returns the exit code. */
export async function mcp(words: readonly string[], options: McpOptions): Promise<ExitCode> {
  if (options.tools) {
    const { listTools } = await import("./mcp-tools.ts");
    return listTools(words, options.json ?? false);
  }
  if (options.json) throw new UsageError("E_USAGE", "--json means something only with --tools");
  if (options.host !== undefined && options.http === undefined) {
    throw new UsageError("E_USAGE", "--host means something only with --http");
  }
  if (words.length === 0) {
    throw new UsageError(
      "E_USAGE",
      "name the loops to offer: pawl mcp LOOP...; or --tools -- COMMAND to look at a server",
    );
  }
  // From here on standard output is the protocol's, whatever a loop's module prints.
  const output = options.http === undefined ? protocolOutput() : null;
  const interrupts = new Interrupts();
  const session = await openSession({ ...options, stop: interrupts.drain, say: log });
  try {
    const parts = await serverPackage();
    const loaded: LoadedLoop[] = [];
    for (const word of words) loaded.push(await loadLoop(word));
    const loops = await Promise.all(loaded.map(servedLoop));
    for (const { loop, from } of loaded) rememberLoop(session.journal, loop.name, from);
    rememberConfig(session.journal, session.configFile);
    rememberRungs(session);
    // Begun at once, so that the first call need not wait for all of it; whoever calls hears what went wrong.
    const opening = session.parts.open();
    opening.catch((thrown: unknown) => log(`mcp: ${thrown instanceof Error ? thrown.message : thrown}`));
    const host = new JournalHost({ session, loops, concurrency: options.concurrency, opened: () => opening });
    const factory = loopServers(host, parts, { version: version(), say: log });
    log(`mcp: offers ${loops.map(({ loop }) => `${loop.name} (version ${loop.version})`).join(", ")}`);
    if (output) await overStdio(parts, factory, output, interrupts.drain);
    else {
      const keys = [...(session.config.serve?.keys ?? []), ...keysIn(process.env.PAWL_SERVE_KEYS)];
      const { http: port = 0, host = "127.0.0.1" } = options;
      await overHttp(await serveHttp(factory, parts, { host, port, keys, say: log }), interrupts.drain);
    }
    await host.idle();
    return 0;
  } finally {
    interrupts.end();
    await session.close();
  }
}

type Factory = ReturnType<typeof loopServers>;

/** Until the client closes its end, or somebody interrupts. */
async function overStdio({ stdio }: ServerParts, factory: Factory, output: Writable, stop: AbortSignal): Promise<void> {
  const handle = stdio.serveStdio(factory, {
    transport: new stdio.StdioServerTransport(process.stdin, output),
    onerror: (error) => log(`mcp: ${error.message}`),
  });
  await new Promise<void>((resolve) => {
    for (const event of ["end", "close", "error"]) process.stdin.once(event, () => resolve());
    stop.addEventListener("abort", () => resolve(), { once: true });
    if (stop.aborted) resolve();
  });
  await handle.close();
}

async function overHttp(server: HttpServer, stop: AbortSignal): Promise<void> {
  const who = server.needsKey ? "whoever has a key" : "every program of this machine";
  log(`mcp: listens at ${server.url}; ${who} may call it`);
  if (!stop.aborted)
    await new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
  await server.close();
}

/** Standard output for the protocol alone: what else is written there goes to standard error. */
function protocolOutput(): Writable {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      write(chunk, done);
    },
  });
}

/** The loop with what its file says of its tools: an export `tools`, a list of them. */
async function servedLoop({ loop, from }: LoadedLoop): Promise<ServedLoop> {
  const file = /\.[cm]?[jt]s$/.test(from) ? from : from.replace(/#[^#]*$/, "");
  const module = (await import(pathToFileURL(file).href)) as { readonly tools?: unknown };
  if (module.tools === undefined) return { loop, effects: null };
  const effects = Array.isArray(module.tools) ? module.tools.map(effectOf) : [undefined];
  if (effects.every((effect) => effect !== undefined)) return { loop, effects };
  throw new UsageError(
    "E_MCP_LOOP",
    `${file} exports tools, which is no list of tools: name those that its loops call`,
  );
}

function effectOf(tool: unknown): Effect | undefined {
  const effect = typeof tool === "object" && tool !== null && "effect" in tool ? tool.effect : undefined;
  return effect === "read" || effect === "write" || effect === "irreversible" ? effect : undefined;
}

function version(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
