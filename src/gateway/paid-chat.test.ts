/** Chats that are handed on to a paid server: on record before they leave, and counted whatever becomes of them. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { openGateway } from "../../test/support/gateway.ts";
import type { Config } from "../config/config.ts";
import { StorageError } from "../core/errors.ts";
import { memoryJournal } from "../journal/memory.ts";
import type { NewPaidCall } from "../ledger/ledger.ts";
import type { Backend } from "../net/backend.ts";
import { openBackend } from "../net/http-backend.ts";
import { scripted } from "../rung/scripted.ts";

const route = "/v1/chat/completions";
const price = { input: 1, output: 10, updated: "2026-11-01" };
const messages = [{ role: "user", content: "Hello" }];
const bounded = { model: "any", messages, max_completion_tokens: 100 };
const usage = { prompt_tokens: 40, completion_tokens: 20, total_tokens: 60 };
const chunks = [
  { choices: [{ index: 0, delta: { role: "assistant", content: "Hi" }, finish_reason: null }] },
  { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
];

interface Seen {
  readonly body: { readonly [key: string]: unknown };
}

/** What the server does with a request, for each test another. */
let behave: "well" | "without counts" | "breaks" | "refuses" = "well";
const seen: Seen[] = [];
const server = createServer(async (request, response) => {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  const body = JSON.parse(Buffer.concat(pieces).toString());
  seen.push({ body });
  const counts = behave === "without counts" ? {} : { usage };
  if (behave === "refuses") {
    response.writeHead(400, { "content-type": "application/json" }).end('{"error":{"message":"no"}}');
  } else if (behave === "breaks") {
    response.writeHead(200, { "content-type": "application/json" }).write("{");
    setTimeout(() => response.destroy(), 10);
  } else if (body.stream === true) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const all = [...chunks, ...(body.stream_options?.include_usage ? [{ choices: [], ...counts }] : [])];
    // Cut anywhere: an event is not a piece.
    const text = `${all.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")}data: [DONE]\n\n`;
    for (let at = 0; at < text.length; at += 37) response.write(text.slice(at, at + 37));
    response.end();
  } else {
    const choice = { index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ id: "1", object: "chat.completion", model: "big", choices: [choice], ...counts }));
  }
});
await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** A server on another machine. */
function elsewhere(request: Backend["request"]): Backend {
  const never = (): never => {
    throw new Error("nobody asks");
  };
  return { host: "model.example:443", request, stream: never, state: never, close: async () => {} };
}

function configOf(more: { price?: typeof price } = { price }, rest: Partial<Config> = {}): Config {
  const chat = { backend: openBackend({ url }), model: "big", ...more };
  return { ladder: [scripted({}, { name: "low" })], serve: { chat }, ...rest };
}

describe("a chat that is handed on to a server with a price", () => {
  const cost = (40 * 1 + 20 * 10) / 1e6;

  test.each([
    ["whole", {}],
    ["in pieces", { stream: true }],
    ["in pieces, with its counts", { stream: true, stream_options: { include_usage: true } }],
  ])("is on record with what it cost: %s", async (_, more) => {
    behave = "well";
    await using world = await openGateway({ config: configOf() });
    const told = await world.post(route, { ...bounded, ...more });
    expect(told.status).toBe(200);
    expect(told.text).toContain("Hi");
    await expect.poll(() => world.journal.calls.totals()).toMatchObject({ calls: 1, open: 0, unpriced: 0 });
    const { cost: sum, inputTokens, outputTokens } = world.journal.calls.totals();
    expect([sum, inputTokens, outputTokens]).toEqual([expect.closeTo(cost, 12), 40, 20]);
    expect((await world.get("/metrics")).text).toMatch(/^pawl_cost_total 0\.00024$/m);
    // The server is always asked to count; the client sees the counts where it asked for them.
    const wanted = JSON.stringify(more).includes("include_usage") || !("stream" in more);
    expect(told.text.includes("completion_tokens")).toBe(wanted);
    if ("stream" in more) expect(told.text).toMatch(/data: \[DONE\]\n\n$/);
    expect(JSON.stringify(world.journal.calls)).not.toContain("Hello");
  });

  test("is unpriced where the server does not count, and never free", async () => {
    behave = "without counts";
    await using world = await openGateway({ config: configOf() });
    await world.post(route, bounded);
    await world.post(route, { ...bounded, stream: true });
    await expect.poll(() => world.journal.calls.totals()).toMatchObject({ calls: 2, open: 0, unpriced: 2, cost: 0 });
  });

  test("may have been paid where it broke off, is not sent again, and costs nothing where it was refused", async () => {
    behave = "breaks";
    seen.length = 0;
    await using world = await openGateway({ config: configOf() });
    expect((await world.post(route, bounded)).status).toBe(502);
    expect(seen).toHaveLength(1);
    expect(world.journal.calls.totals()).toMatchObject({ calls: 1, open: 0, unpriced: 1 });
    behave = "refuses";
    expect((await world.post(route, bounded)).status).toBe(400);
    expect(world.journal.calls.totals()).toMatchObject({ calls: 2, unpriced: 1, cost: 0 });
  });

  test("is on record before it leaves", async () => {
    const open: number[] = [];
    const asked = async (): Promise<never> => {
      open.push(world.journal.calls.totals().open);
      throw new Error("gone");
    };
    const chat = { backend: elsewhere(asked), model: "big" };
    await using world = await openGateway({ config: { serve: { chat } } });
    await world.post(route, bounded);
    expect(open).toEqual([1]);
  });
});

