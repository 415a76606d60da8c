/** What a client is told when it gets no answer: a status, and an error object as the formats' clients read it. */

import type { Json } from "../core/json.ts";
import type { FullError } from "./admission.ts";

/** Thrown inside the gateway, and made a response by it. */
export class Problem extends Error {
  readonly status: number;
  /** Stable, such as `idempotency_conflict`. */
  readonly code: string;
  /** Dotted path of what was wrong in the request; `null` where it is no field. */
  readonly param: string | null;
  readonly headers: { readonly [name: string]: string };
  /** Where the answer can be asked for later, and more of the kind. */
  readonly pawl: { readonly [key: string]: Json } | null;

  constructor(
    status: number,
    code: string,
    message: string,
    more: {
      readonly param?: string | null;
      readonly headers?: { readonly [name: string]: string };
      readonly pawl?: { readonly [key: string]: Json };
    } = {},
  ) {
    super(message);
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.param = more.param ?? null;
    this.headers = more.headers ?? {};
    this.pawl = more.pawl ?? null;
  }

  get body(): { readonly [key: string]: Json } {
    const { message, code, param, pawl } = this;
    return { error: { message, type: typeOf(this.status), param, code }, ...(pawl && { pawl }) };
  }
}

/** No place, and when to come again. */
export function tooMany({ message, retryAfter }: FullError): Problem {
  return new Problem(429, "too_many_requests", message, { headers: { "retry-after": String(retryAfter) } });
}

function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}
