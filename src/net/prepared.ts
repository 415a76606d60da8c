/** A request, ready to be sent. */

import type { BackendRequest } from "./backend.ts";
import type { BackendOptions } from "./backend-options.ts";
import type { Size } from "./timeouts.ts";

export interface Prepared {
  readonly url: string;
  readonly init: RequestInit;
  readonly size: Size;
  /** Whether it may be sent again after it may have been carried out. */
  readonly repeatable: boolean;
  readonly signal: AbortSignal | undefined;
  /** How often it was sent so far. */
  sent: number;
}

/** Puts a request below a base address, with the headers that every one has and its own. */
export function prepare(base: string, always: Headers, options: BackendOptions, request: BackendRequest): Prepared {
  const { path, body, form, signal, idempotencyKey } = request;
  const { paid = false, idempotencyHeader = null } = options;
  const method = request.method ?? (body === undefined && form === undefined ? "GET" : "POST");
  const text = body === undefined ? null : JSON.stringify(body);
  const keyed = idempotencyKey !== undefined && idempotencyHeader !== null;
  const headers = new Headers(always);
  if (text !== null && !headers.has("content-type")) headers.set("content-type", "application/json");
  if (keyed) headers.set(idempotencyHeader, idempotencyKey);
  return {
    url: base + path,
    // A form's own type says where its parts begin.
    init: { method, headers, body: form ?? text },
    size: {
      bytes: form ? sizeOf(form) : text === null ? 0 : Buffer.byteLength(text),
      answerTokens: answerTokensIn(body ?? {}),
    },
    repeatable: request.repeatable ?? (method === "GET" || !paid || keyed),
    signal,
    sent: 0,
  };
}

/** Names by which formats bound an answer; Ollama's stands inside `options`. */
const bounds = ["max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict"];

/** Most tokens that the answer may have; 0 where the body does not say. */
function answerTokensIn(body: NonNullable<BackendRequest["body"]>): number {
  const { options } = body;
  const all: { readonly [name: string]: unknown } = { ...(typeof options === "object" ? options : {}), ...body };
  return Math.max(0, ...bounds.map((name) => all[name]).filter((value) => typeof value === "number"));
}

/** Of what is uploaded, without what stands around its parts. */
function sizeOf(form: FormData): number {
  return [...form.values()].reduce((sum, part) => sum + (typeof part === "string" ? part.length : part.size), 0);
}
