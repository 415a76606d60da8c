import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Cores } from "./cores.ts";
import { EnginePool, type PoolOptions, processesFor } from "./pool.ts";

/** A child without a model: it says who it is, how it was opened and what it was told; `wait N` takes N ms. */
const CHILD = `
let opened;
const told = [];
process.on("message", ({ id, call, sent }) => {
  if (call === undefined) return;
  const reply = (value) => process.send({ id, value });
  if (call === "open" && sent.path === "opens-once" && sent.tuning) return process.send({ id, error: { who: "model", code: "E_MODEL_FILE", message: "no room" } });
  if (call === "open") { opened = sent; return reply({ contextTokens: 10, dimensions: 3, template: "fake", bytes: sent.path === "huge" ? 1e15 : 1e6, gpu: sent.path === "on-gpu" ? "cuda" : false, tuning: { threads: 1 } }); }
  if (call === "prepare") return told.push(sent.id), reply(null);
  if (call === "ping") return reply(null);
  const [what, wait] = (sent.item ?? sent.text).split(" ");
  setTimeout(() => reply({ what, pid: process.pid, told, tuning: opened.tuning }), Number(wait ?? 0));
});
process.on("disconnect", () => process.exit());
`;

let folder: string;
let entry: URL;
const pools: EnginePool[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pawl-pool-"));
  await writeFile(join(folder, "child.cjs"), CHILD);
  entry = pathToFileURL(join(folder, "child.cjs"));
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});
afterAll(() => rm(folder, { recursive: true }));

async function poolOf(options: Partial<PoolOptions> = {}, path = "some.gguf"): Promise<EnginePool> {
  const open = { kind: "chat", path, threads: 1, contextTokens: 10, hotPrefixes: 1, gpu: false } as const;
  const pool = new EnginePool(
    { ...open, tuning: null, prefixes: null },
    { threads: 1, cores: new Cores(4), processes: 2, entry, ...options },
  );
  pools.push(pool);
  await pool.start();
  return pool;
}

interface Answer {
  readonly what: string;
  readonly pid: number;
  readonly told: readonly string[];
  readonly tuning: unknown;
}

/** Asks behind a prefix for an item, such as "a" or "a 50" for one that takes 50 ms. */
async function ask(pool: EnginePool, item: string, prefix = "p", signal?: AbortSignal): Promise<Answer> {
  const before = { id: prefix, prefix: { instructions: "", cue: "", choices: [] } };
  const sent = { prefix, item };
  return (await pool.call("measure", sent, { before, item, ...(signal ? { signal } : {}) })) as unknown as Answer;
}

test("a second process is started when the first is busy, and not before; never more than allowed", async () => {
  const pool = await poolOf();
  for (const item of ["a", "b", "c"]) await ask(pool, item);
  expect(pool.processes).toHaveLength(1);
  const answers = await Promise.all(["a 80", "b 80", "c 80", "d", "e"].map((item) => ask(pool, item)));
  expect(pool.processes).toHaveLength(2);
  expect(new Set(answers.map(({ pid }) => pid)).size).toBe(2);
  expect(answers.map(({ what }) => what)).toEqual(["a", "b", "c", "d", "e"]);
  // What the first found out about the machine the second is told.
  expect(new Set(answers.map(({ tuning }) => JSON.stringify(tuning)))).toEqual(new Set(["null", '{"threads":1}']));
});

test("a first process that died is opened again with what it found out", async () => {
  const pool = await poolOf({ processes: 1 });
  expect((await ask(pool, "a")).tuning).toBeNull();
  process.kill((await pool.processes[0]!.pid())!, "SIGKILL");
  await sleep(50);
  expect((await ask(pool, "b")).tuning).toEqual({ threads: 1 });
});

test("a graphics card has one process", async () => {
  const pool = await poolOf({ processes: 4 }, "on-gpu");
  await Promise.all(["a 30", "b 30", "c"].map((item) => ask(pool, item)));
  expect(pool.processes).toHaveLength(1);
});

