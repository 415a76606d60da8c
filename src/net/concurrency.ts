/** How many requests a server is given at once: more while it keeps up, half as many when it says that it cannot. */

export interface ConcurrencyOptions {
  /** At the beginning; 4 by default. */
  readonly start?: number;
  /** Never more; 64 by default. */
  readonly most?: number;
  /** Most requests that may wait; 10,000 by default. */
  readonly waiting?: number;
}

export interface Permit {
  /** Number of the decrease after which it was given: what began before one says nothing about it. */
  readonly era: number;
}

/** `full`: it kept up. `over`: it could not. `neither`: it was not a question of load. */
export type Load = { readonly kind: "full"; readonly milliseconds: number } | { readonly kind: "over" | "neither" };

interface Waiting {
  go(permit: Permit): void;
  fail(reason: unknown): void;
}

/** Beyond this multiple of the time that a request takes alone, more at once only means a longer queue at the server. */
const SLOWED = 3;
const SMOOTHING = 0.2;

export class Concurrency {
  readonly #most: number;
  readonly #mostWaiting: number;
  #allowed: number;
  #underWay = 0;
  #era = 0;
  #smooth: number | null = null;
  #quickest = Number.POSITIVE_INFINITY;
  readonly #queue = new Set<Waiting>();

  constructor(options: ConcurrencyOptions = {}) {
    const { start = 4, most = 64, waiting = 10_000 } = options;
    this.#most = Math.max(1, most);
    this.#allowed = Math.min(Math.max(1, start), this.#most);
    this.#mostWaiting = waiting;
  }

  get state(): { readonly allowed: number; readonly underWay: number; readonly waiting: number } {
    return { allowed: Math.floor(this.#allowed), underWay: this.#underWay, waiting: this.#queue.size };
  }

  /** Waits for its turn, first come first served; `null` where too many wait. Rejects with the signal's reason. */
  async enter(signal?: AbortSignal): Promise<Permit | null> {
    signal?.throwIfAborted();
    if (this.#queue.size === 0 && this.#underWay < Math.floor(this.#allowed)) return this.#permit();
    if (this.#queue.size >= this.#mostWaiting) return null;
    return await new Promise<Permit>((resolve, reject) => {
      const aborted = (): void => waiting.fail(signal?.reason);
      const leave = (): void => {
        this.#queue.delete(waiting);
        signal?.removeEventListener("abort", aborted);
      };
      const waiting: Waiting = {
        go: (permit) => {
          leave();
          resolve(permit);
        },
        fail: (reason) => {
          leave();
          reject(reason);
        },
      };
      this.#queue.add(waiting);
      signal?.addEventListener("abort", aborted, { once: true });
    });
  }

  leave(permit: Permit, load: Load): void {
    this.#underWay--;
    if (load.kind === "over" && permit.era === this.#era) {
      this.#era++;
      this.#allowed = Math.max(1, this.#allowed / 2);
    }
    if (load.kind === "full") this.#kept(load.milliseconds);
    while (this.#queue.size > 0 && this.#underWay < Math.floor(this.#allowed)) {
      const [first] = this.#queue;
      first!.go(this.#permit());
    }
  }

  /** Fails everybody who waits. */
  close(reason: unknown): void {
    for (const waiting of [...this.#queue]) waiting.fail(reason);
  }

  #permit(): Permit {
    this.#underWay++;
    return { era: this.#era };
  }

  #kept(milliseconds: number): void {
    this.#smooth = this.#smooth === null ? milliseconds : this.#smooth + SMOOTHING * (milliseconds - this.#smooth);
    // What was quickest is forgotten slowly: a server may become slower for good.
    this.#quickest = Math.min(this.#quickest * 1.001, this.#smooth);
    const needed = this.#underWay + 1 >= Math.floor(this.#allowed);
    if (!needed || this.#smooth > SLOWED * this.#quickest) return;
    this.#allowed = Math.min(this.#most, this.#allowed + 1 / this.#allowed);
  }
}
