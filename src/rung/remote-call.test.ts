/** Which calls are the same, and that each is settled whatever came of it. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { memoryJournal } from "../journal/memory.ts";
import { remote } from "./remote.ts";
import type { RemoteOptions } from "./remote-options.ts";
import { contextOf, questionOf } from "./rung.contract.ts";
import type { Rung } from "./rung.ts";

const price = { input: 1, output: 2, updated: "2026-11-01" };
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server that says the same at every path. */
async function serve(content: string, more = ""): Promise<{ readonly url: string; readonly paths: readonly string[] }> {
  const paths: string[] = [];
  const message = `{"role":"assistant","content":${JSON.stringify(content)}${more}}`;
  const server = createServer((request, response) => {
    paths.push(request.url ?? "");
    response.setHeader("content-type", "application/json");
    response.end(`{"choices":[{"finish_reason":"stop","message":${message}}]}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths };
}

async function open(url: string, options: RemoteOptions, journal = memoryJournal()): Promise<Rung> {
  const rung = remote(url, "m", { vendor: "generic", wire: "chat", price, ...options });
  await rung.open!({ ...journal, say: () => {} });
  closing.push(async () => rung.close?.());
  return rung;
}

test("a reply serves again at the same whole address and version only", async () => {
  const server = await serve('{"answer":"billing"}');
  const journal = memoryJournal();
  const asked = [
    ["/team-a", {}],
    ["/team-a", {}],
    ["/team-b", {}],
    ["/team-a", { version: "2" }],
  ] as const;
  const versions = new Set<string>();
  for (const [path, options] of asked) {
    const rung = await open(server.url + path, options, journal);
    expect(await rung.decide(questionOf("choose"), contextOf())).toMatchObject({ value: "billing" });
    versions.add(rung.version!(questionOf("choose")));
  }
  expect(server.paths.map((path) => path.split("/")[1])).toEqual(["team-a", "team-b", "team-a"]);
  expect(journal.calls.totals()).toMatchObject({ calls: 3, served: 1 });
  expect(versions.size).toBe(3);
});

test("a reply that is too deep to be read goes up, and its call is settled without a price", async () => {
  const depth = 20_000;
  const server = await serve('{"answer":"billing"}', `,"more":${"[".repeat(depth)}${"]".repeat(depth)}`);
  const journal = memoryJournal();
  const rung = await open(server.url, { redact: true }, journal);
  const reply = await rung.decide(questionOf("choose", "I am jo@mail.example"), contextOf());
  expect(reply).toMatchObject({ kind: "escalated", evidence: { faults: expect.arrayContaining(["malformed"]) } });
  expect(journal.calls.totals()).toMatchObject({ calls: 1, open: 0, unpriced: 1 });
});
