/** What a backend makes of replies that take their time: a platform and a time of the test's own, no server. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Backend, BackendRequest } from "./backend.ts";
import { BackendError } from "./backend-error.ts";
import { openBackend } from "./http-backend.ts";

const question: BackendRequest = { path: "/v1/chat/completions", body: { model: "m" } };
const sent: Headers[] = [];
/** What the platform does with the next request. */
let answer: (signal: AbortSignal) => Promise<Response>;

beforeEach(() => {
  sent.length = 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.stubGlobal("fetch", (_: string, { signal, headers }: { signal: AbortSignal; headers: Headers }) => {
    sent.push(headers);
    return answer(signal);
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A reply whose pieces come so many seconds apart, until there are as many as that. */
function flowing(pieces: number, seconds: number): typeof answer {
  return async (signal) => {
    let left = pieces;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => signal.addEventListener("abort", () => controller.error(signal.reason)),
        pull: async (controller) => {
          await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
          if (signal.aborted) return;
          if (left-- > 0) controller.enqueue(Buffer.from(left === pieces - 1 ? '{"a":[' : left === 0 ? "1]}" : "1,"));
          else controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(body);
  };
}

/** A backend that knows its server as a quick one. */
async function learned(): Promise<Backend> {
  const backend = openBackend({ url: "http://a.example", tries: 1 });
  answer = async () => Response.json({});
  for (let times = 0; times < 20; times++) await backend.request(question);
  expect(backend.state().timeout).toBe(10);
  return backend;
}

/** What comes of it once all the time has passed that it needs. */
async function passed<T>(promise: Promise<T>): Promise<T | BackendError> {
  const settled = promise.catch((thrown: unknown) => {
    if (thrown instanceof BackendError) return thrown;
    throw thrown;
  });
  await vi.advanceTimersByTimeAsync(1000_000);
  return await settled;
}

describe("after short replies", () => {
  test("a stream that flows steadily is not cut", async () => {
    const backend = await learned();
    answer = flowing(60, 5);
    const { body } = await backend.stream(question);
    expect(await passed(new Response(body).json())).toHaveProperty("a");
    expect(backend.state()).toMatchObject({ circuit: "closed", faults: {}, concurrency: { underWay: 0 } });
  });

  test("(control) a stream that is silent is", async () => {
    const backend = await learned();
    answer = flowing(60, 15);
    const { body } = await backend.stream(question);
    expect(await passed(new Response(body).text())).toMatchObject({ fault: "stalled", maybeDone: true });
  });

  test("a whole reply that is too slow teaches that they may be longer", async () => {
    const backend = await learned();
    answer = flowing(11, 5);
    expect(await passed(backend.request(question))).toMatchObject({ fault: "too slow", maybeDone: true });
    answer = flowing(11, 5);
    expect(await passed(backend.request(question))).toMatchObject({ status: 200 });
  });

  test("a silence that the platform ended teaches too", async () => {
    const backend = await learned();
    answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5000));
      throw new TypeError("fetch failed", { cause: Object.assign(new Error(), { code: "UND_ERR_HEADERS_TIMEOUT" }) });
    };
    expect(await passed(backend.request(question))).toMatchObject({ fault: "stalled" });
    expect(backend.state().timeout).toBe(20);
  });
});

describe("a stream that is read slowly", () => {
  test("is no fault of the server's, and holds its place for so long as a silence may last", async () => {
    const backend = await learned();
    const before = backend.state();
    for (let times = 0; times < 10; times++) {
      answer = flowing(3, 0.001);
      const reader = (await backend.stream(question)).body!.getReader();
      const first = reader.read();
      await vi.advanceTimersByTimeAsync(100);
      expect((await first).done).toBe(false);
      await vi.advanceTimersByTimeAsync(9000);
      expect(backend.state().concurrency.underWay).toBe(1);
      await vi.advanceTimersByTimeAsync(9000);
      expect(backend.state().concurrency.underWay).toBe(0);
      expect(await passed(reader.read())).toMatchObject({ fault: "closed", maybeDone: true });
    }
    expect(backend.state()).toEqual({ ...before, requests: before.requests + 10, faults: { closed: 10 } });
  });
});

describe("headers", () => {
  test("that HTTP cannot hold are refused when the backend is opened, without what they say", () => {
    for (const headers of [{ "x-token": "sk-2\nx" }, { "x-token": "sk-2 \u{1F600}" }, { "sk-2 x": "a" }]) {
      let thrown: unknown;
      try {
        openBackend({ url: "http://a.example", headers });
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code: "E_BACKEND_HEADER" });
      expect(thrown).not.toHaveProperty("cause");
      expect(JSON.stringify(thrown) + String(thrown)).not.toContain("sk-2");
    }
  });

  test("are sent once, whatever the case of their names", async () => {
    answer = async () => Response.json({});
    const headers = { Authorization: "Basic x", "Content-Type": "application/json; charset=utf-8", "X-A": "1" };
    await openBackend({ url: "http://a.example", apiKey: "sk-1", headers }).request(question);
    expect(Object.fromEntries(sent[0]!)).toEqual({
      accept: "application/json, text/event-stream",
      authorization: "Bearer sk-1",
      "content-type": "application/json; charset=utf-8",
      "x-a": "1",
    });
  });
});
