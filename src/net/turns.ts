/** When a request may be sent: the circuit, the key's rate, the server's own wish, and how many are under way. */

import type { BackendState } from "./backend.ts";
import type { BackendOptions } from "./backend-options.ts";
import { Circuit } from "./circuit.ts";
import type { Clock } from "./clock.ts";
import { Concurrency, type Load, type Permit } from "./concurrency.ts";
import { Failure } from "./failure.ts";
import { faultRules } from "./fault-rules.ts";
import { type Rate, rateOf } from "./rate.ts";
import type { Watch } from "./watch.ts";

export class Turns {
  readonly #clock: Clock;
  /** Longest wait, in milliseconds. */
  readonly #patience: number;
  readonly #circuit: Circuit;
  readonly #concurrency: Concurrency;
  readonly #rate: Rate | null;
  readonly #closing: AbortSignal;
  /** What opens the circuit, for whoever meets it open. */
  #sick: Failure | null = null;
  /** The server asked to be left alone until then. */
  #quietUntil = 0;

  constructor(options: BackendOptions, host: string, clock: Clock, patience: number, closing: AbortSignal) {
    this.#clock = clock;
    this.#patience = patience;
    this.#circuit = new Circuit(clock.now, options.circuit);
    this.#concurrency = new Concurrency(options.concurrency);
    // Without a key, the host is whom the rate belongs to.
    this.#rate = options.rate ? rateOf(options.apiKey ?? host, options.rate, clock) : null;
    this.#closing = closing;
    closing.addEventListener("abort", () => this.#concurrency.close(new Failure("closed")), { once: true });
  }

  get state(): Pick<BackendState, "circuit" | "concurrency"> {
    return { circuit: this.#circuit.state, concurrency: this.#concurrency.state };
  }

  /** Milliseconds until the server may be asked again; 0 where it may be now. A rate is not part of it. */
  get wait(): number {
    return Math.max(this.#quiet, this.#circuit.wait);
  }

  /** Waits for a turn to send so many bytes; who gets it leaves it once. Rejects with a `Failure` or the signal's reason. */
  async take(bytes: number, signal: AbortSignal | undefined): Promise<Permit> {
    let patience = this.#patience;
    let isRated = false;
    for (;;) {
      const quiet = this.#quiet;
      if (quiet > patience) throw new Failure("rate limited", { retryAfter: quiet / 1000, isFinal: true });
      if (this.#circuit.wait > 0) throw this.#isOpen();
      patience -= quiet;
      await this.pause(quiet, signal);
      const permit = await this.#concurrency.enter(signal);
      if (permit === null) throw new Failure("over the rate");
      let isTaken = false;
      try {
        if (!isRated) patience -= await this.#takeShare(bytes, patience, signal);
        isRated = true;
        // Others may have failed, and the server may have asked for quiet, while this one waited.
        isTaken = this.#quiet === 0 && this.#circuit.enter();
        if (isTaken) return permit;
      } finally {
        if (!isTaken) this.#concurrency.leave(permit, { kind: "neither" });
      }
    }
  }

  /** Waits for the request's share of the rate, and says for how many milliseconds. */
  async #takeShare(bytes: number, patience: number, signal: AbortSignal | undefined): Promise<number> {
    const now = this.#clock.now();
    const tokens = Math.ceil(bytes / 4);
    const wait = this.#rate ? this.#rate.take(tokens, patience, now) : 0;
    if (wait === null) {
      throw new Failure("over the rate", { retryAfter: (this.#rate?.wait(tokens, now) ?? 0) / 1000 });
    }
    await this.pause(wait, signal);
    return wait;
  }

  /** Milliseconds for which the server asked to be left alone. */
  get #quiet(): number {
    return Math.max(0, this.#quietUntil - this.#clock.now());
  }

  /** Gives a turn back with what came of it: `null` where all was well. */
  leave(permit: Permit, failure: unknown, watch: Watch): void {
    const circuit = this.#circuit;
    const rule = failure instanceof Failure ? faultRules[failure.fault] : null;
    const load: Load =
      failure === null ? { kind: "full", milliseconds: watch.took().whole } : { kind: rule?.busy ? "over" : "neither" };
    this.#concurrency.leave(permit, load);
    if (failure instanceof Failure && rule?.busy && failure.retryAfter !== null) {
      this.#quietUntil = Math.max(this.#quietUntil, this.#clock.now() + failure.retryAfter * 1000);
    }
    // Nobody waited for what it would say: it was not heard.
    if (failure !== null && (rule === null || watch.why === "closed" || watch.why === "aborted")) circuit.abandoned();
    else if (failure === null || rule?.sick === false) circuit.succeeded();
    else if (rule?.sick === true || this.#concurrency.state.allowed === 1) {
      if (failure instanceof Failure) this.#sick = failure;
      circuit.failed();
    } else circuit.abandoned();
  }

  /** Rejects with the signal's reason, or as closed. */
  async pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (milliseconds <= 0) return;
    const closing = this.#closing;
    try {
      await this.#clock.sleep(milliseconds, signal ? AbortSignal.any([closing, signal]) : closing);
    } catch (thrown) {
      signal?.throwIfAborted();
      throw closing.aborted ? new Failure("closed") : thrown;
    }
  }

  #isOpen(): Failure {
    return new Failure("circuit open", { retryAfter: this.#circuit.wait / 1000, cause: this.#sick ?? undefined });
  }
}
