/** What a backend is opened with. */

import { UsageError } from "../core/errors.ts";
import type { CircuitOptions } from "./circuit.ts";
import type { Clock } from "./clock.ts";
import type { ConcurrencyOptions } from "./concurrency.ts";
import { canonicalHost, hostAndPort } from "./host-name.ts";
import type { RateOptions } from "./rate.ts";
import type { TimeoutOptions } from "./timeouts.ts";

export interface BackendOptions {
  /** Base address: `http://127.0.0.1:11434`, `https://api.example.com`; a final `/v1` is taken off. */
  readonly url: string;
  /** Never shown, never kept in a record. */
  readonly apiKey?: string | undefined;
  /** Header of the key: `authorization` (with `Bearer`) by default, `x-api-key` for Anthropic's. */
  readonly keyHeader?: "authorization" | "x-api-key";
  /** Sent with every request, such as `anthropic-version`; the key's own header goes before one of that name. */
  readonly headers?: { readonly [name: string]: string };
  /** Somebody is paid for each call: what may have been carried out is not sent again of its own accord. False by default. */
  readonly paid?: boolean;
  /** Header of the provider's idempotency key; `null` (the default) where it has none. */
  readonly idempotencyHeader?: string | null;
  /** Most times that a request is sent, from 1; 4 by default. */
  readonly tries?: number;
  /** Longest that a request waits in all between its tries, for its turn by the rate, or because the server asks; in seconds, 60 by default. */
  readonly patience?: number;
  /** Most bytes of a reply; 8 MiB by default. */
  readonly mostBytes?: number;
  readonly timeouts?: TimeoutOptions;
  readonly circuit?: CircuitOptions;
  readonly concurrency?: ConcurrencyOptions;
  /** Of the key, in this process; backends of the same key and rate share it. */
  readonly rate?: RateOptions;
  /** For tests. */
  readonly clock?: Clock;
}

export interface Address {
  /** Origin and path, without a final slash. */
  readonly base: string;
  /** Host and port, as messages say it. */
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
}

/** Refuses a key that no header can hold: the platform's own error would repeat it. */
export function checkKey(apiKey: string | undefined): void {
  if (apiKey === undefined || /^[\x21-\x7e]+$/.test(apiKey)) return;
  throw new UsageError("E_BACKEND_KEY", "the key of a backend is empty, or holds a space or a line break");
}

/**
 * What is sent with every request, the key included. Throws a `UsageError` (`E_BACKEND_HEADER`) for a header that HTTP
 * cannot hold: the platform's own error, which comes with the first request, would repeat its value.
 */
export function headersOf({ headers = {}, apiKey, keyHeader = "authorization" }: BackendOptions): Headers {
  const all = new Headers({ accept: "application/json, text/event-stream" });
  for (const [name, value] of Object.entries(headers)) {
    try {
      all.set(name, value);
    } catch {
      throw new UsageError("E_BACKEND_HEADER", "a header of a backend has a name or a value that no header can hold");
    }
  }
  // Whatever the case of a name: a header that stands here is not sent twice.
  if (apiKey !== undefined) all.set(keyHeader, keyHeader === "authorization" ? `Bearer ${apiKey}` : apiKey);
  return all;
}

/** Reads a base address. Throws a `UsageError` (`E_BACKEND_URL`) where it is none, or holds a password. */
export function addressOf(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : null;
  // The text may hold a key: it is not repeated.
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new UsageError("E_BACKEND_URL", "a backend's address starts with http:// or https://");
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    const message = `the address of ${url.host} may hold no name, password or query: keys have a field of their own`;
    throw new UsageError("E_BACKEND_URL", message);
  }
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const hostname = canonicalHost(url.hostname);
  return {
    // People paste the address that an OpenAI client wants.
    base: url.origin + url.pathname.replace(/\/+(v1\/*)?$/, ""),
    host: url.port === "" ? url.hostname : hostAndPort(hostname, port),
    hostname,
    port,
  };
}
