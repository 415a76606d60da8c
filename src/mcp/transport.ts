/** The way to a server: a child process that dies with this one, or requests of which no answer is endless. */

import { basename } from "node:path";
import type { StreamableHTTPClientTransport, Transport } from "@modelcontextprotocol/client";
import type { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { McpServer } from "./mcp.ts";
import type { ClientParts } from "./packages.ts";
import { strangerText } from "./stranger-text.ts";

/** One message of a server. */
const mostMessageBytes = 4 * 1024 * 1024;
const lineFeed = 10;
const carriageReturn = 13;
/** Of what a program says on standard error, so much is kept. */
const mostSaidCharacters = 4_000;
const mostSaidLines = 5;

/** A transport that was not started yet. */
export interface Way {
  readonly transport: Transport;
  /** The last that the program said on standard error, on one line; empty for an address. */
  said(): string;
}

export function wayTo(server: McpServer, parts: ClientParts): Way {
  return "command" in server ? toProgram(server, parts) : toAddress(server, parts);
}

/** How a server is called in messages: without most of its arguments and its query, which may hold a secret. */
export function nameOf(server: McpServer): string {
  if ("command" in server) {
    const what = server.args?.find((argument) => !argument.startsWith("-") && !argument.includes("="));
    return strangerText(what === undefined ? server.command : `${basename(server.command)} ${what}`, 160);
  }
  const { origin, pathname } = new URL(server.url);
  return origin + pathname;
}

function toProgram(server: Extract<McpServer, { command: string }>, { stdio }: ClientParts): Way {
  const { command, args = [], env, cwd } = server;
  const transport: StdioClientTransport = new stdio.StdioClientTransport({
    command,
    args: [...args],
    ...(env && { env: { ...env } }),
    ...(cwd !== undefined && { cwd }),
    stderr: "pipe",
    maxBufferSize: mostMessageBytes,
  });
  let said = "";
  transport.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-mostSaidCharacters);
  });
  const start = transport.start.bind(transport);
  let pid: number | null = null;
  transport.start = async () => {
    await start();
    pid = transport.pid;
    if (pid !== null) endWithThisProcess(pid);
  };
  // Its input is closed first; a program that does not heed that is told, and then made, to end. The SDK waits longer.
  const close = transport.close.bind(transport);
  transport.close = async () => {
    const timers = [setTimeout(() => signal(pid, "SIGTERM"), 300), setTimeout(() => signal(pid, "SIGKILL"), 1_500)];
    try {
      await close();
    } finally {
      for (const timer of timers) clearTimeout(timer);
      if (pid !== null) children.delete(pid);
    }
  };
  return {
    transport,
    said() {
      const lines = said.split("\n").filter((line) => line.trim() !== "");
      return strangerText(lines.slice(-mostSaidLines).join(" ⏎ "), 600);
    },
  };
}

const children = new Set<number>();
let isWatching = false;

function endWithThisProcess(pid: number): void {
  children.add(pid);
  if (isWatching) return;
  isWatching = true;
  process.on("exit", () => {
    for (const child of children) signal(child, "SIGTERM");
  });
}

function signal(pid: number | null, name: "SIGTERM" | "SIGKILL"): void {
  if (pid === null) return;
  try {
    process.kill(pid, name);
  } catch {
    // It has ended already.
  }
}

function toAddress(server: Extract<McpServer, { url: string | URL }>, { client }: ClientParts): Way {
  const transport: StreamableHTTPClientTransport = new client.StreamableHTTPClientTransport(new URL(server.url), {
    requestInit: { headers: { ...server.headers } },
    fetch: boundedFetch,
  });
  return { transport, said: () => "" };
}

/** As `fetch`; an answer to a message, and each event of a stream, is read no further than one message may be long. */
async function boundedFetch(url: string | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.body) return response;
  // The stream of notifications (GET) lives as long as the connection: there each event is counted by itself.
  const isEvents = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  const blank = isEvents && init?.method !== "POST" ? new BlankLines() : null;
  let read = 0;
  const bound = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const last = blank?.lastIn(chunk) ?? -1;
      read = last === -1 ? read + chunk.byteLength : chunk.byteLength - last - 1;
      if (read > mostMessageBytes) controller.error(new Error(`an answer of more than ${mostMessageBytes} bytes`));
      else controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  const bounded = new Response(response.body.pipeThrough(bound), { status, statusText, headers });
  Object.defineProperties(bounded, { url: { value: response.url }, redirected: { value: response.redirected } });
  return bounded;
}

/** Finds the empty lines that end the events of a stream, however its lines end and wherever it is cut. */
class BlankLines {
  #isLineEmpty = true;
  #last = 0;

  /** Place in the chunk of the end of its last empty line; -1 for none. */
  lastIn(chunk: Uint8Array): number {
    let found = -1;
    for (const [place, byte] of chunk.entries()) {
      const isSecondHalf = byte === lineFeed && this.#last === carriageReturn;
      this.#last = byte;
      if (isSecondHalf) continue;
      const isEnd = byte === lineFeed || byte === carriageReturn;
      if (isEnd && this.#isLineEmpty) found = place;
      this.#isLineEmpty = isEnd;
    }
    return found;
  }
}
