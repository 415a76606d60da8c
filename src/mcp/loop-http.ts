/** A server of loops at an address: streamable HTTP, for clients on this machine, or with a key for others. */

import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { McpServerFactory } from "@modelcontextprotocol/server";
import { Access } from "../config/access.ts";
import { messageOf, UsageError } from "../core/errors.ts";
import { hostAndPort } from "../net/host-name.ts";
import type { ServerParts } from "./packages.ts";

const mostRequestBytes = 4 * 1024 * 1024;

export interface HttpServer {
  /** Where clients find it. */
  readonly url: string;
  readonly needsKey: boolean;
  close(): Promise<void>;
}

export interface HttpOptions {
  /** `127.0.0.1` by default; any other than this machine's own needs keys. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Bearer tokens, of which a request must bring one; none: whoever reaches it may call it. */
  readonly keys?: readonly string[];
  readonly say: (line: string) => void;
}

/** Listens. Rejects with `UsageError`: `E_PORT`, and `E_SERVE_KEYS` where other machines could call it without a key. */
export async function serveHttp(
  factory: McpServerFactory,
  { server: sdk }: ServerParts,
  { host = "127.0.0.1", port, keys = [], say }: HttpOptions,
): Promise<HttpServer> {
  const access = new Access(keys, host);
  const handler = sdk.createMcpHandler(factory, {
    maxRequestBodySize: mostRequestBytes,
    onerror: (error) => say(`mcp: ${messageOf(error)}`),
  });
  const fetch = (request: Request): Response | Promise<Response> => {
    // A page in a browser reaches loopback too, under a name of its own: it is turned away by what it must say.
    const foreign = access.foreign(request);
    if (foreign) return refused(403, foreign.message);
    if (access.clientOf(request) === null) return refused(401, "a bearer token that this server knows is needed");
    const { pathname } = new URL(request.url);
    return pathname === "/mcp" ? handler.fetch(request) : new Response("not found; try /mcp\n", { status: 404 });
  };
  const server = createAdaptorServer({ fetch, hostname: host });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: Error) => {
      reject(new UsageError("E_PORT", `port ${port} cannot be had: ${error.message}`, { cause: error, value: port }));
    });
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    needsKey: access.needsKey,
    url: `http://${hostAndPort(host, address.port)}/mcp`,
    async close() {
      await handler.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
    },
  };
}

/** As the protocol says an error that belongs to no request. */
function refused(status: 401 | 403, message: string): Response {
  const headers: { [name: string]: string } = status === 401 ? { "www-authenticate": "Bearer" } : {};
  return Response.json({ jsonrpc: "2.0", error: { code: -32_000, message }, id: null }, { status, headers });
}
