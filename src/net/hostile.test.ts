/** The transport against everything that a server can do on the way: found, named, and bounded in requests and time. */

import { afterEach, describe, expect, test } from "vitest";
import { type HostileFaultName, hostileFaults } from "../testing/hostile-faults.ts";
import { type HostileOptions, type HostileServer, startHostileServer } from "../testing/hostile-server.ts";
import type { Backend, BackendRequest } from "./backend.ts";
import { BackendError } from "./backend-error.ts";
import type { BackendOptions } from "./backend-options.ts";
import { realClock } from "./clock.ts";
import { guardEgress } from "./egress.ts";
import { openBackend } from "./http-backend.ts";

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

const secret = "sk-secret-4711";
const item = "I lost my card on Tuesday";
const body = { model: "m", messages: [{ role: "user", content: item }] };
const question: BackendRequest = { path: "/v1/chat/completions", body };

interface Met {
  readonly server: HostileServer;
  readonly backend: Backend;
  /** Milliseconds that it would have slept between tries. */
  readonly slept: number[];
}

/** Limits where silence is what is tested; all else is given time, for slow machines. */
const limits: { readonly [fault in HostileFaultName]?: BackendOptions["timeouts"] } = {
  "stall before the reply": { untilKnown: 0.15 },
  "stall mid-stream": { untilKnown: 0.15 },
  "slow-loris": { whole: 0.3 },
};

/** A server and a backend that sleeps in no time. */
async function meet(hostile: HostileOptions, options: Partial<BackendOptions> = {}): Promise<Met> {
  const server = await startHostileServer(hostile);
  const slept: number[] = [];
  let skipped = 0;
  const backend = openBackend({
    url: server.url,
    apiKey: secret,
    ...(hostile.fault && { timeouts: limits[hostile.fault] ?? {} }),
    clock: {
      ...realClock,
      now: () => realClock.now() + skipped,
      random: () => 1,
      async sleep(milliseconds, signal) {
        signal?.throwIfAborted();
        slept.push(milliseconds);
        skipped += milliseconds;
      },
    },
    ...options,
  });
  opened.push(server, { [Symbol.asyncDispose]: () => backend.close() });
  return { server, backend, slept };
}

/** The error of a request that must fail. */
async function failed(request: Promise<unknown>): Promise<BackendError> {
  const error = await request.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(BackendError);
  return error as BackendError;
}

const onTheWay = hostileFaults.filter(({ where }) => where === "transport");

