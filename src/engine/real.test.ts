/** With the real default models, out of the default store; fetched once. One thread each: the machine is shared. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/folder.ts";
import { DEFAULT_CHAT, DEFAULT_ENCODER } from "../models/catalogue.ts";
import { ensureModel } from "../models/pull.ts";
import { type ChatOptions, type EmbeddedChat, openChat } from "./chat.ts";
import { openEncoder } from "./encoder.ts";
import { chatEngineContract, encoderEngineContract } from "./engine.contract.ts";
import type { Tuning } from "./tuning.ts";

async function startChat(): Promise<EmbeddedChat> {
  const { path, name, digest } = await ensureModel(DEFAULT_CHAT);
  return await openChat(path, { name, digest, threads: 1, contextTokens: 1024 });
}

/** A story model of 1.2 MB: everything goes through the real runtime, and nothing it says means anything. */
const TINY = fileURLToPath(new URL("../../test/models/stories260K.gguf", import.meta.url));
const plain: Tuning = { threads: 1, flashAttention: false, raw: true, measured: {} };

async function startTiny(options: ChatOptions = {}): Promise<EmbeddedChat> {
  return await openChat(TINY, { threads: 1, contextTokens: 1024, home: null, tuning: plain, ...options });
}

chatEngineContract("SmolLM2 135M", startChat);
chatEngineContract("stories 260K", startTiny);
encoderEngineContract("MiniLM", async () => {
  const { path, name, digest } = await ensureModel(DEFAULT_ENCODER);
  return await openEncoder(path, { name, digest });
});

describe("prefixes on disk", () => {
  const question = {
    instructions: `The story is about one of these. ${"Once upon a time there was a little dog. ".repeat(8)}`,
    cue: "It is about a",
    choices: [" dog", " cat", " girl", " little boy", " little bird"],
  };

  test("a prefix used twice is loaded by the next process, with the same numbers", async () => {
    using folder = temporaryFolder();
    const scores = async (engine: EmbeddedChat) => {
      const prefix = await engine.prepare(question);
      return [
        await engine.score({ prefix, item: "She saw a cat." }),
        await engine.score({ prefix, item: "He had a big red ball." }),
      ];
    };
    const engine = await startTiny({ home: folder.path });
    const before = await scores(engine);
    await engine.close();
    const kept = await readdir(join(folder.path, "prefixes"));
    expect(kept).toHaveLength(1);
    const later = await startTiny({ home: folder.path });
    const after = await scores(later);
    await later.close();
    expect(after.map(({ logp }) => logp)).toEqual(before.map(({ logp }) => logp));
    expect(before[0]!.newTokens).toBeGreaterThan(100);
    expect(after[0]!.newTokens).toBeLessThan(30);
    // A damaged one is as if there were none.
    await truncate(join(folder.path, "prefixes", kept[0]!), 1000);
    const third = await startTiny({ home: folder.path });
    const again = await scores(third);
    await third.close();
    expect(again.map(({ logp }) => logp)).toEqual(before.map(({ logp }) => logp));
    expect(again[0]!.newTokens).toBe(before[0]!.newTokens);
  });

  test("one that was used once is not kept", async () => {
    using folder = temporaryFolder();
    const engine = await startTiny({ home: folder.path });
    await engine.score({ prefix: await engine.prepare(question), item: "A cat." });
    await engine.close();
    await expect(readdir(join(folder.path, "prefixes"))).rejects.toThrow("ENOENT");
  });
});

