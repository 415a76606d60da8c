/** The places of chats that are handed on: taken once, given back once, and waited for at the end. */

import { connect } from "node:net";
import { expect, test } from "vitest";
import { openGateway } from "../../test/support/gateway.ts";
import type { Backend } from "../net/backend.ts";
import { scripted } from "../rung/scripted.ts";
import { listen } from "./server.ts";

const route = "/v1/chat/completions";
const body = { model: "m", messages: [{ role: "user", content: "Hello" }], stream: true };

/** A server whose reply goes on until it is told to end, and counts what is taken of it. */
function endless(piece = "{}") {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const seen = { pulled: 0, cancelled: 0, closed: false };
  const stream = (): ReadableStream<Uint8Array> =>
    new ReadableStream(
      {
        async pull(controller) {
          seen.pulled++;
          if (seen.pulled % 2 === 0) await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5))]);
          controller.enqueue(new TextEncoder().encode(`data: ${piece}\n\n`));
        },
        cancel() {
          seen.cancelled++;
        },
      },
      { highWaterMark: 0 },
    );
  const reply = { status: 200, headers: new Headers(), body: {}, milliseconds: 1, totalMilliseconds: 1, tries: 1 };
  const backend: Backend = {
    host: "model.example:443",
    stream: async () => new Response(stream()),
    request: async () => {
      await ended;
      return { ...reply, faults: [] };
    },
    state: () => {
      throw new Error("nobody asks");
    },
    close: async () => {
      seen.closed = true;
    },
  };
  return { backend, seen, end };
}

const config = (backend: Backend, more: object = {}) => ({
  ladder: [scripted({}, { name: "low" })],
  serve: { chat: { backend, model: "big" }, ...more },
});

function ask(gateway: { fetch(request: Request): Promise<Response> }, sent: object = body): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return gateway.fetch(
    new Request(`http://localhost${route}`, { method: "POST", headers, body: JSON.stringify(sent) }),
  );
}

const inFlight = async (world: { get(path: string): Promise<{ text: string }> }): Promise<number> =>
  Number(/^pawl_in_flight (-?\d+)$/m.exec((await world.get("/metrics")).text)![1]);

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("a client that goes away in the middle gives its place back once, and nothing more is read for it", async () => {
  const { backend, seen } = endless();
  await using world = await openGateway({ config: config(backend, { maxInFlight: 2, queue: 0 }) });
  const held = await ask(world.gateway);
  for (let time = 0; time < 3; time++) {
    const reader = (await ask(world.gateway)).body!.getReader();
    await reader.read();
    // A piece is asked for while it goes.
    const next = reader.read();
    await reader.cancel("gone");
    await next;
  }
  const { pulled } = seen;
  await pause(20);
  expect(seen).toMatchObject({ cancelled: 3, pulled });
  expect(await inFlight(world)).toBe(1);
  // Two places are there, and one is taken.
  const second = await ask(world.gateway);
  expect(second.status).toBe(200);
  expect((await ask(world.gateway)).status).toBe(429);
  await Promise.all([held.body!.cancel(), second.body!.cancel()]);
  expect(await inFlight(world)).toBe(0);
});

test("a client that does not read on loses its place when its time is up", async () => {
  const { backend, seen } = endless();
  await using world = await openGateway({ config: config(backend, { seconds: 0.05 }) });
  const reader = (await ask(world.gateway)).body!.getReader();
  await reader.read();
  await expect.poll(() => inFlight(world)).toBe(0);
  await expect(
    (async () => {
      for (;;) await reader.read();
    })(),
  ).rejects.toMatchObject({ code: "time_limit" });
  expect(seen.cancelled).toBe(1);
});

test("the end waits for what is handed on, and closes its server only then", async () => {
  const { backend, seen, end } = endless();
  const world = await openGateway({ config: config(backend) });
  const whole = ask(world.gateway, { ...body, stream: false });
  await expect.poll(() => inFlight(world)).toBe(1);
  const closed = world.gateway.close(60_000);
  await pause(20);
  expect(seen.closed).toBe(false);
  end();
  expect((await whole).status).toBe(200);
  await closed;
  expect(seen.closed).toBe(true);
});

test("the end cuts off what does not end in time", async () => {
  const { backend, seen } = endless();
  const world = await openGateway({ config: config(backend) });
  const reader = (await ask(world.gateway)).body!.getReader();
  await reader.read();
  await world.gateway.close(20);
  expect(seen).toMatchObject({ cancelled: 1, closed: true });
  await expect(
    (async () => {
      for (;;) await reader.read();
    })(),
  ).rejects.toMatchObject({ code: "shutting_down" });
});

test("over a port, a client that does not read on is cut off", async () => {
  const { backend, seen } = endless("x".repeat(1_000_000));
  await using world = await openGateway({ config: config(backend, { seconds: 0.2 }) });
  const listening = await listen(world.gateway, { host: "127.0.0.1", port: 0 });
  const socket = connect(listening.port, "127.0.0.1").pause();
  const text = JSON.stringify(body);
  const type = "Content-Type: application/json";
  socket.write(`POST ${route} HTTP/1.1\r\nHost: localhost\r\n${type}\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
  await expect.poll(() => seen.pulled).toBeGreaterThan(1);
  await expect.poll(() => inFlight(world)).toBe(0);
  expect(seen.cancelled).toBe(1);
  const ended = new Promise((resolve) => socket.on("error", () => {}).on("close", resolve));
  socket.resume();
  await ended;
  await listening.close(10);
});
