/** A backend over `fetch`: one server, its turn, its limits, its retries. */

import type { TransportFault } from "../core/server-fault.ts";
import type { Backend, BackendRequest, BackendState, Exchange } from "./backend.ts";
import { BackendError } from "./backend-error.ts";
import { type Address, addressOf, type BackendOptions, checkKey, headersOf } from "./backend-options.ts";
import { type Clock, realClock } from "./clock.ts";
import { isRefused } from "./egress.ts";
import { json, pieces, send } from "./exchange.ts";
import { Failure } from "./failure.ts";
import { faultRules } from "./fault-rules.ts";
import { messageFor } from "./fault-text.ts";
import { type Prepared, prepare } from "./prepared.ts";
import { BodyGuard } from "./read-body.ts";
import { backoff, retryAfterSeconds } from "./retry-after.ts";
import { Timeouts } from "./timeouts.ts";
import { Turns } from "./turns.ts";
import { Watch } from "./watch.ts";

/**
 * Opens one. Nothing is sent before the first request. Throws a `UsageError` (`E_BACKEND_URL`, `E_BACKEND_KEY`,
 * `E_BACKEND_HEADER`).
 */
export function openBackend(options: BackendOptions): Backend {
  return new HttpBackend(options);
}

const MOST_BYTES = 8 * 2 ** 20;

/** One try under way: whoever began it ends it, once. */
interface Try {
  readonly watch: Watch;
  readonly guard: BodyGuard;
  readonly response: Response;
  ended(failure: unknown): void;
}

class HttpBackend implements Backend {
  readonly host: string;
  readonly #options: BackendOptions;
  readonly #address: Address;
  readonly #headers: Headers;
  readonly #clock: Clock;
  readonly #patience: number;
  readonly #timeouts: Timeouts;
  readonly #turns: Turns;
  readonly #closing = new AbortController();
  readonly #faults: { [fault in TransportFault]?: number } = {};
  #requests = 0;
  #retries = 0;

  constructor(options: BackendOptions) {
    const { clock = realClock, patience = 60 } = options;
    checkKey(options.apiKey);
    this.#options = options;
    this.#address = addressOf(options.url);
    this.#headers = headersOf(options);
    this.host = this.#address.host;
    this.#clock = clock;
    this.#patience = patience * 1000;
    this.#timeouts = new Timeouts(options.timeouts);
    this.#turns = new Turns(options, this.host, clock, this.#patience, this.#closing.signal);
  }

