/** Ctrl-C: the first lets what is under way end, the second stops at once. */

/** How long the runs in flight get to be given back after the second, in milliseconds. */
const graceAfterSecond = 3_000;

export class Interrupts {
  readonly #drain = new AbortController();
  readonly #stop = new AbortController();
  #listener: (signal: "first" | "second") => void = () => {};
  readonly #onSignal = (): void => {
    if (!this.#drain.signal.aborted) {
      this.#drain.abort();
      this.#listener("first");
      return;
    }
    if (this.#stop.signal.aborted) process.exit(130);
    this.#stop.abort();
    this.#listener("second");
    setTimeout(() => process.exit(130), graceAfterSecond).unref();
  };

  constructor() {
    process.on("SIGINT", this.#onSignal);
    // Whoever stops a service sends this one, and gives it a while.
    process.on("SIGTERM", this.#onSignal);
  }

  /** Aborted by the first: start nothing new. */
  get drain(): AbortSignal {
    return this.#drain.signal;
  }

  /** Aborted by the second: give everything back. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Called at each. */
  listen(listener: (signal: "first" | "second") => void): void {
    this.#listener = listener;
  }

  /**
   * The work's result, or an `AbortError` at the first interrupt: for work that there is nothing to drain of. Work
   * that has something to drain now and then brings a signal of its own.
   */
  unlessInterrupted<T>(work: Promise<T>, signal: AbortSignal = this.drain): Promise<T> {
    work.catch(() => {});
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      if (signal.aborted) return onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    });
  }

  end(): void {
    process.removeListener("SIGINT", this.#onSignal);
    process.removeListener("SIGTERM", this.#onSignal);
  }
}
