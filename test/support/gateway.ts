/** A gateway without a port, asked straight. */

import type { Config } from "../../src/config/config.ts";
import { makeParts, type OpenParts } from "../../src/config/parts.ts";
import { createGateway, type Gateway, type GatewayOptions } from "../../src/gateway/gateway.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { memoryJournal } from "../../src/journal/memory.ts";

export interface Asked extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly journal: Journal;
  readonly parts: OpenParts;
  /** Sends a body to a route, with headers beside its type. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Told>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Told>;
}

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects in there.
  readonly body: any;
}

export interface GatewayWorld extends Partial<Omit<GatewayOptions, "config">> {
  readonly config: Config;
  /** Instead of the parts' own policy. */
  readonly policy?: OpenParts["policy"];
}

/** Opened and ready; closed, with its journal, when the test is over. */
export async function openGateway({ config, policy, ...options }: GatewayWorld): Promise<Asked> {
  const journal = options.journal ?? memoryJournal();
  const parts = { ...makeParts(config, journal), ...(policy && { policy }) };
  const gateway = createGateway({ config, journal, parts, ...options });
  await gateway.open();
  const send = async (path: string, init: RequestInit): Promise<Told> => {
    const response = await gateway.fetch(new Request(`http://localhost${path}`, init));
    const { status, headers } = response;
    const text = await response.text();
    const isJson = headers.get("content-type")?.startsWith("application/json");
    return { status, headers, text, body: isJson ? JSON.parse(text) : null };
  };
  return {
    gateway,
    journal,
    parts,
    post: (path, body, headers = {}) =>
      send(path, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      }),
    get: (path, headers = {}) => send(path, { headers }),
    async [Symbol.asyncDispose]() {
      await gateway.close(50);
      await journal.close();
    },
  };
}

/** One choice between two teams, about a text. */
export function teamRequest(state: string, more: object = {}): object {
  const question = { type: "choice", instructions: "Which team?", criteria: { billing: null, refund: null } };
  return { model: "pawl", state, questions: { team: question }, ...more };
}
