/** Free chat that is handed to a server as it is. It is no question: nothing of it is journaled, promised or checked. */

import type { ChatBackend } from "../config/serve.ts";
import type { Json } from "../core/json.ts";
import { BackendError } from "../net/backend-error.ts";
import { isFields } from "../wire/fields.ts";
import { type Admission, FullError } from "./admission.ts";
import { Problem, tooMany } from "./problem.ts";

const path = "/v1/chat/completions";
const headers = { "pawl-standing": "passed on" };

/**
 * The server's own reply, whole or as it comes, within so many milliseconds. It takes a place like any run. Throws a
 * `Problem` where there is none.
 */
export async function forward(
  { backend, model }: ChatBackend,
  body: unknown,
  { admission, milliseconds }: { readonly admission: Admission; readonly milliseconds: number },
): Promise<Response> {
  const own = { ...(isFields(body) ? body : {}), model } as { readonly [key: string]: Json };
  const signal = AbortSignal.timeout(Math.ceil(milliseconds));
  try {
    await admission.enter(milliseconds);
  } catch (thrown) {
    throw thrown instanceof FullError ? tooMany(thrown) : thrown;
  }
  let leave = (): void => admission.leave();
  try {
    if (own.stream === true) {
      const { body: pieces } = await backend.stream({ path, body: own, signal });
      const held = whenRead(pieces, leave);
      leave = () => {};
      return new Response(held, { headers: { ...headers, "content-type": "text/event-stream; charset=utf-8" } });
    }
    const { body: reply } = await backend.request({ path, body: own, signal });
    const pawl = { standing: "passed on", host: backend.host };
    return Response.json(isFields(reply) ? { ...reply, pawl } : reply, { headers });
  } catch (thrown) {
    throw problemOf(thrown, signal);
  } finally {
    leave();
  }
}

/** The same pieces; says when no more of them will be read. */
function whenRead(pieces: ReadableStream<Uint8Array> | null, done: () => void): ReadableStream<Uint8Array> {
  const reader = pieces?.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const next = await reader?.read();
        if (next && !next.done) return controller.enqueue(next.value);
        done();
        controller.close();
      } catch (thrown) {
        done();
        controller.error(thrown);
      }
    },
    async cancel(reason) {
      done();
      await reader?.cancel(reason);
    },
  });
}

function problemOf(thrown: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return new Problem(504, "time_limit", "the time for this request is up");
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
