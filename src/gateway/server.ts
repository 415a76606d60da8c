/** The gateway on a port: bounds on what a connection may take, and an end that loses nothing. */

import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { messageOf, UsageError } from "../core/errors.ts";
import type { Gateway } from "./gateway.ts";

export interface ListenOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Longest that the headers, and that the whole request, may take to come, in milliseconds. */
  readonly headersTimeout?: number;
  readonly requestTimeout?: number;
}

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Such as `http://127.0.0.1:8787`. */
  readonly address: string;
  /** Takes no more connections or questions, lets those under way end within so many milliseconds, and closes the gateway. */
  close(milliseconds?: number): Promise<void>;
}

/** A reply that is on its way to a slow client gets so long after its run has left. */
const lastWords = 2_000;

/** Listens. Rejects with a `UsageError` `E_LISTEN` where the port cannot be had. */
export async function listen(gateway: Gateway, options: ListenOptions): Promise<Listening> {
  const { host, port, headersTimeout = 10_000, requestTimeout = 30_000 } = options;
  const server = createAdaptorServer({
    fetch: (request) => gateway.fetch(request),
    hostname: host,
    // Rungs make requests of their own in this process, with the platform's objects.
    overrideGlobalObjects: false,
    serverOptions: {
      headersTimeout,
      requestTimeout,
      // How often the two are looked at.
      connectionsCheckingInterval: Math.min(1_000, headersTimeout),
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
    },
  }) as Server;
  await new Promise<void>((resolve, reject) => {
    const refuse = (thrown: unknown): void => {
      const message = `cannot listen on ${host} port ${port}: ${messageOf(thrown)}`;
      reject(new UsageError("E_LISTEN", message, { value: port, cause: thrown }));
    };
    server.once("error", refuse);
    server.listen(port, host, () => {
      server.off("error", refuse);
      resolve();
    });
  });
  const bound = server.address();
  const own = typeof bound === "object" && bound !== null ? bound.port : port;
  return {
    host,
    port: own,
    address: `http://${host.includes(":") ? `[${host}]` : host}:${own}`,
    async close(milliseconds) {
      gateway.drain();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await gateway.close(milliseconds);
      // Connections that are kept alive are idle once their reply is out.
      const idle = setInterval(() => server.closeIdleConnections(), 20);
      const last = setTimeout(() => server.closeAllConnections(), lastWords);
      await closed;
      clearInterval(idle);
      clearTimeout(last);
    },
  };
}
