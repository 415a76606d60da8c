/** Loops as MCP tools, called by the official client: in this process, as a program, and at an address. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Client, InMemoryTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { countingTool } from "../../test/support/loops.ts";
import { makeParts } from "../config/parts.ts";
import type { Journal } from "../journal/journal.ts";
import { memoryJournal } from "../journal/memory.ts";
import { openJournal } from "../journal/sqlite.ts";
import { defineLoop } from "../loop/loop.ts";
import { listingServer } from "../mcp/hostile-address.contract.ts";
import { hostileTools } from "../mcp/hostile-server.contract.ts";
import type { ServedLoop } from "../mcp/loop-host.ts";
import { serveHttp } from "../mcp/loop-http.ts";
import { loopServers } from "../mcp/loop-server.ts";
import { serverPackage } from "../mcp/packages.ts";
import { mcpListing } from "../mcp/tools.ts";
import { scripted } from "../rung/scripted.ts";
import { JournalHost } from "./mcp-host.ts";
import { listingLines } from "./mcp-tools.ts";

const mail = z.object({ id: z.string(), text: z.string() }).describe("Sorts a mail.");
const team = defineLoop({
  name: "sort-mail",
  version: "1",
  input: mail,
  output: z.object({ team: z.string() }),
  async run(about, step) {
    const options = { billing: "Money", shipping: "Parcels" };
    const chosen = await step.choose("team", { about, ask: "Which team?", options });
    return { team: chosen.value };
  },
});
const look = countingTool("look");
const pay = countingTool("pay", "write");
/** Its second question takes as long as the test wants. */
const slow = defineLoop({
  name: "slow",
  version: "1",
  input: z.object({ id: z.string() }),
  output: z.object({ sure: z.boolean().nullable() }),
  async run(about, step) {
    await step.call("pay", pay, { n: 1 });
    const sure = await step.judge("sure", { about, ask: "Sure?" });
    return { sure: sure.value };
  },
});

interface Setting extends AsyncDisposable {
  readonly client: Client;
  readonly host: JournalHost;
  readonly journal: Journal;
}

/** A client beside a server of these loops. Text with a `?` goes to a person; `release` lets slow answers come. */
async function beside(
  loops: readonly ServedLoop[],
  options: { readonly release?: Promise<void>; readonly concurrency?: number; readonly journal?: Journal } = {},
): Promise<Setting> {
  const { release, concurrency = 4, journal = memoryJournal() } = options;
  const ladder = [
    scripted(async ({ name, about }) => {
      if (name !== "sure") return about.includes("?") ? undefined : "shipping";
      await release;
      return true;
    }),
  ];
  const parts = makeParts({ ladder }, journal);
  const host = new JournalHost({ session: { journal, parts }, loops, concurrency, opened: async () => {} });
  const factory = loopServers(host, await serverPackage(), { version: "1", say: () => {} });
  const [here, there] = InMemoryTransport.createLinkedPair();
  const server = await factory({ era: "legacy" });
  await server.connect(there);
  const client = new Client({ name: "test", version: "1" });
  await client.connect(here);
  return {
    client,
    host,
    journal,
    async [Symbol.asyncDispose]() {
      await client.close();
      await host.idle();
      await parts.close();
    },
  };
}
const unknown = (loop = team): ServedLoop[] => [{ loop, effects: null }];
const late = { id: "7", text: "late" };
const asked = { id: "8", text: "why?" };

