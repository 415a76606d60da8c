/** One try that failed, inside a backend: what it was, and what may be done about it. */

import type { TransportFault } from "../core/server-fault.ts";
import { faultRules } from "./fault-rules.ts";

export class Failure extends Error {
  readonly fault: TransportFault;
  readonly status: number | null;
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfter: number | null;
  /** The server's own name for it, such as `insufficient_quota`. Never its sentences: they may hold the item. */
  readonly code: string | null;
  /** Asking again would come to the same. */
  readonly isFinal: boolean;
  /** The server may have carried the request out: by the fault's rule, unless more is known. */
  readonly maybeDone: boolean;

  constructor(
    fault: TransportFault,
    more: Partial<Pick<Failure, "status" | "retryAfter" | "code" | "isFinal" | "maybeDone" | "cause">> = {},
  ) {
    super(fault, more.cause === undefined ? undefined : { cause: more.cause });
    this.fault = fault;
    this.status = more.status ?? null;
    this.retryAfter = more.retryAfter ?? null;
    this.code = more.code ?? null;
    this.isFinal = more.isFinal ?? false;
    this.maybeDone = more.maybeDone ?? faultRules[fault].maybeDone;
  }
}
