/** A server of loops on loopback: streamable HTTP for clients on this machine. */

import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { McpServerFactory } from "@modelcontextprotocol/server";
import { messageOf, UsageError } from "../core/errors.ts";
import type { ServerParts } from "./packages.ts";

const host = "127.0.0.1";
const mostRequestBytes = 4 * 1024 * 1024;

export interface HttpServer {
  /** Where clients find it. */
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on a port of 127.0.0.1; 0 takes a free one. Rejects with `UsageError` `E_PORT`. */
export async function serveHttp(
  factory: McpServerFactory,
  { server: sdk }: ServerParts,
  port: number,
  say: (line: string) => void,
): Promise<HttpServer> {
  const handler = sdk.createMcpHandler(factory, {
    maxRequestBodySize: mostRequestBytes,
    onerror: (error) => say(`mcp: ${messageOf(error)}`),
  });
  const fetch = (request: Request): Response | Promise<Response> => {
    // A page in a browser reaches loopback too, under a name of its own: it is turned away by what it must say.
    const refusal =
      sdk.hostHeaderValidationResponse(request, sdk.localhostAllowedHostnames()) ??
      sdk.originValidationResponse(request, sdk.localhostAllowedOrigins());
    if (refusal) return refusal;
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
    url: `http://${host}:${address.port}/mcp`,
    async close() {
      await handler.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
    },
  };
}
