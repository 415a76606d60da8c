/** One try: a request is sent, and its reply read to the end or cut off with a reason. */

import { failureOfBody, failureOfReply, failureOfThrown } from "./classify.ts";
import { Failure } from "./failure.ts";
import type { BodyGuard } from "./read-body.ts";
import type { Watch } from "./watch.ts";

/** The reply once its head is there. Rejects with a `Failure`, or with the signal's reason. */
export async function send(
  url: string,
  init: RequestInit,
  watch: Watch,
  signal: AbortSignal | undefined,
): Promise<Response> {
  try {
    // Followed, a redirect would send an item to a host that nobody named.
    const response = await fetch(url, { ...init, redirect: "manual", signal: watch.signal });
    watch.heard();
    return response;
  } catch (thrown) {
    throw why(thrown, watch, signal) ?? failureOfThrown(thrown);
  }
}

/** The pieces of a body, each looked at. Rejects as `send`. */
export async function* pieces(
  response: Response,
  guard: BodyGuard,
  watch: Watch,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly text: string }> {
  try {
    for await (const bytes of response.body ?? []) {
      watch.heard();
      yield { bytes, text: guard.text(bytes) };
    }
    const rest = guard.end();
    if (rest !== "") yield { bytes: new Uint8Array(), text: rest };
  } catch (thrown) {
    throw why(thrown, watch, signal) ?? failureOfBody(thrown);
  }
}

/** The body as JSON. Rejects as `send`; a status or an error object that says that it failed is a `Failure` too. */
export async function json(
  response: Response,
  guard: BodyGuard,
  watch: Watch,
  retryAfter: number | null,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const { status } = response;
  // What a redirect says beside the address is of no interest, and may be long.
  const early = status >= 300 && status < 400 ? failureOfReply(status, null, null) : null;
  if (early !== null) throw early;
  let text = "";
  try {
    for await (const piece of pieces(response, guard, watch, signal)) text += piece.text;
  } catch (thrown) {
    // An error's page may break off or be no text: the status says enough.
    throw response.ok || !(thrown instanceof Failure) ? thrown : (failureOfReply(status, null, retryAfter) ?? thrown);
  }
  let body: unknown = null;
  let isJson = true;
  try {
    body = JSON.parse(text) as unknown;
  } catch {
    isJson = false;
  }
  const failure = failureOfReply(status, isJson ? body : { error: text.slice(0, 2000) }, retryAfter);
  if (response.ok && !isJson) throw new Failure("not JSON", { status });
  if (failure) throw failure;
  return body;
}

/** What ended it on this side: a clock or the caller; `null` where what was thrown says it. */
function why(thrown: unknown, watch: Watch, signal: AbortSignal | undefined): unknown {
  if (watch.why === null || thrown instanceof Failure) return null;
  return watch.why === "aborted" ? signal?.reason : new Failure(watch.why, { maybeDone: true, cause: thrown });
}
