/** A request, ready to be sent. */

import type { BackendRequest } from "./backend.ts";
import type { BackendOptions } from "./backend-options.ts";

export interface Prepared {
  readonly url: string;
  readonly init: RequestInit;
  /** Size of the body. */
  readonly bytes: number;
  /** Whether it may be sent again after it may have been carried out. */
  readonly repeatable: boolean;
  readonly signal: AbortSignal | undefined;
  /** How often it was sent so far. */
  sent: number;
}

/** Puts a request below a base address, with key and headers. */
export function prepare(base: string, options: BackendOptions, request: BackendRequest): Prepared {
  const { path, body, form, signal, idempotencyKey } = request;
  const { apiKey, keyHeader = "authorization", headers, paid = false, idempotencyHeader = null } = options;
  const method = request.method ?? (body === undefined && form === undefined ? "GET" : "POST");
  const text = body === undefined ? null : JSON.stringify(body);
  const keyed = idempotencyKey !== undefined && idempotencyHeader !== null;
  return {
    url: base + path,
    init: {
      method,
      headers: {
        accept: "application/json, text/event-stream",
        ...(text !== null && { "content-type": "application/json" }),
        ...headers,
        ...(apiKey !== undefined && { [keyHeader]: keyHeader === "authorization" ? `Bearer ${apiKey}` : apiKey }),
        ...(keyed && { [idempotencyHeader]: idempotencyKey }),
      },
      // Its own type says where its parts begin.
      body: form ?? text,
    },
    bytes: form ? sizeOf(form) : text === null ? 0 : Buffer.byteLength(text),
    repeatable: request.repeatable ?? (method === "GET" || !paid || keyed),
    signal,
    sent: 0,
  };
}

/** Of what is uploaded, without what stands around its parts. */
function sizeOf(form: FormData): number {
  return [...form.values()].reduce((sum, part) => sum + (typeof part === "string" ? part.length : part.size), 0);
}
