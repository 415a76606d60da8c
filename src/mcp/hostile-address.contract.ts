/** An MCP server at an address of this machine, with whatever tools a test gives it: what it lists is all that it does. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface ListingServer extends AsyncDisposable {
  readonly url: string;
  /** May be changed at any time. */
  tools: readonly unknown[];
  /** Names of the tools that were called. */
  readonly calls: readonly string[];
  /** So many of the next calls are broken off. */
  drops: number;
}

export async function listingServer(tools: readonly unknown[] = []): Promise<ListingServer> {
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    if (request.method !== "POST") return void response.writeHead(405).end();
    const message = JSON.parse(await text(request)) as {
      id?: number;
      method: string;
      params?: { [name: string]: unknown };
    };
    if (message.id === undefined) return void response.writeHead(202).end();
    const answer = (result: object): void => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id: message.id, result }));
    };
    if (message.method === "initialize") {
      const { protocolVersion } = message.params ?? {};
      answer({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "listing", version: "1" } });
    } else if (message.method === "tools/list") answer({ tools: listing.tools });
    else {
      calls.push(String(message.params?.name));
      if (listing.drops-- > 0) response.destroy();
      else answer({ content: [{ type: "text", text: "called" }] });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const listing = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    tools,
    calls,
    drops: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return listing;
}
