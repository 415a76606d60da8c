import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, test } from "vitest";
import { openBackend } from "../net/http-backend.ts";
import type { Place } from "./doctor.ts";
import { examine } from "./examine.ts";
import { nothingKnown } from "./probe.ts";
import type { Memory, Remembered } from "./remembered.ts";

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server with these routes that counts what it was asked beside them. */
async function serving(routes: { readonly [path: string]: unknown }): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const known = routes[request.url ?? ""];
    if (known === undefined && request.method === "POST") asked.push(request.url ?? "");
    response.writeHead(known === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(known ?? { error: { message: "no such route" } }));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function memoryWith(known: Remembered | null): Memory & { written: number } {
  const memory = {
    written: 0,
    read: async () => known,
    write: async () => {
      memory.written++;
    },
  };
  return memory;
}

const examined = (places: readonly Place[], memory: Memory) =>
  examine({
    places,
    memory,
    openBackend: ({ url }) => openBackend({ url, tries: 1 }),
    signal: new AbortController().signal,
    today: "2026-11-23",
  });

const litellm = { "/v1/models": { data: [{ id: "paid", owned_by: "openai" }] }, "/health/liveliness": "alive" };

test("a proxy for paid vendors is found and not asked, until somebody names it", async () => {
  const { url, asked } = await serving(litellm);
  const found = await examined([{ url, why: "LiteLLM's usual port" }], memoryWith(null));
  expect(found.servers).toHaveLength(1);
  expect(found.models).toEqual([]);
  expect(asked).toEqual([]);
  await examined([{ url, why: "named", isNamed: true }], memoryWith(null));
  expect(asked).not.toEqual([]);
});

test("where the config wants models, those are asked and no others", async () => {
  const all = ["a", "b", "c", "d"].map((id) => ({ id }));
  const { url } = await serving({ "/v1/models": { data: all } });
  const { models } = await examined([{ url, why: "a rung", models: ["d"] }], memoryWith(null));
  expect(models.map(({ model }) => model.name)).toEqual(["d"]);
});

const known: Remembered = { capabilities: nothingKnown, speed: null, unknown: [], probed: "2026-11-22" };

test.each([
  ["is well", {}, true],
  ["cut a prompt", { capabilities: { ...nothingKnown, overlong: "truncated" } }, false],
  ["was thinking", { capabilities: { ...nothingKnown, thinking: "on" } }, false],
  ["could not be found out", { unknown: [{ probe: "schema", why: "no answer within 60 s" }] }, false],
] as const)("what %s is remembered: %s", async (_, more, isKept) => {
  const { url } = await serving({ "/v1/models": { data: [{ id: "m" }] } });
  const memory = memoryWith({ ...known, ...more } as Remembered);
  const { models } = await examined([{ url, why: "a test" }], memory);
  expect(models.map(({ cached }) => cached)).toEqual([isKept]);
  expect(memory.written).toBe(isKept ? 0 : 1);
});