describe("a client sees", () => {
  test("each loop as a tool, with its schemas, and two tools about runs", async () => {
    await using setting = await beside(unknown());
    const { tools } = await setting.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["sort-mail", "pawl_result", "pawl_explain"]);
    expect(tools[0]).toMatchObject({
      description: expect.stringMatching(/^Sorts a mail\. Runs the loop sort-mail/),
      inputSchema: { type: "object", required: ["id", "text"] },
      outputSchema: { properties: { output: { type: "object", required: ["team"] } } },
    });
  });

  test.each([
    [null, { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true }],
    [[], { readOnlyHint: true, destructiveHint: false }],
    [["read"], { readOnlyHint: true, destructiveHint: false, openWorldHint: true }],
    [["read", "write"], { readOnlyHint: false, destructiveHint: false, idempotentHint: true }],
    [["read", "irreversible"], { readOnlyHint: false, destructiveHint: true }],
  ] as const)("of tools with the effects %j honest hints", async (effects, hints) => {
    await using setting = await beside([{ loop: team, effects }]);
    const { tools } = await setting.client.listTools();
    expect(tools[0]?.annotations).toMatchObject(hints);
  });

  test("no loop that cannot be a tool", async () => {
    const wide = defineLoop({ name: "wide", input: z.string(), output: z.any(), run: async () => 1 });
    await expect(beside(unknown(wide))).rejects.toMatchObject({ code: "E_MCP_LOOP" });
    await expect(beside([...unknown(), ...unknown()])).rejects.toMatchObject({ code: "E_MCP_LOOP" });
  });
});

describe("a call", () => {
  test("is a run, journaled, and the same item is the same run", async () => {
    await using setting = await beside(unknown());
    const first = await setting.client.callTool({ name: "sort-mail", arguments: late });
    expect(first.structuredContent).toMatchObject({ status: "done", output: { team: "shipping" } });
    expect(first.isError).toBeUndefined();
    expect(await setting.client.callTool({ name: "sort-mail", arguments: late })).toEqual(first);
    expect([...setting.journal.runs({})]).toHaveLength(1);
    const { run } = first.structuredContent as { run: string };
    const explained = await setting.client.callTool({ name: "pawl_explain", arguments: { run } });
    expect(explained.content).toMatchObject([{ text: expect.stringContaining("item 7 · loop sort-mail") }]);
    expect(explained.structuredContent).toMatchObject({ item: { id: "7" }, status: "done" });
  });

  test("that waits for a person says how to answer, and its result is there afterwards", async () => {
    await using setting = await beside(unknown());
    const waiting = await setting.client.callTool({ name: "sort-mail", arguments: asked });
    expect(waiting.structuredContent).toMatchObject({
      status: "waiting",
      questions: [{ path: "team", ask: "Which team?" }],
      message: expect.stringContaining("pawl review"),
    });
    const { run } = waiting.structuredContent as { run: string };
    const number = Number(run.split("-")[1]);
    await setting.journal.answer(number, { type: "person_answered", path: "team", value: "billing", by: "ann" });
    const ready = await setting.client.callTool({ name: "pawl_result", arguments: { run } });
    expect(ready.structuredContent).toMatchObject({
      status: "unfinished",
      message: expect.stringContaining("goes on"),
    });
    await setting.client.callTool({ name: "sort-mail", arguments: asked });
    const result = await setting.client.callTool({ name: "pawl_result", arguments: { run } });
    expect(result.structuredContent).toMatchObject({ status: "done", output: { team: "billing" } });
  });

  test("with an item that does not fit, of no tool, or about a run of another loop, fails and says why", async () => {
    await using setting = await beside(unknown());
    const { client, journal } = setting;
    const unfit = await client.callTool({ name: "sort-mail", arguments: { id: "7" } });
    expect(unfit).toMatchObject({ isError: true, content: [{ text: expect.stringContaining("text") }] });
    await expect(client.callTool({ name: "other", arguments: {} })).rejects.toThrow("there is no tool other");
    const other = await journal.begin({ loop: "secret", version: "1", item: "1", content: "c", input: {} });
    for (const run of [other.run.id, "17", "nonsense"]) {
      for (const name of ["pawl_result", "pawl_explain"]) {
        expect(await client.callTool({ name, arguments: { run } })).toMatchObject({
          isError: true,
          content: [{ text: expect.stringContaining("no run") }],
        });
      }
    }
    expect([...journal.runs({ loop: "sort-mail" })]).toEqual([]);
  });

  test("of an item that another version of the loop has begun does nothing again", async () => {
    await using setting = await beside(unknown());
    await setting.client.callTool({ name: "sort-mail", arguments: late });
    await setting.client.callTool({ name: "sort-mail", arguments: asked });
    await using newer = await beside(unknown({ ...team, version: "2" }), { journal: setting.journal });
    const kept = await newer.client.callTool({ name: "sort-mail", arguments: late });
    expect(kept.structuredContent).toMatchObject({ status: "done", version: "1" });
    const held = await newer.client.callTool({ name: "sort-mail", arguments: asked });
    expect(held).toMatchObject({ isError: true, structuredContent: { status: "held", version: "1" } });
    expect([...setting.journal.runs({})]).toHaveLength(2);
  });

  test("tells of its progress where the client asks, and can be cancelled: the run goes on with the next call", async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await using setting = await beside([{ loop: slow, effects: ["write"] }], { release: released });
    const cancel = new AbortController();
    const steps: (string | undefined)[] = [];
    const cancelled = setting.client.callTool(
      { name: "slow", arguments: { id: "1" } },
      {
        signal: cancel.signal,
        onprogress({ message }) {
          steps.push(message);
          cancel.abort();
        },
      },
    );
    await expect(cancelled).rejects.toThrow();
    expect(steps).toEqual(["pay: pay, ok"]);
    await setting.host.idle();
    expect([...setting.journal.runs({})].map(({ status }) => status)).toEqual(["ready"]);
    release();
    const done = await setting.client.callTool({ name: "slow", arguments: { id: "1" } });
    expect(done.structuredContent).toMatchObject({ status: "done", output: { sure: true } });
    // What the first call did was not done again.
    expect(pay.executed).toHaveLength(1);
  });

  test("waits for its place, and another call of the same item finds it under way", async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await using setting = await beside([{ loop: slow, effects: null }], { release: released, concurrency: 2 });
    const call = (id: string) => setting.client.callTool({ name: "slow", arguments: { id } });
    const first = call("a");
    await wait(20);
    expect((await call("a")).structuredContent).toMatchObject({ status: "running" });
    const rest = [call("b"), call("c"), call("d")];
    await wait(20);
    expect([...setting.journal.runs({})]).toHaveLength(2);
    release();
    for (const result of await Promise.all([first, ...rest])) {
      expect(result.structuredContent).toMatchObject({ status: "done" });
    }
  });
});

