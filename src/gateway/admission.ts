/** How many runs are under way at once, who waits for a place, and when to come again where there is none. */

/** There is no place, and none that can be waited for. */
export class FullError extends Error {
  /** Whole seconds after which there should be one. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number) {
    super(message);
    this.name = "FullError";
    this.retryAfter = retryAfter;
  }
}

export interface AdmissionOptions {
  /** Most at once, and most that wait. */
  readonly inFlight: number;
  readonly queue: number;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: FullError) => void;
}

/** So many of the last ends tell how fast places come free. */
const remembered = 64;
const longestRetry = 60;

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #waiters = new Set<Waiter>();
  readonly #ends: number[] = [];
  #inFlight = 0;
  #refused = 0;
  #isClosed = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get queued(): number {
    return this.#waiters.size;
  }

  get refused(): number {
    return this.#refused;
  }

  /** Resolves with a place, first come first served; `leave` gives it back. Rejects with a `FullError`. */
  async enter(milliseconds: number): Promise<void> {
    if (this.#isClosed) throw new FullError("the gateway is shutting down", 1);
    if (this.#inFlight < this.#options.inFlight) {
      this.#inFlight++;
      return;
    }
    if (this.#waiters.size >= this.#options.queue) throw this.#full("too many requests are waiting already");
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(this.#full("no place came free in time"));
      }, milliseconds);
      const waiter: Waiter = {
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** Gives a place back; whoever has waited longest gets it. */
  leave(): void {
    this.#ends.push(this.#options.now());
    if (this.#ends.length > remembered) this.#ends.shift();
    const next = this.#waiters.values().next().value;
    if (!next) {
      this.#inFlight--;
      return;
    }
    this.#waiters.delete(next);
    next.resolve();
  }

  /** Nobody gets a place any more; those who wait are sent away. */
  close(): void {
    this.#isClosed = true;
    for (const waiter of this.#waiters) waiter.reject(new FullError("the gateway is shutting down", 1));
    this.#waiters.clear();
  }

  #full(message: string): FullError {
    this.#refused++;
    return new FullError(message, this.retryAfter());
  }

  /** When all that is here now should be through, at the pace of late: from 1 to 60 seconds. */
  retryAfter(): number {
    const [first] = this.#ends;
    if (first === undefined || this.#ends.length < 2) return 1;
    const seconds = Math.max(1, this.#options.now() - first) / 1000;
    const perSecond = this.#ends.length / seconds;
    const ahead = this.#inFlight + this.#waiters.size;
    return Math.min(longestRetry, Math.max(1, Math.ceil(ahead / perSecond)));
  }
}
