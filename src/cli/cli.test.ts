/** The command line as a process: exit codes, streams, and the way from a file to an answered question. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const source = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
const zod = JSON.stringify(pathToFileURL(fileURLToPath(import.meta.resolve("zod"))).href);

const loopFile = `
import { defineLoop, defineTool } from ${source("../index.ts")};
import { z } from ${zod};
export const pay = defineTool({
  name: "pay", description: "Pays an order back.", effect: "irreversible",
  input: z.object({ order: z.string() }), output: z.object({ key: z.string() }),
  run: (_, { key }) => ({ key }),
});
export default defineLoop({
  name: "mails", version: process.env.LOOP_VERSION ?? "1",
  input: z.object({ id: z.string(), text: z.string() }), output: z.object({ team: z.string(), paid: z.boolean() }),
  async run(mail, step) {
    const team = await step.choose("team", { about: mail, ask: "Which team?", options: { billing: "Money", shipping: "Parcels" }, ...(process.env.RISK && { risk: Number(process.env.RISK) }) });
    if (team.value !== "billing") return { team: team.value, paid: false };
    const next = await step.pick("next", { about: mail, ask: "What now?", tools: [pay], otherwise: false });
    const outcome = await step.call("do", next.value);
    return { team: team.value, paid: outcome.kind === "ok" };
  },
});
export const spare = 1;
`;

const configFile = `
import { cache, defineConfig, person } from ${source("../index.ts")};
import { scripted } from ${source("../testing.ts")};
const pause = Number(process.env.PAUSE ?? 0);
export default defineConfig({
  ladder: [cache(), scripted(async (question, { item }) => {
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    if (process.env.BROKEN) throw new Error("no such model");
    if (question.name === "next") return { tool: "pay", args: { order: "A1" } };
    return item.text.includes("?") ? undefined : item.text.includes("refund") ? "billing" : "shipping";
  }), person()],
});
`;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pawl-cli-"));
  writeFileSync(join(folder, "mails.ts"), loopFile);
  writeFileSync(join(folder, "pawl.config.ts"), configFile);
  writeFileSync(join(folder, "mails.csv"), "id,text\n1,late\n2,late again\n");
  writeFileSync(join(folder, "mixed.csv"), 'id,text\na,late\nb,"why,\n really?"\na,twice\nc\nd,refund\n');
  writeFileSync(join(folder, "empty.csv"), "");
  writeFileSync(join(folder, "columns.csv"), "id,body\n1,x\n");
  writeFileSync(join(folder, "throws.ts"), "\nthrow new Error('not today\\nnor tomorrow');\n");
  writeFileSync(join(folder, "bad-loop.ts"), loopFile.replace('name: "mails"', 'name: "Mails!"'));
  writeFileSync(join(folder, "many.csv"), `id,text\n${Array.from({ length: 400 }, (_, i) => `m${i},late\n`).join("")}`);
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `pawl`. `watch` sees standard error as it comes. */
function pawl(
  args: readonly string[],
  env: object = {},
  watch?: (err: string, kill: (signal: NodeJS.Signals) => void) => void,
) {
  return new Promise<Ran>((resolve) => {
    const child = spawn(process.execPath, ["--conditions=pawl-source", main, ...args], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
      watch?.(err, (signal) => child.kill(signal));
    });
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

const json = (ran: Ran): Record<string, unknown> => JSON.parse(ran.out) as Record<string, unknown>;

describe("help", () => {
  const commands = [
    [],
    ["run"],
    ["review"],
    ["explain"],
    ["replay"],
    ["models"],
    ["models", "pull"],
    ["models", "list"],
  ];
  test.each(commands.map((command) => [command.join(" "), command]))("pawl %s --help", async (_, command) => {
    const { code, out } = await pawl([...(command as string[]), "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^Usage: pawl/);
  });

  test("the version is the package's", async () => {
    expect((await pawl(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("wrong use ends with 2 and one clear message", () => {
  test.each([
    [["fly"], "unknown command 'fly'"],
    [["run", "mails.ts"], "missing required argument 'data'"],
    [["run", "mails.ts", "mails.csv", "--concurrency", "0"], "It takes a whole number, from 1 to 1000."],
    [["run", "mails.ts", "nowhere.csv"], "there is no file nowhere.csv (E_NO_FILE)"],
    [["run", "mails.ts", "empty.csv"], "empty.csv is empty (E_EMPTY)"],
    [["run", "nowhere.ts", "mails.csv"], "there is no loop file nowhere.ts (E_NO_FILE)"],
    [["run", "mails.ts#spare", "mails.csv"], "mails.ts has no loop called spare; it has mails.ts (E_NO_LOOP)"],
    [["run", "throws.ts", "mails.csv"], "throws.ts:2: cannot be imported: not today (E_IMPORT)"],
    [["run", "bad-loop.ts", "mails.csv"], 'a loop\'s name is lower-case letters, digits and "-"'],
    [
      ["run", "mails.ts", "columns.csv"],
      'the loop needs the column "text", which the data does not have; it has "id", "body"',
    ],
    [["run", "mails.ts", "mails.csv", "--id", "key"], 'there is no column "key"; there are "id", "text" (E_NO_COLUMN)'],
    [["run", "mails.ts", "mails.csv", "--out", "nowhere/out.csv"], "is not there (E_NO_FOLDER)"],
    [["run", "mails.ts", "mails.csv", "--out", "mails.csv"], "--out mails.csv is the data itself"],
    [["run", "mails.ts", "mails.csv", "--out", "out.xlsx"], "the ending tells no format"],
    [["run", "mails.ts", "mails.csv", "--config", "mails.ts"], "the config has no"],
    [["explain", "1", "--journal", "nowhere.db"], "there is no journal"],
    [["review", "stray"], "means something only with --answer"],
  ])("pawl %j", async (args, message) => {
    const { code, out, err } = await pawl(args as string[]);
    expect(err).toContain(message);
    expect([code, out]).toEqual([2, ""]);
  });

  test("with --json it is an object on standard output", async () => {
    const ran = await pawl(["run", "mails.ts", "empty.csv", "--json"]);
    expect(json(ran)).toEqual({ error: { code: "E_EMPTY", message: "empty.csv is empty", exit: 2 } });
  });
});

test("a run that is all done ends with 0 and says before what it will do", async () => {
  const { code, out, err } = await pawl(["run", "mails.ts", "mails.csv", "--journal", "done.db"]);
  expect(code).toBe(0);
  expect(out).toMatch(/items +2 .*\n +done +2/);
  expect(err).toContain("loop     mails, version 1 (mails.ts)");
  expect(err).toContain('data     mails.csv: 2 records, items known by column "id"');
  expect(err).toContain("ladder   cache > scripted from 0.5 > person");
  expect(err).toContain("no promise yet");
  const quiet = await pawl(["run", "mails.ts", "mails.csv", "--journal", "done.db", "--quiet", "--json"]);
  expect(quiet.err).toBe("");
  expect(json(quiet)).toMatchObject({ done: 2, earlier: 2, questions: { localShare: 1 }, usage: { cost: 0 } });
});

test("from a file to the last answer: run, list, explain, answer, replay, and the same run again", async () => {
  const where = ["--journal", "flow.db"];
  const first = await pawl(["run", "mails.ts", "mixed.csv", "--out", "flow.jsonl", "--json", ...where]);
  expect(first.code).toBe(3);
  expect(json(first)).toMatchObject({ rows: 5, done: 1, waiting: 2, quarantined: 2, complete: true });
  expect((await readFile(join(folder, "flow.jsonl"), "utf8")).split("\n").map((line) => line.slice(0, 34))).toEqual([
    '{"id":"a","status":"done","output"',
    '{"id":"b","status":"waiting","outp',
    '{"id":"a","status":"quarantined","',
    '{"id":null,"status":"quarantined",',
    '{"id":"d","status":"waiting","outp',
    "",
  ]);

  const listed = json(await pawl(["review", "--list", "--json", ...where])) as { waiting: object[] };
  expect(listed.waiting).toMatchObject([
    { run: 2, item: "b", path: "team", verb: "choose", about: "id: b\ntext: why,\n really?", suggestion: null },
    { run: 3, item: "d", path: "next", verb: "pick", suggestion: { value: { tool: "pay", args: { order: "A1" } } } },
  ]);

  const explained = await pawl(["explain", "d", ...where]);
  expect(explained.out).toContain("team  choose  → billing 1.00  by scripted");
  expect(explained.out).toContain("✗ this effect needs person, not scripted");
  expect(explained.out).toContain(
    'why: scripted said pay({"order":"A1"}), but this effect needs person, not scripted; a person is asked.',
  );
  expect(explained.out).toContain("risk: no promise yet");

  const wrong = await pawl(["review", "--answer", "2", "team", "cooking", ...where]);
  expect([wrong.code, wrong.err]).toEqual([
    2,
    'pawl: "cooking" is none of: billing, shipping, none of these (E_VALUE)\n',
  ]);
  const gone = await pawl(["review", "--answer", "b", "nothing", "billing", ...where]);
  expect(gone.err).toContain("run 2 asks nobody at nothing: there waits team");

  const paid = await pawl([
    "review",
    "--answer",
    "3",
    "next",
    '{"tool":"pay","args":{"order":"A1"}}',
    "--by",
    "ana",
    ...where,
  ]);
  expect([paid.code, paid.out]).toEqual([0, 'item d (run 3): done, {"team":"billing","paid":true}\n']);
  const answered = await pawl(["review", "--answer", "b", "team", "shipping", "--json", ...where]);
  expect(json(answered)).toMatchObject({ value: "shipping", went: { kind: "went on", end: { kind: "ended" } } });

  const receipt = json(await pawl(["explain", "3", "--json", ...where])) as { steps: { called: { key: string } }[] };
  expect(receipt).toMatchObject({
    status: "done",
    steps: [{ path: "team" }, { asked: { by: "ana" } }, { path: "do" }],
  });
  expect(receipt.steps[2]?.called.key).toMatch(/^[a-z0-9]{8}-3\/do$/);

  for (const run of ["1", "2", "3"]) {
    const replayed = await pawl(["replay", run, "--json", ...where]);
    expect(json(replayed)).toMatchObject({ same: true, divergedAt: null });
    expect(replayed.code).toBe(0);
  }
  const again = await pawl(["run", "mails.ts", "mixed.csv", "--out", "flow.csv", "--json", ...where]);
  expect(json(again)).toMatchObject({ done: 3, waiting: 0, earlier: 3, questions: { local: 2, person: 2 } });
  const [head, ...rows] = (await readFile(join(folder, "flow.csv"), "utf8")).split("\n");
  expect(head).toBe("id,status,team,paid,reason,run");
  expect([rows[0], rows[1], rows[4]]).toEqual([
    "a,done,shipping,false,,1",
    "b,done,shipping,false,,2",
    "d,done,billing,true,,3",
  ]);
});

test("a step with a risk lets nothing local stand before it has a certificate, and says so", async () => {
  const where = ["--journal", "cold.db"];
  const cold = await pawl(["run", "mails.ts", "mails.csv", "--json", ...where], { RISK: "0.02" });
  expect([cold.code, json(cold)]).toMatchObject([3, { done: 0, waiting: 2, questions: { local: 0, promised: 0 } }]);
  const { out } = await pawl(["explain", "1", ...where]);
  expect(out).toContain("why: scripted said shipping, but nothing local may stand yet: 0 labels so far");
  expect(out).toContain("risk: no promise yet (asked: at most 2 % wrong)");
});

test("a journal remembers the config that it was last run with, while that is there", async () => {
  const own = join(folder, "own.config.ts");
  const where = ["--journal", "remembered.db"];
  const answer = async (run: string) => (await pawl(["review", "--answer", run, "team", "shipping", ...where])).out;
  const read = "this one was read";
  const breakIt = (): void => writeFileSync(own, `throw new Error("${read}");`);
  const runWith = async (...config: string[]) => {
    writeFileSync(own, configFile);
    await pawl(["run", "mails.ts", "mixed.csv", ...config, ...where]);
    breakIt();
  };
  await runWith("--config", "own.config.ts");
  expect(await pawl(["review", "--list", ...where])).toMatchObject({ code: 2, err: expect.stringContaining(read) });
  rmSync(own);
  expect(await answer("2")).toContain("item b (run 2): done");
  await runWith();
  expect(await pawl(["review", "--list", ...where])).toMatchObject({ code: 0, err: expect.not.stringContaining(read) });
});

test("an answer to a run of another version is kept, and the run held", async () => {
  const where = ["--journal", "versions.db"];
  await pawl(["run", "mails.ts", "mixed.csv", ...where]);
  const answered = await pawl(["review", "--answer", "b", "team", "shipping", ...where], { LOOP_VERSION: "2" });
  expect(answered.out).toContain("the loop is now version 2, so it goes on with pawl run --changed continue");
  const held = await pawl(["run", "mails.ts", "mixed.csv", "--json", ...where], { LOOP_VERSION: "2" });
  expect(json(held)).toMatchObject({ kept: 1, held: 2, done: 1 });
  const on = await pawl(["run", "mails.ts", "mixed.csv", "--json", "--changed", "continue", ...where], {
    LOOP_VERSION: "2",
  });
  expect(json(on)).toMatchObject({ continued: 1, done: 2, held: 0 });
});

test("a replay of a changed loop says where it leaves the record", async () => {
  await pawl(["run", "mails.ts", "mails.csv", "--journal", "diverge.db"]);
  writeFileSync(join(folder, "renamed.ts"), loopFile.replaceAll('"team", {', '"crew", {'));
  const replayed = await pawl(["replay", "1", "renamed.ts", "--journal", "diverge.db"]);
  expect(replayed.code).toBe(1);
  expect(replayed.out).toContain("same outcome: no");
  expect(replayed.out).toContain("comes to the step crew, which is not on record");
});

test("Ctrl-C drains, ends with 130 and names the command that goes on; that one finishes", async () => {
  const args = ["run", "mails.ts", "many.csv", "--journal", "drain.db", "--out", "drain.csv", "--concurrency", "4"];
  let sent = false;
  const stopped = await pawl(args, { PAUSE: "20" }, (err, kill) => {
    if (sent || !err.includes("at once")) return;
    sent = true;
    setTimeout(() => kill("SIGINT"), 300);
  });
  expect(stopped.code).toBe(130);
  expect(stopped.err).toContain(`the same command resumes: pawl ${args.join(" ")}`);
  expect(stopped.err).toContain("drain.csv is not written");
  const resumed = await pawl([...args, "--json"]);
  expect(resumed.code).toBe(0);
  const { earlier, done } = json(resumed) as { earlier: number; done: number };
  expect(done).toBe(400);
  expect(earlier).toBeGreaterThan(0);
  expect((await readFile(join(folder, "drain.csv"), "utf8")).trimEnd().split("\n")).toHaveLength(401);
});

test("a dry run decides, changes nothing and keeps nothing", async () => {
  const ran = await pawl(["run", "mails.ts", "mails.csv", "--dry-run", "--json", "--out", "-", "--journal", "dry.db"]);
  expect(ran.code).toBe(0);
  expect(ran.out.split("\n")[0]).toBe(
    '{"id":"1","status":"done","output":{"team":"shipping","paid":false},"reason":null,"run":1}',
  );
  expect(JSON.parse(ran.err.trim().split("\n").at(-1)!)).toMatchObject({ dryRun: true, journal: null, done: 2 });
  expect((await pawl(["explain", "1", "--journal", "dry.db"])).err).toContain("there is no journal");
});

test("a rung that always fails is an unhealthy backend: 5", async () => {
  const ran = await pawl(["run", "mails.ts", "mails.csv", "--journal", "broken.db"], { BROKEN: "1" });
  expect(ran.code).toBe(5);
  expect(ran.err).toContain("pawl: scripted failed every time it was asked: no such model");
});

test("an unhealthy backend is one of this command: what was met before does not end the next with 5", async () => {
  const where = ["--journal", "mended.db"];
  expect((await pawl(["run", "mails.ts", "mails.csv", ...where], { BROKEN: "1" })).code).toBe(5);
  const mended = await pawl(["run", "mails.ts", "mails.csv", ...where]);
  expect([mended.code, mended.err]).toEqual([3, expect.not.stringContaining("failed every time")]);
});

test("nothing in the data commands the terminal", async () => {
  const [cursor, title, hidden] = ["\x1b[2A\x1b[2K", "\x1b]0;owned\x07", "\x1b[8m"];
  const evil = `e${cursor}${title}${hidden}`;
  writeFileSync(join(folder, "evil.csv"), `id,text\n"${evil}",why?\n"${evil}",again\n`);
  const where = ["--journal", "evil.db"];
  const ran = [
    await pawl(["run", "mails.ts", "evil.csv", ...where]),
    await pawl(["explain", `no${evil}`, ...where]),
    await pawl(["review", "--list", ...where]),
    await pawl(["review", "--answer", "1", "team", "shipping", ...where]),
    await pawl(["explain", "1", ...where]),
  ];
  const shown = ran.map(({ out, err }) => out + err).join("");
  expect(shown).toContain("␛[2A␛[2K␛]0;owned␇␛[8m");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
  expect(shown).not.toMatch(/[\x00-\x08\x0b-\x1f]/);
  // A program gets it to the letter.
  expect(json(await pawl(["explain", "1", "--json", ...where]))).toMatchObject({ item: { id: evil } });
});

test("the demo's first Ctrl-C while a model is fetched stops at once", async () => {
  const hub = createServer(() => {}).listen(0, "127.0.0.1");
  await once(hub, "listening");
  const env = {
    PAWL_HOME: join(folder, "home"),
    HF_ENDPOINT: `http://127.0.0.1:${(hub.address() as AddressInfo).port}`,
  };
  let interrupted = 0;
  const ran = await pawl(["demo", "--journal", "demo.db"], env, (err, kill) => {
    if (interrupted > 0 || !err.includes("SIMULATED")) return;
    interrupted = performance.now();
    kill("SIGINT");
  });
  // Sooner than the hub is given up.
  expect(performance.now() - interrupted).toBeLessThan(4_000);
  expect([ran.code, ran.err]).toEqual([130, expect.stringContaining("the same command begins again")]);
  hub.closeAllConnections();
  hub.close();
});

test("models path and an unknown model", async () => {
  const env = { PAWL_HOME: folder };
  expect((await pawl(["models", "path"], env)).out).toBe(`${join(folder, "models")}\n`);
  expect((await pawl(["models", "list", "--json"], env)).out).toContain('"minilm"');
  const missing = await pawl(["models", "path", "minilm"], env);
  expect([missing.code, missing.err]).toEqual([5, expect.stringContaining("pawl models pull minilm")]);
  expect((await pawl(["models", "rm", "nothing"], env)).code).toBe(2);
});