test("what its prompts take counts: there is one process where a second would not fit", async () => {
  const pool = await poolOf({ processes: 4 }, "huge");
  await Promise.all(["a 30", "b 30", "c"].map((item) => ask(pool, item)));
  expect(pool.processes).toHaveLength(1);
});

test("a further process that cannot be opened is done without, and loses no request", async () => {
  const pool = await poolOf({ processes: 3 }, "opens-once");
  const answers = await Promise.all(["a 40", "b 40", "c 40", "d"].map((item) => ask(pool, item)));
  expect(answers.map(({ what }) => what)).toEqual(["a", "b", "c", "d"]);
  expect(pool.processes).toHaveLength(1);
  expect(pool.most).toBe(1);
});

test("what follows an answer goes to the process that read its prompt, before those who wait", async () => {
  const pool = await poolOf();
  const order: string[] = [];
  const step = async (item: string): Promise<void> => {
    const score = await ask(pool, item);
    order.push(`${item} score`);
    const fill = await ask(pool, item);
    order.push(`${item} fill`);
    expect(fill.pid).toBe(score.pid);
  };
  await Promise.all(["a 20", "b 45", "c 20", "d 20", "e 20", "f 20"].map(step));
  // Once begun, a step is ended before another is begun on its process: at no time are more than two half done.
  let open = 0;
  for (const line of order) {
    open += line.endsWith("score") ? 1 : -1;
    expect(open).toBeLessThanOrEqual(2);
  }
  expect(order).toHaveLength(12);
});

test("of two free processes the one with the prefix warm is taken", async () => {
  const pool = await poolOf();
  const [p, q] = await Promise.all([ask(pool, "a 40", "p"), ask(pool, "b 40", "q")]);
  expect(p.pid).not.toBe(q.pid);
  for (const item of ["c", "d", "e"]) {
    expect((await ask(pool, item, "q")).pid).toBe(q.pid);
    expect((await ask(pool, item, "p")).pid).toBe(p.pid);
  }
});

test("who waits may give up, and closing rejects all", async () => {
  const pool = await poolOf({ processes: 1 });
  const controller = new AbortController();
  const running = ask(pool, "a 300");
  const waiting = ask(pool, "b", "p", controller.signal);
  const last = ask(pool, "c");
  controller.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  const closed = pool.close();
  await expect(running).rejects.toMatchObject({ code: "E_ENGINE_CLOSED" });
  await expect(last).rejects.toMatchObject({ code: "E_ENGINE_CLOSED" });
  await closed;
  await expect(ask(pool, "d")).rejects.toMatchObject({ code: "E_ENGINE_CLOSED" });
});

test("an aborted pass keeps its process busy until it ends", async () => {
  const pool = await poolOf({ processes: 1 });
  const controller = new AbortController();
  const slow = ask(pool, "a 150", "p", controller.signal);
  await sleep(30);
  controller.abort(new Error("enough"));
  await expect(slow).rejects.toThrow("enough");
  expect((await ask(pool, "b")).what).toBe("b");
});

test("processes killed again and again lose no request", async () => {
  const pool = await poolOf();
  const all = Array.from({ length: 120 }, (_, index) => ask(pool, `item-${index} 4`));
  let settled = 0;
  for (const one of all) one.then(() => settled++);
  let killed = 0;
  // By answers and not by the clock: a request may lose its process once, and is done before the next one dies.
  for (const answers of [20, 60, 100]) {
    while (settled < answers) await sleep(1);
    const process = pool.processes[killed % pool.processes.length];
    const pid = await process?.pid();
    if (pid !== undefined) killed += globalThis.process.kill(pid, "SIGKILL") ? 1 : 0;
  }
  expect((await Promise.all(all)).map(({ what }) => what)).toEqual(all.map((_, index) => `item-${index}`));
  expect(killed).toBeGreaterThan(1);
});

test("as many processes as cores, and as a quarter of the memory holds", () => {
  expect(processesFor(100e6, new Cores(2), 24e9)).toBe(2);
  expect(processesFor(100e6, new Cores(64), 24e9)).toBe(24);
  expect(processesFor(8e9, new Cores(8), 24e9)).toBe(1);
});