test("a chat that is cut off while it is put on record has cost nothing, and is not left open", async () => {
  behave = "well";
  seen.length = 0;
  const journal = memoryJournal();
  const intend = journal.calls.intend.bind(journal.calls);
  let record = (): void => {};
  const recorded = new Promise<void>((resolve) => {
    record = resolve;
  });
  let begun = 0;
  const slow = (call: NewPaidCall) => {
    begun++;
    return recorded.then(() => intend(call));
  };
  Object.assign(journal.calls, { intend: slow });
  const { serve = {} } = configOf();
  await using world = await openGateway({ config: { serve: { ...serve, seconds: 0.02 } }, journal });
  const told = world.post(route, bounded);
  await expect.poll(() => begun).toBe(1);
  await expect.poll(async () => (await world.get("/metrics")).text).toMatch(/^pawl_in_flight 0$/m);
  record();
  expect((await told).status).toBe(504);
  await expect.poll(() => journal.calls.totals()).toMatchObject({ calls: 1, open: 0, unpriced: 0, cost: 0 });
  expect(seen).toEqual([]);
});

test("a journal that takes no record makes the gateway not ready", async () => {
  const journal = memoryJournal();
  const full = async (): Promise<never> => {
    throw new StorageError("E_DISK_FULL", "no room");
  };
  Object.assign(journal.calls, { intend: full });
  Object.assign(journal.notes, { add: full });
  await using world = await openGateway({ config: configOf(), journal });
  expect((await world.get("/readyz")).status).toBe(200);
  expect((await world.post(route, bounded)).status).toBe(500);
  expect((await world.get("/readyz")).status).toBe(503);
});

describe("a budget a day", () => {
  const budget = { perDay: 0.006 };

  test("holds back what it does not hold, and says when to come again", async () => {
    behave = "without counts";
    await using world = await openGateway({ config: configOf({ price }, { budget }), now: () => 86_400_000 - 60_000 });
    expect((await world.post(route, bounded)).status).toBe(200);
    const told = await world.post(route, bounded);
    expect([told.status, told.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(told.body.error.code).toBe("day_spent");
  });

  test.each([
    ["no bound on its answer", { price }, { model: "any", messages }],
    ["no price", {}, bounded],
  ])("refuses a request with %s", async (_, more, body) => {
    const asked = async (): Promise<never> => Promise.reject(new Error("nobody is to be asked"));
    const chat = { backend: elsewhere(asked), model: "big", ...more };
    await using world = await openGateway({ config: { serve: { chat }, budget } });
    const told = await world.post(route, body);
    expect([told.status, told.body.error.code]).toEqual([400, "unpriced"]);
  });
});

test("a server on this machine without a price leaves no record", async () => {
  behave = "well";
  await using world = await openGateway({ config: configOf({}) });
  expect((await world.post(route, { model: "any", messages })).status).toBe(200);
  expect(world.journal.calls.totals().calls).toBe(0);
});

test("a price that is none is refused", () => {
  const wrong = { ...price, output: -1 };
  const config = configOf({ price: wrong });
  return expect(openGateway({ config })).rejects.toMatchObject({ code: "E_CONFIG" });
});