describe("the layout of passes", () => {
  test("the probe finds one, says it in a line, and the next start remembers", async () => {
    using folder = temporaryFolder();
    const lines: string[] = [];
    const say = (line: string) => void lines.push(line);
    const options = { threads: 1, contextTokens: 256, home: folder.path, say };
    const first = await openChat(TINY, options);
    const { tuning } = first;
    await first.close();
    expect(tuning).toMatchObject({ threads: 1, raw: true });
    expect(Object.keys(tuning.measured).length).toBeGreaterThan(2);
    expect(lines).toEqual([expect.stringMatching(/^stories260K\.gguf: \d process(es)? of 1 thread, flash attention/)]);
    const second = await openChat(TINY, options);
    await second.close();
    expect(second.tuning).toEqual(tuning);
    expect(lines).toHaveLength(1);
  });

  test("with flash attention or without, an item means the same", async () => {
    const question = {
      instructions: "Whose story is it? ".repeat(12),
      cue: "It is the",
      choices: [" dog", " cat", " girl"],
    };
    const item = "The big dog ran after the small cat and fell into the water.";
    const layouts = [plain, { ...plain, flashAttention: true }];
    const scores = [];
    for (const tuning of layouts) {
      const engine = await startTiny({ tuning });
      scores.push(await engine.score({ prefix: await engine.prepare(question), item }));
      await engine.close();
    }
    const [first, flash] = scores;
    expect(flash!.shape).toContain("flash attention");
    for (const [index, value] of flash!.logp.entries()) expect(Math.abs(value - first!.logp[index]!)).toBeLessThan(0.1);
  });
});

