/** Why an exchange with a server failed. */

import { ModelError } from "../core/errors.ts";
import type { TransportFault } from "../core/server-fault.ts";

export class BackendError extends ModelError {
  readonly fault: TransportFault;
  /** Whether the server may have carried the request out all the same, and be paid for it. */
  readonly maybeDone: boolean;
  /** What went wrong on all tries, in order; the last is `fault`. */
  readonly faults: readonly TransportFault[];
  readonly status: number | null;
  /** Seconds after which the server said that it may be asked again; `null` where it did not say. */
  readonly retryAfter: number | null;

  constructor(
    fault: TransportFault,
    message: string,
    more: {
      readonly maybeDone: boolean;
      readonly faults: readonly TransportFault[];
      readonly status?: number | null;
      readonly retryAfter?: number | null;
      readonly cause?: unknown;
    },
  ) {
    super("E_BACKEND", message, { value: fault, cause: more.cause });
    this.fault = fault;
    this.maybeDone = more.maybeDone;
    this.faults = more.faults;
    this.status = more.status ?? null;
    this.retryAfter = more.retryAfter ?? null;
  }
}
