/**
 * A server that misbehaves on purpose, on 127.0.0.1. It speaks five formats well enough to be asked a question in,
 * answers right from a script, and does one named thing wrong. Everything it does has an end.
 */

import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Json } from "../core/json.ts";
import type { WireName } from "../wire/wire.ts";
import { decisionReply } from "./hostile-decisions.ts";
import { type HostileFault, type HostileFaultName, hostileFaults } from "./hostile-faults.ts";
import { aboutModels } from "./hostile-models.ts";
import { askedOf, type HostileAsked, type HostileScript, wireOfPath } from "./hostile-request.ts";
import { streamed } from "./hostile-stream.ts";
import { textReply } from "./hostile-text.ts";
import { transportFaults } from "./hostile-transport.ts";
import { testCertificate } from "./test-certificate.ts";

export interface HostileOptions {
  /** What it does wrong; without it, all is well. */
  readonly fault?: HostileFaultName;
  /** The only format it speaks; by default all five. */
  readonly wire?: WireName;
  readonly script?: HostileScript | undefined;
  /** Probability of the right answer, 0 to 1; 0.9 by default. */
  readonly sure?: number;
  /** For how many questions the fault lasts; by default for all. */
  readonly faultFor?: number;
  /** Name of the model that it has, as lists of models say it; `hostile` by default. */
  readonly model?: string;
  /** Milliseconds between two bytes of a slow reply; 10 by default. */
  readonly pause?: number;
}

/** A request as it came in. */
export interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** Parsed; `null` where it was no JSON. */
  readonly body: unknown;
}

export interface HostileServer extends AsyncDisposable {
  /** Base address, without a path: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** What it was asked, oldest first: questions, not lists of models. At most the first 10,000. */
  readonly requests: readonly HostileRequest[];
  /** Connections that were opened to it. */
  readonly connections: number;
  /** Requests that reached the address to which it redirects: there must be none. */
  readonly strayed: number;
}

const MOST_BYTES = 2 ** 22;
const MOST_KEPT = 10_000;
/** What hangs on purpose ends by itself, should a test forget it. In milliseconds. */
const LONGEST = 60_000;

/** Starts one. Rejects with a `TypeError` for a fault that it does not know, or that its format cannot have. */
export async function startHostileServer(options: HostileOptions = {}): Promise<HostileServer> {
  const fault = options.fault === undefined ? null : faultOf(options.fault, options.wire);
  const requests: HostileRequest[] = [];
  let connections = 0;
  let strayed = 0;
  const elsewhere = createServer((_, response) => {
    strayed++;
    response.end("{}");
  });
  const stray = fault?.name === "redirect off the host" ? `${await listen(elsewhere, "http")}/v1/elsewhere` : "";
  const listener: RequestListener = (request, response) => {
    void serve(request, response).catch(() => response.destroy());
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.on("error", () => {});
    const path = new URL(request.url ?? "/", "http://hostile").pathname;
    const text = await textOf(request);
    if (text === null) return void response.writeHead(413).end();
    const body = jsonOf(text);
    const about = aboutModels(path, { ...options, model: options.model ?? "hostile" });
    if (about !== null) return send(response, 200, about);
    const wire = wireOfPath[path];
    if (wire === undefined || (options.wire !== undefined && wire !== options.wire)) {
      return send(response, 404, { error: { message: "no such route", type: "not_found_error" } });
    }
    if (requests.length < MOST_KEPT) {
      requests.push({ method: request.method ?? "", path, headers: request.headers, body });
    }
    if (typeof body !== "object" || body === null || Array.isArray(body)) {
      return send(response, 400, { error: { message: "the body is no JSON object", type: "invalid_request_error" } });
    }
    const asked = askedOf(wire, path, request.headers, body as HostileAsked["body"]);
    const now = fault !== null && requests.length <= (options.faultFor ?? Number.POSITIVE_INFINITY) ? fault.name : null;
    const reply = replyTo(asked, options, now);
    const carry = now === null ? undefined : transportFaults[now as HostileFaultName];
    const [type, whole] = streamed(asked, reply) ?? ["application/json", JSON.stringify(reply)];
    if (carry) carry({ response, body: whole, elsewhere: stray, pause: options.pause ?? 10 });
    else response.writeHead(200, { "content-type": type }).end(whole);
  };
  const secure = fault?.name === "self-signed certificate";
  const server = secure ? createSecureServer(testCertificate(), listener) : createServer(listener);
  server.on("connection", (socket) => {
    connections++;
    socket.on("error", () => {});
    setTimeout(() => socket.destroy(), LONGEST).unref();
  });
  server.on("tlsClientError", () => {});
  const url = await listen(server, secure ? "https" : "http");
  return {
    url,
    requests,
    get connections() {
      return connections;
    },
    get strayed() {
      return strayed;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([close(server), close(elsewhere)]);
    },
  };
}

function faultOf(name: string, wire: WireName | undefined): HostileFault {
  const fault = hostileFaults.find((one) => one.name === name);
  if (fault === undefined) throw new TypeError(`the hostile server knows no fault "${name}"`);
  if (wire !== undefined && !fault.wires.includes(wire)) {
    throw new TypeError(`"${name}" does not happen in the format ${wire}`);
  }
  return fault;
}

function replyTo(asked: HostileAsked, options: HostileOptions, fault: string | null): Json {
  if (fault === "another shape with 200") return { ok: true, result: ["something", "else"] };
  const { script, sure = 0.9 } = options;
  const answer = typeof script === "function" ? script(asked) : script;
  const inWords = asked.wire !== "systemone" && asked.wire !== "decisions";
  return inWords ? textReply(asked, answer, sure, fault) : decisionReply(asked, answer, sure, fault);
}

/** `null` where it is longer than any question. */
async function textOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > MOST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function send(response: ServerResponse, status: number, body: Json): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function listen(server: Server, scheme: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
