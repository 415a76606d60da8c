/** How much of a server's words is read. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { describe, expect, test } from "vitest";
import { clientPackage } from "./packages.ts";
import { wayTo } from "./transport.ts";

const mebibyte = "x".repeat(1024 * 1024);

/** What a client of a server's stream of notifications hears: each message, and the first trouble. */
async function heard(pieces: () => Iterable<string>) {
  const server = createServer(async (request, response) => {
    if (request.method !== "GET") return void response.writeHead(405).end();
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const piece of pieces()) {
      if (response.destroyed) return;
      if (!response.write(piece)) await new Promise((resolve) => response.once("drain", resolve));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { transport } = wayTo({ url: `http://127.0.0.1:${port}/mcp` }, await clientPackage());
  try {
    const messages: unknown[] = [];
    return await new Promise<{ messages: readonly unknown[]; trouble: string }>((resolve, reject) => {
      transport.onmessage = (message) => {
        messages.push(message);
      };
      transport.onerror = ({ message }) => resolve({ messages, trouble: message });
      transport
        .start()
        .then(() => (transport as StreamableHTTPClientTransport).resumeStream("1"))
        .catch(reject);
    });
  } finally {
    await transport.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const event = (text: string, end: string): string =>
  `data: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params: { text } })}${end}${end}`;

describe("a stream of notifications", () => {
  test.each(["\n", "\r\n", "\r"])("may last, but no event of it (lines end with %j)", async (end) => {
    const { messages, trouble } = await heard(function* () {
      for (let count = 0; count < 6; count++) yield event(mebibyte, end);
      for (;;) yield `data: ${mebibyte}${end}`;
    });
    expect(messages).toHaveLength(6);
    expect(trouble).toMatch(/more than 4194304 bytes/);
  });
});
