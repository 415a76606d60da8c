/** The gateway as a process: what it does with slow senders, and what is left when it is ended. */

import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { startChild } from "../../test/support/child.ts";
import { temporaryFolder } from "../../test/support/folder.ts";
import { openGateway, teamRequest } from "../../test/support/gateway.ts";
import { openJournal } from "../journal/sqlite.ts";
import { scripted } from "../rung/scripted.ts";
import { createGateway } from "./gateway.ts";
import { listen } from "./server.ts";
import { viewOf } from "./view.ts";

const route = "/v1/systemone";

describe("a slow sender", () => {
  const config = { ladder: [scripted(() => "refund", { name: "model" })] };

  async function said(text: string): Promise<string> {
    await using world = await openGateway({ config });
    const listening = await listen(world.gateway, {
      host: "127.0.0.1",
      port: 0,
      headersTimeout: 100,
      requestTimeout: 200,
    });
    const socket = connect(listening.port, "127.0.0.1");
    socket.write(text);
    let heard = "";
    for await (const piece of socket) heard += piece;
    await listening.close(10);
    return heard;
  }

  test.each([
    ["its headers", "POST /v1/systemone HTTP/1.1\r\nHost: localhost\r\nX-Slow: "],
    [
      "its body",
      "POST /v1/systemone HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
    ],
  ])("who does not finish %s is cut off", async (_, text) => {
    expect(await said(text)).toMatch(/^HTTP\/1.1 408/);
  });

  test("(control) who finishes is answered", async () => {
    const body = JSON.stringify(teamRequest("x"));
    const head = `POST ${route} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    expect(await said(head + body)).toMatch(/^HTTP\/1.1 200[\s\S]*refund/);
  });
});

test("a port that is taken is said", async () => {
  await using world = await openGateway({ config: { ladder: [scripted({}, { name: "model" })] } });
  const listening = await listen(world.gateway, { host: "127.0.0.1", port: 0 });
  await expect(listen(world.gateway, { host: "127.0.0.1", port: listening.port })).rejects.toMatchObject({
    code: "E_LISTEN",
  });
  await listening.close(10);
});

/** What a client was told of one of its requests. */
interface Seen {
  readonly number: number;
  readonly status: number;
  readonly run: string | undefined;
  readonly choice: string | undefined;
}

/** Clients without end, until the process is; `end` is called in the middle of it. */
async function underLoad(journal: string, end: (kill: (signal: NodeJS.Signals) => void) => void) {
  const files = ["--config", "test/crash/gateway.config.ts", "--journal", journal];
  await using child = startChild("src/cli/main.ts", [
    "serve",
    ...files,
    "--port",
    "0",
    "--grace",
    "1",
    "--json",
    "--quiet",
  ]);
  const { address } = JSON.parse(await child.line('{"state":"listening"')) as { address: string };
  await child.line('{"state":"ready"');
  const seen: Seen[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    for (;;) {
      const number = next++;
      // Some take longer than the process has at its end.
      const state = `${number % 40 === 39 ? "slow" : "item"} ${number}`;
      try {
        const response = await fetch(address + route, {
          method: "POST",
          headers: { "content-type": "application/json", "idempotency-key": `k${number}` },
          body: JSON.stringify(teamRequest(state)),
        });
        const { answers, pawl } = (await response.json()) as {
          answers?: { team?: { choice: string } };
          pawl?: { run: string };
        };
        seen.push({ number, status: response.status, run: pawl?.run, choice: answers?.team?.choice });
        if (response.status === 503) return;
      } catch {
        return;
      }
      if (seen.length === 200) end((signal) => child.process.kill(signal));
    }
  };
  await Promise.all(Array.from({ length: 24 }, client));
  return { seen, ended: await child.end() };
}

const teams = ["billing", "refund"];

/** Every answer that a client saw is in the journal, and is the answer to what it asked. */
async function expectKept(file: string, seen: readonly Seen[]): Promise<void> {
  const journal = openJournal(file);
  const answered = seen.filter(({ status }) => status === 200);
  expect(answered.length).toBeGreaterThanOrEqual(200);
  for (const { number, run: id, choice } of answered) {
    expect(choice).toBe(teams[number % 2]);
    const run = journal.run(Number(id!.split("-")[1]))!;
    expect(run).toMatchObject({ id, item: `-:k${number}` });
    expect(viewOf(run, journal.events(run.number)).given[0]!.value).toBe(choice);
  }
  await journal.close();
}

test("told to end under load, it loses nothing that was said, and parks the rest", async () => {
  using folder = temporaryFolder();
  const file = folder.file("gateway.db");
  const { seen, ended } = await underLoad(file, (kill) => kill("SIGTERM"));
  expect(ended.code).toBe(0);
  await expectKept(file, seen);
  const journal = openJournal(file);
  expect(journal.counts()).toMatchObject({ running: 0, failed: 0, waiting: 0 });
  const parked = seen.filter(({ status, run }) => status === 503 && run !== undefined);
  expect(parked.length).toBeGreaterThan(0);
  // Whoever was told to ask again does, of another process.
  const quick = scripted(({ about, options }) => options[Number(/\d+/.exec(about)?.[0]) % 2]!.name, { name: "model" });
  const gateway = createGateway({ config: { ladder: [quick] }, journal });
  await gateway.open();
  for (const { number, run } of parked) {
    const response = await gateway.fetch(new Request(`http://localhost/v1/answers/${run}`));
    const { answers } = (await response.json()) as { answers: { team: { choice: string } } };
    expect([response.status, answers.team.choice]).toEqual([200, teams[number % 2]]);
  }
  await gateway.close(10);
  await journal.close();
});

test("killed under load, it has lost nothing that was said", async () => {
  using folder = temporaryFolder();
  const file = folder.file("gateway.db");
  const { seen } = await underLoad(file, (kill) => kill("SIGKILL"));
  await expectKept(file, seen);
  // (control) An answer that is another one, or not on record, would be found out.
  await expect(expectKept(folder.file("empty.db"), seen)).rejects.toThrow();
  const last = seen.findLastIndex(({ status }) => status === 200);
  await expect(expectKept(file, seen.with(last, { ...seen[last]!, run: seen[0]!.run }))).rejects.toThrow();
});

test("a person's answer, given in another process, is the answer", async () => {
  using folder = temporaryFolder();
  const files = ["--config", "test/crash/gateway.config.ts", "--journal", folder.file("gateway.db")];
  await using child = startChild("src/cli/main.ts", ["serve", ...files, "--port", "0", "--json"]);
  const { address } = JSON.parse(await child.line('{"state":"listening"')) as { address: string };
  await child.line('{"state":"ready"');
  const headers = { "content-type": "application/json", prefer: "respond-async" };
  const body = JSON.stringify(teamRequest("without a number"));
  const asked = await fetch(address + route, { method: "POST", headers, body });
  expect(asked.status).toBe(202);
  const { pawl } = (await asked.json()) as { pawl: { run: string; path: string } };
  await using review = startChild("src/cli/main.ts", ["review", ...files, "--answer", pawl.run, pawl.path, "refund"]);
  expect(await review.end()).toMatchObject({ code: 0, output: expect.stringContaining("done") });
  const told = await fetch(address + asked.headers.get("location"));
  expect(told.status).toBe(200);
  expect(await told.json()).toMatchObject({ answers: { team: { choice: "refund" } }, pawl: { rung: "person" } });
  await child.line('{"method":"GET"');
});

test("the command refuses to be reached without a key", async () => {
  using folder = temporaryFolder();
  const files = ["--config", "test/crash/gateway.config.ts", "--journal", folder.file("gateway.db")];
  await using child = startChild("src/cli/main.ts", ["serve", ...files, "--host", "0.0.0.0"]);
  expect(await child.end()).toMatchObject({ code: 2, output: expect.stringContaining("E_SERVE_KEYS") });
});