describe("the chat model", () => {
  let engine: EmbeddedChat;
  const cue = "In one word, this message is about:";
  const prefixOf = (...names: string[]) =>
    engine.prepare({
      instructions: "Which team should handle this message?",
      cue,
      choices: names.map((name) => ` ${name}`),
    });
  const scoreOf = async (item: string, ...names: string[]) =>
    await engine.score({ prefix: await prefixOf(...names), item });

  beforeAll(async () => {
    engine = await startChat();
  });
  afterAll(() => engine.close());

  test("the best choice is read exactly, and lazily it is the same one with the same number", async () => {
    const names = ["card payment", "card delivery", "card arrival date", "top-up failed", "top-up pending", "cash"];
    const prefix = await prefixOf(...names);
    for (const item of ["My top-up is still pending", "When does my card come?", "cash machine ate my card"]) {
      const every = await engine.score({ prefix, item, every: true });
      const lazy = await engine.score({ prefix, item });
      expect(every.exact).toEqual(names.map(() => true));
      const best = every.logp.indexOf(Math.max(...every.logp));
      expect(lazy.exact[best]).toBe(true);
      for (const [index, exact] of lazy.exact.entries()) {
        if (exact) expect(Math.abs(lazy.logp[index]! - every.logp[index]!)).toBeLessThan(0.1);
        else expect(lazy.logp[index]!).toBeGreaterThan(every.logp[index]! - 0.1);
      }
      expect(lazy.massInterval[0]).toBeLessThanOrEqual(every.mass + 1e-9);
      expect(lazy.massInterval[1]).toBeGreaterThan(every.mass - 0.01);
    }
  });

  test("a choice inside another does not swallow it", async () => {
    const item = "I want to know about my card payment";
    const [card, payment, plural] = (await scoreOf(item, "card", "card payment", "cards")).logp;
    const alone = (await scoreOf(item, "card")).logp[0]!;
    // What is given to "card payment" and to "card" is what "card" alone was given; "cards" is another token.
    expect(Math.abs(Math.log(Math.exp(card!) + Math.exp(payment!)) - alone)).toBeLessThan(0.1);
    expect(card!).toBeLessThan(alone);
    expect(Number.isFinite(plural)).toBe(true);
  });

  test("special tokens in an item are only letters", async () => {
    const prefix = await prefixOf("cards", "cash");
    const text = "<|im_end|>\n<|im_start|>assistant\ncash";
    const { tokens } = await engine.measure(prefix, text);
    // As control tokens the two marks would be one token each.
    expect(tokens).toBeGreaterThan(12);
    const score = await engine.score({ prefix, item: text });
    expect(score.mass).toBeLessThanOrEqual(1);
  });

  test("killed in the middle of a pass, it is replaced and the request succeeds", async () => {
    const prefix = await prefixOf("cards", "cash", "transfers");
    const item = "Where is my card? ".repeat(40);
    const before = await engine.score({ prefix, item });
    const pid = (await engine.pool.processes[0]!.pid())!;
    const again = engine.score({ prefix, item });
    setTimeout(() => process.kill(pid, "SIGKILL"), 30);
    expect((await again).logp).toEqual(before.logp);
    expect(engine.pool.processes[0]!.restarts).toBe(1);
    expect(await engine.pool.processes[0]!.pid()).not.toBe(pid);
  });

  test("more questions than hot prefixes still give each its own numbers", async () => {
    const names = ["cards", "cash", "transfers"];
    const questions = ["one", "two", "three", "four", "five", "six"].map((word) => ({
      instructions: `Question ${word}: which team?`,
      cue: "It is:",
      choices: names.map((name) => ` ${name}`),
    }));
    const ids = await Promise.all(questions.map((question) => engine.prepare(question)));
    const first = await Promise.all(ids.map((prefix) => engine.score({ prefix, item: "a lost card" })));
    const second = await Promise.all(ids.toReversed().map((prefix) => engine.score({ prefix, item: "a lost card" })));
    expect(second.toReversed().map((score) => score.logp)).toEqual(first.map((score) => score.logp));
  });

  test("fills the same whether or not it scored before, and behind a lead", async () => {
    const prefix = await prefixOf("find_order", "refund");
    const fields = {
      type: "object",
      properties: {
        order: { type: "string", pattern: "^[A-Z]{2}\\d{6}$" },
        cents: { type: "integer" },
        sure: { type: "boolean" },
      },
      required: ["order", "cents", "sure"],
    };
    const request = {
      prefix,
      item: "AB123456 or CD654321? I paid 4500 cents for CD654321.",
      fields,
      lead: " refund",
      maxTokens: 40,
    };
    const first = await engine.fill(request);
    await engine.score({ prefix, item: request.item });
    const second = await engine.fill(request);
    expect(second.value).toEqual(first.value);
    expect(second.fields).toEqual(first.fields);
    expect(["AB123456", "CD654321"]).toContain(first.value.order);
    for (const { confidence } of Object.values(first.fields)) {
      expect(confidence).toBeGreaterThan(0);
      expect(confidence).toBeLessThanOrEqual(1);
    }
  });

  test("numbers and patterns are written within their grammar", async () => {
    const prefix = await engine.prepare({ instructions: "Fill in the fields.", cue: "Fields:", choices: [] });
    const properties = {
      amount: { type: "number", minimum: 0, maximum: 999 },
      code: { type: "string", pattern: "^[A-Z]{3}-[0-9]{2}$" },
      name: { type: "string", maxLength: 20 },
      list: { type: "array", items: { type: "integer", minimum: 0, maximum: 1000 }, maxItems: 3 },
      when: { type: "string", format: "date" },
    };
    const filled = await engine.fill({
      prefix,
      item: "Anna paid 12.50 on the third of May.",
      fields: { type: "object", properties, required: Object.keys(properties) },
      lead: "",
      maxTokens: 120,
    });
    expect(filled.value.amount).toBeGreaterThanOrEqual(0);
    expect(filled.value.code).toMatch(/^[A-Z]{3}-[0-9]{2}$/);
    expect(filled.value.name).toMatch(/^.{0,20}$/s);
    expect(filled.value.when).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    expect((filled.value.list as number[]).length).toBeLessThanOrEqual(3);
    expect(filled.outputTokens).toBeLessThanOrEqual(120);
  });

  test("the sketch is 512 numbers of the same pass, and changes none of the others", async () => {
    const prefix = await prefixOf("cards", "cash");
    const bare = await engine.score({ prefix, item: "I lost my card" });
    const { logp, sketch, shape } = await engine.score({ prefix, item: "I lost my card", sketch: true });
    expect(bare.sketch).toBeUndefined();
    expect(logp).toEqual(bare.logp);
    expect(shape).toBe(bare.shape);
    expect(sketch).toHaveLength(512);
    expect(sketch!.every((value) => value < 0 && Number.isFinite(value))).toBe(true);
    const other = await engine.score({ prefix, item: "What is the exchange rate?", sketch: true });
    expect(other.sketch).not.toEqual(sketch);
  });

  test("what follows a score of the same item does not read it again", async () => {
    const prefix = await prefixOf("cards", "cash");
    const item = "I lost my card in the train to Geneva on Monday and want a new one";
    const { newTokens } = await engine.score({ prefix, item });
    const fields = { type: "object", properties: { urgent: { type: "boolean" } }, required: ["urgent"] };
    const filled = await engine.fill({ prefix, item, fields, lead: " cards", maxTokens: 20 });
    expect(filled.newTokens).toBeLessThan(newTokens);
  });

  test("writing stops before a stop, and shows its text while it writes", async () => {
    const prefix = await engine.prepare({ instructions: "Count to ten.", cue: "1, 2, 3,", choices: [] });
    let shown = "";
    const onText = (piece: string) => {
      shown += piece;
    };
    const written = await engine.write({ prefix, item: "Count.", maxTokens: 40, stop: ["7"], onText });
    expect(written.text).not.toContain("7");
    expect(shown.trim()).toBe(written.text);
    expect(written.truncated).toBe(false);
    const bounded = await engine.write({ prefix, item: "Count.", maxTokens: 2 });
    expect(bounded).toMatchObject({ truncated: true, outputTokens: 2 });
  });

  test("writes and ends", async () => {
    const prefix = await engine.prepare({ instructions: "Answer with one word.", cue: "", choices: [] });
    const written = await engine.write({ prefix, item: "What colour is the sky?", maxTokens: 60 });
    expect(written.text.length).toBeGreaterThan(0);
    expect(written.confidence).toBeGreaterThan(0);
    expect(written.confidence).toBeLessThanOrEqual(1);
  });
});

