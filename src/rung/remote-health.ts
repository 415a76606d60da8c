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
/** Nor may so many questions in a row meet nobody: without a reply they take no time, and a file is soon through. */
const MOST_IN_A_ROW = 20;
const away: readonly TransportFault[] = ["unreachable", "circuit open"];

export class Health {
  readonly #now: () => number;
  /** Since when it is away; `null` while it is there. */
  #awaySince: number | null = null;
  #inARow = 0;
  /** A server that never replied does not restart: it is not there. */
  #hasReplied = false;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** `failure`: why a question got no reply at all; `null` where it got one. */
  isBroken(failure: BackendError | null): failure is BackendError {
    if (failure === null || !away.includes(failure.fault)) {
      this.#awaySince = null;
      this.#inARow = 0;
    }
    if (failure === null) {
      this.#hasReplied = true;
      return false;
    }
    if (hopeless.includes(failure.fault)) return true;
    if (!away.includes(failure.fault)) return false;
    this.#awaySince ??= this.#now();
    this.#inARow++;
    return !this.#hasReplied || this.#inARow > MOST_IN_A_ROW || this.#now() - this.#awaySince >= PATIENCE;
  }
}
