/** Free chat that is handed to a server as it is. It is no question: nothing of it is promised or checked, and only its cost is on record. */

import type { ChatBackend } from "../config/serve.ts";
import type { Json } from "../core/json.ts";
import { BackendError } from "../net/backend-error.ts";
import { isFields } from "../wire/fields.ts";
import { type Admission, FullError } from "./admission.ts";
import { isOnlyCounts, type PaidChat, type PaidChatCall, withCounts } from "./paid-chat.ts";
import { Problem, tooMany } from "./problem.ts";
import { lookThrough } from "./sse.ts";

const path = "/v1/chat/completions";
const headers = { "pawl-standing": "passed on" };

/** The requests that are handed on and not yet answered to their end. Each takes a place like any run. */
export class Forwards {
  readonly #chat: ChatBackend;
  readonly #admission: Admission;
  /** `null` where it costs nothing. */
  readonly #paid: PaidChat | null;
  readonly #failed: (error: unknown) => void;
  readonly #underWay = new Set<Forward>();

  constructor(about: {
    readonly chat: ChatBackend;
    readonly admission: Admission;
    readonly paid: PaidChat | null;
    /** Hears what went wrong with the record of a call. */
    readonly failed: (error: unknown) => void;
  }) {
    this.#chat = about.chat;
    this.#admission = about.admission;
    this.#paid = about.paid;
    this.#failed = about.failed;
  }

  /** The server's own reply, whole or as it comes, within so many milliseconds. Throws a `Problem` where there is none. */
  async pass(body: unknown, milliseconds: number): Promise<Response> {
    const { backend, model } = this.#chat;
    const own = { ...(isFields(body) ? body : {}), model } as { readonly [key: string]: Json };
    const until = performance.now() + milliseconds;
    try {
      await this.#admission.enter(milliseconds);
    } catch (thrown) {
      throw thrown instanceof FullError ? tooMany(thrown) : thrown;
    }
    const forward = new Forward(until - performance.now(), async (failure) => {
      this.#admission.leave();
      // It may be cut off while it is put on record: then nothing has left.
      const call = await forward.begun.catch(() => null);
      await call?.end(failure).catch(this.#failed);
      this.#underWay.delete(forward);
    });
    this.#underWay.add(forward);
    const { signal } = forward;
    try {
      forward.begun = this.#paid?.begin(own) ?? Promise.resolve(null);
      const call = await forward.begun;
      signal.throwIfAborted();
      call?.leaves();
      const repeatable = call === null;
      if (own.stream === true) {
        const { body: pieces } = await backend.stream({ path, body: call ? withCounts(own) : own, signal, repeatable });
        const counted = call && pieces ? pieces.pipeThrough(counting(call, own)) : pieces;
        const held = whenRead(counted, forward);
        return new Response(held, { headers: { ...headers, "content-type": "text/event-stream; charset=utf-8" } });
      }
      const { body: reply } = await backend.request({ path, body: own, signal, repeatable });
      call?.hear(reply);
      await forward.end();
      const pawl = { standing: "passed on", host: backend.host };
      return Response.json(isFields(reply) ? { ...reply, pawl } : reply, { headers });
    } catch (thrown) {
      await forward.end(thrown);
      throw signal.aborted ? signal.reason : problemOf(thrown);
    }
  }

  /** Lets those under way end, cuts off those that do not within so many milliseconds, and closes the server's backend. */
  async close(milliseconds: number): Promise<void> {
    const timer = setTimeout(() => {
      const stopped = new Problem(503, "shutting_down", "the gateway is shutting down");
      for (const forward of this.#underWay) forward.cut(stopped);
    }, milliseconds);
    while (this.#underWay.size > 0) await Promise.all([...this.#underWay].map(({ ended }) => ended));
    clearTimeout(timer);
    await this.#chat.backend.close();
  }
}

/** One request's place: given back once, whoever ends it and however often. */
class Forward {
  readonly ended: Promise<void>;
  /** Its record, `null` where it needs none. */
  begun: Promise<PaidChatCall | null> = Promise.resolve(null);
  readonly #cut = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #end: ((failure: unknown) => void) | null;

  constructor(milliseconds: number, leave: (failure: unknown) => Promise<void>) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = (failure) => void leave(failure).then(resolve);
    const late = new Problem(504, "time_limit", "the time for this request is up");
    this.#timer = setTimeout(() => this.cut(late), Math.max(0, milliseconds));
  }

  /** Aborted with the `Problem` that cut it off. */
  get signal(): AbortSignal {
    return this.#cut.signal;
  }

  cut(why: Problem): void {
    this.#cut.abort(why);
    // Whether or not the server heeds it.
    void this.end(why);
  }

  /** Resolves once what it cost is on record. `failure`: why there is no whole reply. */
  end(failure: unknown = null): Promise<void> {
    clearTimeout(this.#timer);
    const end = this.#end;
    this.#end = null;
    end?.(failure);
    return this.ended;
  }
}

/** The same pieces, until they end, the client wants no more of them, or the request is cut off. */
function whenRead(pieces: ReadableStream<Uint8Array> | null, forward: Forward): ReadableStream<Uint8Array> {
  const { signal } = forward;
  const reader = pieces?.getReader();
  let isOver = false;
  const over = (failure: unknown = null): void => {
    isOver = true;
    void forward.end(failure);
  };
  return new ReadableStream({
    start(controller) {
      // A client that does not read on asks for no piece either: it must not keep its place for that.
      const cutOff = (): void => {
        if (isOver) return;
        over(signal.reason);
        controller.error(signal.reason);
        reader?.cancel(signal.reason).catch(() => {});
      };
      if (signal.aborted) cutOff();
      else signal.addEventListener("abort", cutOff, { once: true });
    },
    async pull(controller) {
      try {
        const next = await reader?.read();
        if (isOver) return;
        if (next && !next.done) return controller.enqueue(next.value);
        over();
        controller.close();
      } catch (thrown) {
        if (isOver) return;
        over(thrown);
        controller.error(thrown);
      }
    },
    async cancel(reason) {
      over(reason ?? new Error("the client went away"));
      await reader?.cancel(reason);
    },
  });
}

/** Hears the counts of a stream, and keeps back the piece that is there for them alone where the client did not ask. */
function counting(call: PaidChatCall, { stream_options: options }: { readonly [key: string]: Json }): Through {
  const isAsked = isFields(options) && options.include_usage === true;
  return lookThrough((piece) => {
    call.hear(piece);
    return isAsked || !isOnlyCounts(piece);
  });
}

type Through = TransformStream<Uint8Array, Uint8Array>;

function problemOf(thrown: unknown): unknown {
  if (!(thrown instanceof BackendError)) return thrown;
  const { fault, message } = thrown;
  switch (fault) {
    case "rate limited":
    case "over the rate":
    case "circuit open":
    case "overloaded":
      return new Problem(429, "backend_busy", message, { headers: { "retry-after": "5" } });
    case "bad request":
    case "context exceeded":
      return new Problem(400, "backend_refused", message);
    case "stalled":
    case "too slow":
      return new Problem(504, "backend_slow", message);
    default:
      return new Problem(502, "backend_failed", message);
  }
}