describe("at an address", () => {
  test.each(["legacy", "auto"] as const)(
    "a client that speaks %s calls it; a page of a browser does not",
    async (mode) => {
      await using setting = await beside([{ loop: team, effects: [look.effect] }]);
      const parts = await serverPackage();
      const factory = loopServers(setting.host, parts, { version: "1", say: () => {} });
      const server = await serveHttp(factory, parts, { port: 0, say: () => {} });
      try {
        const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
        await client.connect(new StreamableHTTPClientTransport(new URL(server.url)));
        const steps: (string | undefined)[] = [];
        const onprogress = ({ message }: { message?: string | undefined }): void => void steps.push(message);
        const done = await client.callTool({ name: "sort-mail", arguments: late }, { onprogress });
        expect(done.structuredContent).toMatchObject({ status: "done", output: { team: "shipping" } });
        expect(steps).toEqual(["team: answered by scripted"]);
        await client.close();
        const headers = { "content-type": "application/json", origin: "http://evil.example" };
        expect((await fetch(server.url, { method: "POST", headers, body: "{}" })).status).toBe(403);
        expect((await fetch(new URL("/", server.url))).status).toBe(404);
        const port = Number(new URL(server.url).port);
        await expect(serveHttp(factory, parts, { port, say: () => {} })).rejects.toMatchObject({ code: "E_PORT" });
      } finally {
        await server.close();
      }
    },
  );
});

