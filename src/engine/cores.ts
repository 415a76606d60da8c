/**
 * One scheduler owns the machine's cores: passes take as many as their engine has threads, so that the
 * engines' threads together never exceed them. Oversubscribed, the runtime spins and is ten times slower.
 */

import { availableParallelism } from "node:os";

interface Waiting {
  readonly cores: number;
  readonly start: () => void;
}

/** A first-in first-out weighted semaphore. Nobody overtakes, so a wide pass is never starved by narrow ones. */
export class Cores {
  readonly total: number;
  #free: number;
  #queue: Waiting[] = [];

  constructor(total: number = availableParallelism()) {
    this.total = Math.max(1, Math.floor(total));
    this.#free = this.total;
  }

  /** Cores that no pass holds at this moment. */
  get free(): number {
    return this.#free;
  }

  /** Passes that wait for cores. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** As many cores as an engine that wants `wanted` threads gets: at least one, at most all. */
  grant(wanted: number): number {
    return Math.min(this.total, Math.max(1, Math.floor(wanted)));
  }

  /**
   * Waits for cores and takes them; the function that comes back gives them up again and may be called twice.
   * Rejects with the signal's reason when it is aborted while waiting, and then takes nothing.
   */
  take(wanted: number, signal?: AbortSignal): Promise<() => void> {
    const cores = this.grant(wanted);
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        cores,
        start: () => {
          signal?.removeEventListener("abort", giveUp);
          this.#free -= cores;
          resolve(this.#releaser(cores));
        },
      };
      const giveUp = () => {
        this.#queue = this.#queue.filter((other) => other !== waiting);
        reject(signal?.reason);
        // Whoever stood behind a wide pass that left may fit now.
        this.#advance();
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#queue.push(waiting);
      this.#advance();
    });
  }

  #releaser(cores: number): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#free += cores;
      this.#advance();
    };
  }

  #advance(): void {
    for (let next = this.#queue[0]; next && next.cores <= this.#free; next = this.#queue[0]) {
      this.#queue.shift();
      next.start();
    }
  }
}

/** The cores of this process: every engine takes its passes' threads from here. */
export const machineCores: Cores = new Cores();
