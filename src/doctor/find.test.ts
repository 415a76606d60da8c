import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, test } from "vitest";
import { findServers } from "./find.ts";

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

async function listening(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handler!);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("finds who answers beside who is silent, who drips, who redirects and who is not there", async () => {
  const answers = await listening((request, response) => {
    const known = { "/v1/models": { data: [{ id: "qwen" }] } }[request.url ?? ""];
    response.statusCode = known ? 200 : 404;
    response.end(known ? JSON.stringify(known) : "");
  });
  const silent = await listening(() => {});
  let followed = 0;
  const other = await listening((_, response) => {
    followed++;
    response.end('{"data":[{"id":"stolen"}]}');
  });
  const redirects = await listening((_, response) => {
    response.writeHead(302, { location: `${other}/v1/models` }).end();
  });
  const drips = await listening((_, response) => {
    const timer = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(timer));
  });
  const gone = await listening(() => {});
  servers.pop()!.close();
  const places = [answers, silent, redirects, drips, gone].map((url) => ({ url, why: "a test" }));
  const { servers: found, seconds } = await findServers(places, 300);
  expect(found.map(({ place, software }) => [place.url, software])).toEqual([
    [answers, "openai-compatible"],
    [redirects, "unknown"],
  ]);
  expect(followed).toBe(0);
  expect(seconds).toBeGreaterThan(0);
});

test("its key goes to the place that it belongs to, and nowhere else", async () => {
  const seen: (string | undefined)[] = [];
  const keyed = await listening((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(404).end();
  });
  const plain = await listening((request, response) => {
    expect(request.headers.authorization).toBeUndefined();
    response.writeHead(404).end();
  });
  await findServers([
    { url: keyed, why: "a test", key: "made-up" },
    { url: plain, why: "a test" },
  ]);
  expect(new Set(seen)).toEqual(new Set(["Bearer made-up"]));
});