describe("with keys", () => {
  const key = "0123456789abcdef";
  const ask = { jsonrpc: "2.0", id: 1, method: "initialize", params: {} };
  const post = async (url: string, headers: Record<string, string>): Promise<Response> => {
    const sent = { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers };
    return fetch(url, { method: "POST", headers: sent, body: JSON.stringify(ask) });
  };

  test("an address is for those who have one, and for no page of a browser", async () => {
    await using setting = await beside([{ loop: team, effects: [look.effect] }]);
    const parts = await serverPackage();
    const factory = loopServers(setting.host, parts, { version: "1", say: () => {} });
    const server = await serveHttp(factory, parts, { port: 0, keys: [key], say: () => {} });
    try {
      for (const headers of [{}, { authorization: `Bearer ${key}x` }]) {
        const told = await post(server.url, headers as Record<string, string>);
        expect({ status: told.status, asks: told.headers.get("www-authenticate") }).toEqual({
          status: 401,
          asks: "Bearer",
        });
      }
      const authorization = `Bearer ${key}`;
      expect((await post(server.url, { authorization, origin: "http://evil.example" })).status).toBe(403);
      const client = new Client({ name: "test", version: "1" });
      const requestInit = { headers: { authorization } };
      await client.connect(new StreamableHTTPClientTransport(new URL(server.url), { requestInit }));
      expect((await client.listTools()).tools.map(({ name }) => name)).toContain("sort-mail");
      await client.close();
    } finally {
      await server.close();
    }
  });

  test("no other machine is let in without", async () => {
    await using setting = await beside([{ loop: team, effects: [look.effect] }]);
    const parts = await serverPackage();
    const factory = loopServers(setting.host, parts, { version: "1", say: () => {} });
    const open = { host: "0.0.0.0", port: 0, say: () => {} };
    await expect(serveHttp(factory, parts, open)).rejects.toMatchObject({ code: "E_SERVE_KEYS" });
    await expect(serveHttp(factory, parts, { ...open, keys: ["short"] })).rejects.toMatchObject({
      code: "E_SERVE_KEYS",
    });
  });
});

test("as a program: standard output is the protocol's alone, and it ends with its client", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pawl-mcp-"));
  try {
    const source = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
    const zod = JSON.stringify(pathToFileURL(fileURLToPath(import.meta.resolve("zod"))).href);
    writeFileSync(
      join(folder, "loop.ts"),
      `import { defineLoop } from ${source("../index.ts")}; import { z } from ${zod};
      console.log("loaded"); process.stdout.write("really\\n");
      export const tools = [];
      export default defineLoop({ name: "double", version: "1", input: z.object({ n: z.int() }), output: z.object({ n: z.int() }),
        run: async ({ n }) => { console.log("running"); return { n: 2 * n }; } });`,
    );
    writeFileSync(
      join(folder, "pawl.config.ts"),
      `import { defineConfig, person } from ${source("../index.ts")}; export default defineConfig({ ladder: [person()] });`,
    );
    const main = fileURLToPath(new URL("./main.ts", import.meta.url));
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: ["--conditions=pawl-source", "--no-warnings", main, "mcp", "loop.ts", "--journal", "mcp.db"],
      cwd: folder,
      stderr: "pipe",
    });
    let said = "";
    transport.stderr?.on("data", (chunk: Buffer) => {
      said += chunk;
    });
    const client = new Client({ name: "test", version: "1" });
    const troubles: Error[] = [];
    client.onerror = (error) => troubles.push(error);
    await client.connect(transport);
    const { tools } = await client.listTools();
    expect(tools[0]).toMatchObject({ name: "double", annotations: { readOnlyHint: true } });
    const done = await client.callTool({ name: "double", arguments: { n: 21 } });
    expect(done.structuredContent).toMatchObject({ status: "done", output: { n: 42 } });
    const pid = transport.pid!;
    await client.close();
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(troubles).toEqual([]);
    for (const line of ["loaded", "really", "running", "mcp: offers double (version 1)"]) expect(said).toContain(line);
    const journal = openJournal(join(folder, "mcp.db"));
    expect([...journal.runs({})].map(({ loop, status }) => [loop, status])).toEqual([["double", "done"]]);
    await journal.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the listing of a server prints declarations in which nothing counts yet", async () => {
  await using server = await listingServer(hostileTools);
  const lines = listingLines((await mcpListing({ url: server.url })).tools);
  expect(lines).toContain('  // "evil": "read",');
  expect(lines).toContain("  cannot be offered: the server lists it twice");
  const block = lines.slice(lines.indexOf("effects: {"));
  expect(block.filter((line) => /^ {2}[^/]/.test(line))).toEqual([]);
  expect(lines.join("\n")).not.toContain("\u001b");
  expect(listingLines([])).toEqual(["The server has no tools."]);
});