describe.each(onTheWay)("$name", ({ name, finds, maybeDone }) => {
  test("is found, named and told without key or item; the request is sent a bounded number of times", async () => {
    const { server, backend, slept } = await meet({ fault: name });
    const error = await failed(backend.request(question));
    expect(error.fault).toBe(finds);
    expect(error.maybeDone).toBe(maybeDone);
    expect(error.faults.at(-1)).toBe(finds);
    expect(server.requests.length).toBeLessThanOrEqual(4);
    expect(server.requests.length).toBe(finds === "certificate" ? 0 : error.faults.length);
    expect(slept.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(60_000);
    expect(server.strayed).toBe(0);
    expect(backend.state().concurrency.underWay).toBe(0);
    const told = `${error.message} ${String(error.cause)}`;
    expect(told).toContain(backend.host);
    expect(told).not.toContain(secret);
    expect(told).not.toContain("Tuesday");
  });

  test("is never paid for twice: what may have been done is not sent again", async () => {
    const { server, backend } = await meet({ fault: name }, { paid: true });
    const error = await failed(backend.request({ ...question, idempotencyKey: "k" }));
    if (maybeDone) expect(server.requests.length).toBe(1);
    expect(error.maybeDone).toBe(maybeDone);
  });

  test("leaves the server usable once it is over", async () => {
    const { backend } = await meet({ fault: name, faultFor: 1, script: "cash" });
    // These do not pass while a test can wait.
    if (name === "self-signed certificate" || name === "429 for an hour") return;
    await backend.request(question).catch(() => {});
    expect(await backend.request(question)).toMatchObject({ status: 200, body: { model: "m" } });
  });
});

describe("a server that recovers", () => {
  test("is asked again after its own word, and the exchange says what went wrong before", async () => {
    const { backend, slept } = await meet({ fault: "429 storm with Retry-After", faultFor: 2 });
    const exchange = await backend.request(question);
    expect(exchange).toMatchObject({ status: 200, tries: 3, faults: ["rate limited", "rate limited"] });
    expect(Math.min(...slept)).toBeGreaterThanOrEqual(900);
    expect(exchange.totalMilliseconds).toBeGreaterThan(exchange.milliseconds);
    expect(backend.state()).toMatchObject({
      requests: 3,
      retries: 2,
      faults: { "rate limited": 2 },
      circuit: "closed",
    });
  });

  test("is asked again with the same idempotency key where the provider knows one, though it is paid", async () => {
    const { server, backend } = await meet(
      { fault: "connection reset before the reply", faultFor: 1 },
      { paid: true, idempotencyHeader: "idempotency-key" },
    );
    expect((await backend.request({ ...question, idempotencyKey: "run/path" })).tries).toBe(2);
    expect(server.requests.map(({ headers }) => headers["idempotency-key"])).toEqual(["run/path", "run/path"]);
  });

  test("is asked again where the caller says that it may be", async () => {
    const { backend } = await meet({ fault: "500 with a parse error", faultFor: 1 }, { paid: true });
    expect((await backend.request({ ...question, repeatable: true })).tries).toBe(2);
  });

  test("(control) a paid request that surely was not carried out is sent again", async () => {
    const { backend } = await meet({ fault: "429 storm", faultFor: 1 }, { paid: true });
    expect((await backend.request(question)).tries).toBe(2);
  });
});

describe("a server that does not", () => {
  test("is not waited for longer than the caller has patience", async () => {
    const { server, backend, slept } = await meet({ fault: "429 for an hour" });
    expect(await failed(backend.request(question))).toMatchObject({ retryAfter: 3600, status: 429 });
    expect(await failed(backend.request(question))).toMatchObject({ fault: "rate limited", maybeDone: false });
    expect(slept).toEqual([]);
    expect(server.requests.length).toBe(1);
  });

  test("is left alone after failures in a row, then asked by one request", async () => {
    let skipped = 0;
    const clock = { ...realClock, now: () => realClock.now() + skipped };
    const { server, backend } = await meet(
      { fault: "503 overloaded", faultFor: 5 },
      { tries: 1, clock, concurrency: { start: 64 } },
    );
    for (let times = 0; times < 5; times++) await failed(backend.request(question));
    expect(backend.state().circuit).toBe("open");
    expect(await failed(backend.request(question))).toMatchObject({ fault: "circuit open", maybeDone: false });
    expect(server.requests.length).toBe(5);
    skipped += 1100;
    const both = await Promise.allSettled([backend.request(question), backend.request(question)]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(backend.state().circuit).toBe("closed");
  });

  test("is not stormed back: many calls at once come to few requests", async () => {
    const { server, backend } = await meet({ fault: "429 storm" });
    const calls = Array.from({ length: 100 }, () => failed(backend.request(question)));
    const faults = (await Promise.all(calls)).map(({ fault }) => fault);
    expect(faults.filter((fault) => fault !== "rate limited" && fault !== "circuit open")).toEqual([]);
    // Sleeping takes no time here: every cool-down is over at once, and still it is half of what four tries each would be.
    expect(server.requests.length).toBeLessThan(200);
    expect(backend.state().concurrency.allowed).toBe(1);
  });

  test("that is not there is unreachable, and surely did nothing", async () => {
    const { server, backend } = await meet({});
    await server[Symbol.asyncDispose]();
    expect(await failed(backend.request(question))).toMatchObject({
      fault: "unreachable",
      maybeDone: false,
      faults: ["unreachable", "unreachable", "unreachable"],
    });
  });
});

describe("an exchange", () => {
  test("uses its connection again, after a failure too", async () => {
    const { server, backend } = await meet({ fault: "503 overloaded", faultFor: 3 });
    for (let times = 0; times < 20; times++) await backend.request(question);
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  test("has its key and headers, and a path below the base address", async () => {
    const { server } = await meet({});
    const backend = openBackend({
      url: `${server.url}/v1/`,
      apiKey: secret,
      keyHeader: "x-api-key",
      headers: { "anthropic-version": "2023-06-01" },
    });
    await backend.request(question);
    expect(server.requests[0]).toMatchObject({
      path: "/v1/chat/completions",
      headers: { "x-api-key": secret, "anthropic-version": "2023-06-01" },
      body,
    });
    await backend.close();
  });

  test("that its caller gives up rejects with the caller's reason and is not sent again", async () => {
    const { server, backend } = await meet({ fault: "stall before the reply" }, { timeouts: { untilKnown: 20 } });
    const giving = new AbortController();
    const reason = new Error("no longer wanted");
    const asked = backend.request({ ...question, signal: giving.signal });
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    giving.abort(reason);
    await expect(asked).rejects.toBe(reason);
    expect(server.requests.length).toBe(1);
    expect(backend.state()).toMatchObject({ circuit: "closed", concurrency: { underWay: 0 } });
  });

  test("ends with its backend, also while it waits for its turn", async () => {
    const { server, backend } = await meet(
      { fault: "stall before the reply" },
      { timeouts: { untilKnown: 20 }, concurrency: { start: 1, most: 1 } },
    );
    const asked = [failed(backend.request(question)), failed(backend.request(question))];
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await backend.close();
    expect((await Promise.all(asked)).map(({ fault, maybeDone }) => [fault, maybeDone])).toEqual([
      ["closed", true],
      ["closed", false],
    ]);
    expect(await failed(backend.request(question))).toMatchObject({ fault: "closed", maybeDone: false });
  });

  test("a key that no header can hold, or an address with a password, is refused without repeating it", () => {
    const messages = [
      { url: "http://a.example", apiKey: "sk-1\nx" },
      { url: "http://me:sk-1@a.example" },
      { url: "sk-1" },
    ].map((options) => {
      try {
        openBackend(options);
      } catch (thrown) {
        return String(thrown);
      }
      return "";
    });
    expect(messages.every((message) => message !== "" && !message.includes("sk-1"))).toBe(true);
  });
});

describe("in local-only mode", () => {
  test("no request leaves for a host that is not allowed, nothing is looked up, and the line to add is said", async () => {
    using guard = guardEgress({ localOnly: true });
    const backend = openBackend({ url: "https://far.invalid/v1", apiKey: secret });
    const error = await failed(backend.request(question));
    expect(error).toMatchObject({ fault: "host not allowed", maybeDone: false, faults: ["host not allowed"] });
    expect(error.message).toContain('egress: { allow: ["far.invalid:443"] }');
    expect(backend.state().requests).toBe(0);
    expect(guard.contacted()).toEqual([{ host: "far.invalid:443", connections: 0, refused: 1 }]);
    await backend.close();
  });

  test("(control) a server of this machine is asked", async () => {
    using guard = guardEgress({ localOnly: true });
    const { backend } = await meet({});
    expect((await backend.request(question)).status).toBe(200);
    expect(guard.contacted()).toEqual([]);
  });
});

describe("a stream", () => {
  const streamed: BackendRequest = { ...question, body: { ...body, stream: true } };

  test("comes as it is written, and its place at the server is given back", async () => {
    const { backend } = await meet({ script: "cash" });
    const response = await backend.stream(streamed);
    expect(backend.state().concurrency.underWay).toBe(1);
    expect(await response.text()).toContain('"content":"cash"');
    expect(backend.state().concurrency.underWay).toBe(0);
  });

  test("is asked for again before it begins, not after", async () => {
    const before = await meet({ fault: "503 overloaded", faultFor: 1 });
    expect((await before.backend.stream(streamed)).status).toBe(200);
    const after = await meet({ fault: "stall mid-stream" });
    const response = await after.backend.stream(streamed);
    expect(await failed(response.text())).toMatchObject({ fault: "stalled", maybeDone: true });
    expect(after.server.requests.length).toBe(1);
    expect(after.backend.state().concurrency.underWay).toBe(0);
  });

  test.each(["endless whitespace", "10 MB reply", "invalid UTF-8", "slow-loris", "connection reset mid-body"] as const)(
    "%s is found in it too",
    async (fault) => {
      const { backend } = await meet({ fault });
      const finds = hostileFaults.find(({ name }) => name === fault)!.finds;
      const response = await backend.stream(streamed);
      expect((await failed(response.text())).fault).toBe(finds);
      expect(backend.state().concurrency.underWay).toBe(0);
    },
  );

  test("that nobody reads, or that is cancelled, holds no place for ever", async () => {
    const { backend } = await meet({ fault: "stall mid-stream" });
    await backend.stream(streamed);
    const second = await backend.stream(streamed);
    await second.body?.cancel();
    while (backend.state().concurrency.underWay > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  });
});