  async request(request: BackendRequest): Promise<Exchange> {
    return await this.#tried(request, async (prepared) => {
      const { signal } = prepared;
      const one = await this.#begin(prepared, false);
      try {
        const { response, watch, guard } = one;
        const body = await json(response, guard, watch, this.#asked(response), signal);
        const milliseconds = watch.took().whole;
        one.ended(null);
        return { status: response.status, headers: response.headers, body, milliseconds };
      } catch (thrown) {
        one.ended(thrown);
        throw thrown;
      }
    });
  }

  async stream(request: BackendRequest): Promise<Response> {
    const { response } = await this.#tried(request, async (prepared) => {
      const one = await this.#begin(prepared, true);
      if (one.response.ok) return { response: this.#flowing(one, prepared) };
      try {
        await json(one.response, one.guard, one.watch, this.#asked(one.response), prepared.signal);
        throw new Failure("server error", { status: one.response.status });
      } catch (thrown) {
        one.ended(thrown);
        throw thrown;
      }
    });
    return response;
  }

  state(): BackendState {
    return {
      host: this.host,
      ...this.#turns.state,
      timeout: this.#timeouts.limits({ bytes: 0, answerTokens: 0 }).first / 1000,
      requests: this.#requests,
      retries: this.#retries,
      faults: { ...this.#faults },
      latency: this.#timeouts.latency(),
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  /** Sends it until it succeeds, must not be sent again, or has been sent often enough. */
  async #tried<T>(
    request: BackendRequest,
    once: (prepared: Prepared) => Promise<T>,
  ): Promise<T & Pick<Exchange, "totalMilliseconds" | "tries" | "faults">> {
    const prepared = prepare(this.#address.base, this.#headers, this.#options, request);
    const begun = this.#clock.now();
    const faults: TransportFault[] = [];
    let maybeDone = false;
    let pause = 0;
    for (let waited = 0; ; waited += pause) {
      try {
        await this.#turns.pause(pause, prepared.signal);
        const done = await once(prepared);
        return { ...done, totalMilliseconds: this.#clock.now() - begun, tries: prepared.sent, faults };
      } catch (thrown) {
        if (!(thrown instanceof Failure)) throw thrown;
        this.#note(thrown.fault);
        faults.push(thrown.fault);
        maybeDone ||= thrown.maybeDone;
        const next = this.#pauseAfter(thrown, faults, prepared);
        if (next === null || waited + next > this.#patience || (maybeDone && !prepared.repeatable)) {
          throw this.#error(thrown, faults, prepared.sent, maybeDone);
        }
        this.#retries++;
        pause = next;
      }
    }
  }

  /** Milliseconds until it may be sent again; `null` where it may not. */
  #pauseAfter(failure: Failure, faults: readonly TransportFault[], { sent }: Prepared): number | null {
    const { fault, retryAfter, isFinal } = failure;
    const times = faults.filter((one) => one === fault).length;
    if (isFinal || times > faultRules[fault].again || sent >= (this.#options.tries ?? 4)) return null;
    // A server that is left alone is left alone by those too who were at it already.
    return Math.max(backoff(sent, this.#clock.random), (retryAfter ?? 0) * 1000, this.#turns.wait);
  }

  /** Waits for its turn and sends it once. Rejects with a `Failure` or the signal's reason. */
  async #begin(prepared: Prepared, isStream: boolean): Promise<Try> {
    const { signal, size } = prepared;
    if (this.#closing.signal.aborted) throw new Failure("closed");
    const { hostname, port } = this.#address;
    if (isRefused(hostname, port)) throw new Failure("host not allowed");
    const permit = await this.#turns.take(size.bytes, signal);
    const limits = isStream ? this.#timeouts.streamLimits(size) : this.#timeouts.limits(size);
    const watch = new Watch(limits, this.#clock.now, this.#closing.signal, signal);
    let isOver = false;
    const ended = (failure: unknown): void => {
      if (isOver) return;
      isOver = true;
      // What was cut off counts as if it had lasted so long: a limit that is too short grows by this.
      const isLate = failure instanceof Failure && (failure.fault === "stalled" || failure.fault === "too slow");
      if (failure === null || isLate) this.#timeouts.add({ ...watch.took(), size });
      this.#turns.leave(permit, failure, watch);
      watch.done();
    };
    try {
      this.#requests++;
      prepared.sent++;
      const response = await send(prepared.url, prepared.init, watch, signal);
      return { response, watch, guard: new BodyGuard(this.#options.mostBytes ?? MOST_BYTES), ended };
    } catch (thrown) {
      ended(thrown);
      throw thrown;
    }
  }

  /** The body of a reply that is shown while it comes: bounded like any other. Errors come out of it as they happen. */
  #flowing(one: Try, { signal, sent }: Prepared): Response {
    const { response, watch, guard } = one;
    const source = pieces(response, guard, watch, signal);
    // Also where nobody reads on: a place at the server is not held for ever.
    watch.signal.addEventListener("abort", () => one.ended(watch.why === null ? null : new Failure(cutOff(watch.why))));
    watch.unread();
    const body = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          try {
            watch.awaited();
            const next = await source.next();
            watch.unread();
            if (!next.done) return controller.enqueue(next.value.bytes);
            one.ended(null);
            controller.close();
          } catch (thrown) {
            one.ended(thrown);
            if (thrown instanceof Failure) this.#note(thrown.fault);
            controller.error(thrown instanceof Failure ? this.#error(thrown, [thrown.fault], sent, true) : thrown);
          }
        },
        cancel: () => one.ended(new Failure("closed")),
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { status: response.status, headers: response.headers });
  }

  #note(fault: TransportFault): void {
    this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
  }

  #asked({ headers }: Response): number | null {
    return retryAfterSeconds(headers, this.#clock.date());
  }

  #error(failure: Failure, faults: readonly TransportFault[], sent: number, maybeDone: boolean): BackendError {
    return new BackendError(failure.fault, messageFor(this.#address, failure, sent, maybeDone), {
      maybeDone,
      faults: [...faults],
      status: failure.status,
      retryAfter: failure.retryAfter,
      cause: failure.cause,
    });
  }
}

/** A caller who has gone, and a stream that nobody reads on, say nothing of the server. */
const cutOff = (why: NonNullable<Watch["why"]>): TransportFault => (why === "aborted" ? "closed" : why);
