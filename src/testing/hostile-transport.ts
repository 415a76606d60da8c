/** What the hostile server does to the bytes of a reply, whatever they say. */

import type { ServerResponse } from "node:http";
import type { HostileFaultName } from "./hostile-faults.ts";

/** How a fault is carried out on one response. */
interface Carried {
  readonly response: ServerResponse;
  /** The reply that would be right. */
  readonly body: string;
  /** An address that is not this server's. */
  readonly elsewhere: string;
  /** Milliseconds between the bytes of a slow reply. */
  readonly pause: number;
}

function plain(response: ServerResponse, status: number, body: object, headers: { readonly [name: string]: string }) {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

const error = (type: string, message: string): object => ({ error: { type, code: type, message } });

/** Writes the same piece again and again, no faster than it is read, until the client has gone. */
function forever(response: ServerResponse, piece: Uint8Array, most: number): void {
  let written = 0;
  const more = (): void => {
    while (!response.destroyed && written < most) {
      written += piece.byteLength;
      if (!response.write(piece)) {
        response.once("drain", more);
        return;
      }
    }
  };
  more();
}

const storm = ({ response }: Carried, after: { readonly [name: string]: string }): void =>
  plain(response, 429, error("rate_limit_error", "Rate limit reached."), after);

const half = (body: string): string => body.slice(0, Math.ceil(body.length / 2));

/** Faults of the way; those that are not here happen in the reply, or before the request is read. */
export const transportFaults: { readonly [name in HostileFaultName]?: (carried: Carried) => void } = {
  "connection reset before the reply": ({ response }) => void response.socket?.resetAndDestroy(),
  "connection reset mid-body": ({ response, body }) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": String(body.length + 10) });
    response.write(half(body), () => response.socket?.resetAndDestroy());
  },
  "stall before the reply": () => {},
  "stall mid-stream": ({ response, body }) => {
    response.writeHead(200, { "content-type": "application/json" }).write(half(body));
  },
  "slow-loris": ({ response, body, pause }) => {
    response.writeHead(200, { "content-type": "application/json" });
    let sent = 0;
    const clock = setInterval(() => {
      // The last sign never comes: there is no end to wait for.
      response.write(sent < body.length - 1 ? body[sent++]! : " ");
    }, pause);
    response.once("close", () => clearInterval(clock));
  },
  "endless whitespace": ({ response }) => {
    response.writeHead(200, { "content-type": "application/json" }).write('{"choices":');
    forever(response, Buffer.from(" \n\t ".repeat(1024)), 64 * 2 ** 20);
  },
  "10 MB reply": ({ response, body }) => {
    const padding = "x".repeat(10_000_000);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(`{"padding":"${padding}",${body.slice(1)}`);
  },
  "invalid UTF-8": ({ response, body }) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(
      Buffer.concat([Buffer.from('{"note":"'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from(`",${body.slice(1)}`)]),
    );
  },
  "HTML with 200": ({ response }) => {
    response
      .writeHead(200, { "content-type": "text/html" })
      .end("<!doctype html><title>Welcome</title><h1>Sign in</h1>");
  },
  "500 with a parse error": ({ response }) =>
    plain(response, 500, error("server_error", "Failed to parse input at pos 17: <tool_call>{"), {}),
  "503 overloaded": ({ response }) => plain(response, 503, error("overloaded_error", "Overloaded"), {}),
  "error with 200": ({ response }) => plain(response, 200, error("overloaded_error", "Overloaded"), {}),
  "429 storm": (carried) => storm(carried, {}),
  "429 storm with Retry-After": (carried) => storm(carried, { "retry-after": "1" }),
  "429 for an hour": (carried) => storm(carried, { "retry-after": "3600" }),
  "context exceeded": ({ response }) =>
    plain(
      response,
      400,
      error("context_length_exceeded", "This model's maximum context length is 512 tokens. Please reduce the prompt."),
      {},
    ),
  unauthorized: ({ response }) => plain(response, 401, error("authentication_error", "Invalid key."), {}),
  "not found": ({ response }) => plain(response, 404, error("not_found_error", "No such model."), {}),
  "redirect off the host": ({ response, elsewhere }) => {
    response.writeHead(307, { location: elsewhere }).end();
  },
};
