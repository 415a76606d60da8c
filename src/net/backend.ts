/** The contract of a backend: one server, every exchange bounded in time, size, number and money. */

import type { Json } from "../core/json.ts";
import type { TransportFault } from "../core/server-fault.ts";

export interface BackendRequest {
  readonly method?: "GET" | "POST";
  /** Below the base address, such as `/v1/models`. */
  readonly path: string;
  readonly body?: { readonly [key: string]: Json };
  /** Sent instead of `body`: an upload of files. */
  readonly form?: FormData;
  readonly signal?: AbortSignal;
  /** Sent where the provider has such a header; the same on every try. */
  readonly idempotencyKey?: string;
  /** Whether it may be sent again after it may have been carried out. Default: yes where it costs nothing. */
  readonly repeatable?: boolean;
}

export interface Exchange {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  /** Of the try that succeeded, and of all together with their pauses. */
  readonly milliseconds: number;
  readonly totalMilliseconds: number;
  /** How often it was sent, from 1. */
  readonly tries: number;
  /** What went wrong on earlier tries, in order. */
  readonly faults: readonly TransportFault[];
}

/** How a backend stands now. */
export interface BackendState {
  readonly host: string;
  readonly circuit: "closed" | "open" | "half open";
  readonly concurrency: { readonly allowed: number; readonly underWay: number; readonly waiting: number };
  /** Seconds after which silence counts as a stall, learned from measured latency. */
  readonly timeout: number;
  readonly requests: number;
  readonly retries: number;
  readonly faults: { readonly [fault in TransportFault]?: number };
  /** Milliseconds of the exchanges that succeeded; `null` before there are enough. */
  readonly latency: { readonly p50: number; readonly p99: number } | null;
}

export interface Backend {
  /** Host and port, as messages say it. */
  readonly host: string;
  /**
   * One exchange, tried again where that is safe. Rejects with a `BackendError` that names the fault; with the
   * signal's reason where that was aborted.
   */
  request(request: BackendRequest): Promise<Exchange>;
  /**
   * The reply's body as it comes, for answers that are shown while they are written. Not tried again once it began. A
   * body that is not read for as long as the server may be silent is closed.
   */
  stream(request: BackendRequest): Promise<Response>;
  state(): BackendState;
  close(): Promise<void>;
}
