import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Cores } from "./cores.ts";
import { EngineProcess, type ProcessOptions } from "./process.ts";

/** A child without a model: the text it is sent says what it does. */
const CHILD = `
const told = [];
process.on("message", (message) => {
  const { id, call, sent } = message;
  if (call === undefined) return;
  const reply = (value) => process.send({ id, value });
  if (call === "open") return reply({ contextTokens: 10, dimensions: 3, template: "fake" });
  if (call === "prepare") return told.push(sent.id), reply(null);
  const [what, detail] = sent.texts[0].split(" ");
  if (what === "die") { console.error("a last word"); return process.exit(3); }
  if (what === "die-once") {
    const fs = require("node:fs");
    if (!fs.existsSync(detail)) { fs.writeFileSync(detail, ""); process.kill(process.pid, "SIGKILL"); return; }
    return reply({ told, pid: process.pid });
  }
  if (what === "hang") return;
  if (what === "slow") {
    let left = 6;
    const timer = setInterval(() => {
      if (--left === 0) { clearInterval(timer); reply("done"); } else process.send({ id, alive: true });
    }, 60);
    return;
  }
  if (what === "write") {
    process.send({ id, alive: true, text: "one " });
    process.send({ id, alive: true, text: "two" });
    return reply("one two");
  }
  if (what === "fail") return process.send({ id, error: { who: "model", code: "E_TOO_LONG", message: "too long", value: { limit: 3 } } });
  reply({ text: sent.texts[0], pid: process.pid, told });
});
process.on("disconnect", () => process.exit());
`;

let folder: string;
let entry: URL;
const open: EngineProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pawl-process-"));
  await writeFile(join(folder, "child.cjs"), CHILD);
  entry = pathToFileURL(join(folder, "child.cjs"));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()));
});
afterAll(() => rm(folder, { recursive: true }));

function engineOf(options: Partial<ProcessOptions> = {}): EngineProcess {
  const engine = new EngineProcess(
    { kind: "encoder", path: "some.gguf", threads: 1, contextTokens: 10, gpu: false },
    { threads: 1, cores: new Cores(2), entry, ...options },
  );
  open.push(engine);
  return engine;
}

const prepared = (id: string) => ({ before: { id, prefix: { instructions: "", cue: "", choices: [] } } });

test("answers in order, tells a prefix once, and gives errors their class and code", async () => {
  const engine = engineOf();
  expect(await engine.start()).toMatchObject({ dimensions: 3 });
  const [first, second] = await Promise.all(
    ["a", "b"].map((text) => engine.call("embed", { texts: [text] }, prepared("p"))),
  );
  expect(first).toMatchObject({ text: "a", told: ["p"] });
  expect(second).toMatchObject({ text: "b", told: ["p"] });
  await expect(engine.call("embed", { texts: ["fail"] })).rejects.toMatchObject({
    name: "ModelError",
    code: "E_TOO_LONG",
    value: { limit: 3 },
  });
});

test("a process that dies under a request is replaced, told its prefix again, and asked once more", async () => {
  const engine = engineOf();
  await engine.call("embed", { texts: ["a"] }, prepared("p"));
  const before = await engine.pid();
  const answer = await engine.call("embed", { texts: [`die-once ${join(folder, "died")}`] }, prepared("p"));
  expect(answer).toMatchObject({ told: ["p"] });
  expect(await engine.pid()).not.toBe(before);
  expect(engine.restarts).toBe(1);
});

test("one that dies twice is an error with its last words, and the next request gets a new one", async () => {
  const engine = engineOf();
  await expect(engine.call("embed", { texts: ["die"] })).rejects.toMatchObject({
    code: "E_ENGINE_CRASHED",
    message: expect.stringMatching(/exit code 3.*a last word/s),
  });
  expect(await engine.call("embed", { texts: ["a"] })).toMatchObject({ text: "a" });
});

test("one that died while idle is replaced without a word", async () => {
  const engine = engineOf();
  await engine.start();
  process.kill((await engine.pid())!, "SIGKILL");
  await sleep(50);
  expect(await engine.call("embed", { texts: ["a"] })).toMatchObject({ text: "a" });
});

test("a silent pass is stopped and named; a slow one that shows life is not", async () => {
  const engine = engineOf({ stuckSeconds: 0.2 });
  await engine.start();
  expect(await engine.call("embed", { texts: ["slow"] })).toBe("done");
  await expect(engine.call("embed", { texts: ["hang"] })).rejects.toMatchObject({ code: "E_ENGINE_STUCK" });
  expect(await engine.call("embed", { texts: ["a"] })).toMatchObject({ text: "a" });
});

test("an aborted request lets its caller go at once and keeps its cores until the pass ends", async () => {
  const cores = new Cores(1);
  const engine = engineOf({ cores });
  await engine.start();
  const controller = new AbortController();
  const slow = engine.call("embed", { texts: ["slow"] }, { signal: controller.signal });
  await sleep(80);
  controller.abort(new Error("enough"));
  await expect(slow).rejects.toThrow("enough");
  expect(cores.free).toBe(0);
  expect(await engine.call("embed", { texts: ["a"] })).toMatchObject({ text: "a" });
  expect(cores.free).toBe(1);
  await expect(
    engine.call("embed", { texts: ["a"] }, { signal: AbortSignal.abort(new Error("before")) }),
  ).rejects.toThrow("before");
});

test("closing rejects what runs and what waits, and may be repeated", async () => {
  const engine = engineOf();
  await engine.start();
  const pid = (await engine.pid())!;
  const running = engine.call("embed", { texts: ["hang"] });
  const waiting = engine.call("embed", { texts: ["a"] });
  const settled = Promise.allSettled([running, waiting]);
  await sleep(20);
  await Promise.all([engine.close(), engine.close()]);
  for (const result of await settled) expect(result).toMatchObject({ reason: { code: "E_ENGINE_CLOSED" } });
  expect(() => process.kill(pid, 0)).toThrow();
  await expect(engine.start()).rejects.toMatchObject({ code: "E_ENGINE_CLOSED" });
});

test("a text is shown while it is written; a caller that fails at it fails alone", async () => {
  const engine = engineOf();
  const shown: string[] = [];
  await engine.call("embed", { texts: ["write"] }, { onText: (piece) => void shown.push(piece) });
  expect(shown).toEqual(["one ", "two"]);
  const fails = () => {
    throw new Error("cannot show");
  };
  await expect(engine.call("embed", { texts: ["write"] }, { onText: fails })).rejects.toThrow("cannot show");
  expect(await engine.call("embed", { texts: ["a"] })).toMatchObject({ text: "a" });
});
