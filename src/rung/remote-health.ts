/** When a rung on a server counts as broken, so that a batch stops instead of sending everything to people. */

import type { TransportFault } from "../core/server-fault.ts";
import type { BackendError } from "../net/backend-error.ts";

/** No question will fare better. */
const hopeless: readonly TransportFault[] = [
  "unauthorized",
  "not found",
  "host not allowed",
  "certificate",
  "redirect",
  "closed",
];
/** A server that restarts is back before this; one that is not is gone. In milliseconds. */
const PATIENCE = 30_000;
const away: readonly TransportFault[] = ["unreachable", "circuit open"];

export class Health {
  readonly #now: () => number;
  /** Since when it is away; `null` while it is there. */
  #awaySince: number | null = null;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** `failure`: why a question got no reply at all; `null` where it got one. */
  isBroken(failure: BackendError | null): failure is BackendError {
    if (failure === null || !away.includes(failure.fault)) this.#awaySince = null;
    if (failure === null) return false;
    if (hopeless.includes(failure.fault)) return true;
    if (!away.includes(failure.fault)) return false;
    this.#awaySince ??= this.#now();
    return this.#now() - this.#awaySince >= PATIENCE;
  }
}