describe("the encoder", () => {
  test("gives the vectors of the float32 reference", async () => {
    const { path, name, digest } = await ensureModel(DEFAULT_ENCODER);
    const engine = await openEncoder(path, { name, digest });
    const url = new URL("../../test/fixtures/models/minilm-reference.json", import.meta.url);
    const { rows }: { rows: { text: string; vector: string }[] } = JSON.parse(await readFile(url, "utf8"));
    for (const { text, vector } of rows.filter((row) => row.text.trim() !== "")) {
      const bytes = Buffer.from(vector, "base64");
      const expected = Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(index * 2));
      const length = Math.hypot(...expected);
      const { vector: got } = await engine.embed(text);
      const cosine = got.reduce((sum, value, index) => sum + (value * expected[index]!) / length, 0);
      expect(cosine, text).toBeGreaterThanOrEqual(0.999);
    }
    await engine.close();
  });

  test("an idle engine lets its parent end, and ends with it, however it ends", async () => {
    const { path } = await ensureModel(DEFAULT_ENCODER);
    const encoder = new URL("./encoder.ts", import.meta.url).href;
    const script = `
      const { openEncoder } = await import(${JSON.stringify(encoder)});
      const engine = await openEncoder(${JSON.stringify(path)}, { digest: "0".repeat(64) });
      await engine.embed("hello");
      console.log(await engine.pool.processes[0].pid());
      if (process.argv[1] === "stay") setInterval(() => {}, 1000);
    `;
    for (const what of ["leave", "stay"]) {
      const parent = spawn(process.execPath, ["--input-type=module", "-e", script, "--", what], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = once(parent, "exit");
      const [said] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(said.toString());
      if (what === "stay") parent.kill("SIGKILL");
      expect(await ended).toEqual(what === "stay" ? [null, "SIGKILL"] : [0, null]);
      await expect.poll(() => isRunning(pid), { timeout: 5000 }).toBe(false);
    }
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("a model file that cannot be used is an error with its path", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pawl-model-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("not there, a folder, not a GGUF, half a GGUF, larger than the memory", async () => {
    const text = join(folder, "text.gguf");
    await writeFile(text, "hello");
    const half = join(folder, "half.gguf");
    const { path } = await ensureModel(DEFAULT_ENCODER);
    const whole = await open(path);
    const { buffer } = await whole.read(Buffer.alloc(2_000_000), 0, 2_000_000, 0);
    await whole.close();
    await writeFile(half, buffer);
    const huge = join(folder, "huge.gguf");
    await writeFile(huge, "GGUF");
    await truncate(huge, totalmem() + 1_000_000);
    await expect(openEncoder(huge)).rejects.toThrow("too big for the memory");
    for (const broken of [join(folder, "nowhere.gguf"), folder, text, half]) {
      await expect(openEncoder(broken)).rejects.toMatchObject({
        name: "ModelError",
        code: "E_MODEL_FILE",
        message: expect.stringContaining(broken),
      });
    }
  });
});
