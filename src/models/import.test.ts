import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  type Files,
  temporaryFolder,
  tinyBert,
  tinyConfig,
  tinyTokenizer,
  writeFiles,
} from "../../test/fixtures/models/folders.ts";
import { findEntry } from "./catalogue.ts";
import { readGguf, writeGguf } from "./gguf.ts";
import { importFolder } from "./import.ts";
import { textPrefixOf } from "./prefix.ts";

async function tinyFolder(changes: Files = {}, base: Files = tinyBert()): Promise<string> {
  return writeFiles(await temporaryFolder(), { ...base, ...changes });
}

async function refusal(source: string): Promise<unknown> {
  const folder = await temporaryFolder();
  return importFolder(source, { name: "mine", folder }).catch((thrown: unknown) => thrown);
}

test("a folder becomes a GGUF that says what it is", async () => {
  const folder = await temporaryFolder();
  const { model, shape } = await importFolder(await tinyFolder(), { name: "mine", folder });
  expect(model).toMatchObject({ name: "mine", path: join(folder, "mine.gguf"), verified: "none", entry: null });
  expect(shape).toMatchObject({ hidden: 32, pooling: "cls", maxTokens: 16 });
  const { metadata, tensorCount } = await readGguf(model.path);
  expect(tensorCount).toBe(5 + 16);
  expect(metadata.get("bert.pooling_type")).toBe(2);
  expect(metadata.get("pawl.max_tokens")).toBe(16);
  expect(metadata.get("tokenizer.ggml.cls_token_id")).toBe(2);
  expect(metadata.get("tokenizer.ggml.tokens")).toEqual({ length: 8 });
});

test("equal folders give equal bytes, whatever type, prefix or vocabulary file they use", async () => {
  const folder = await temporaryFolder();
  const digests = new Set<string>();
  const words = Object.keys(tinyTokenizer.model.vocab).join("\n");
  for (const [index, base] of [tinyBert(), tinyBert({ prefix: "bert." }), tinyBert({ dtype: "F16" })].entries()) {
    const source = await tinyFolder({ "vocab.txt": `${words}\n` }, base);
    if (index === 1) await rm(join(source, "tokenizer.json"));
    await importFolder(source, { name: "mine", folder, quantisation: "f32" });
    // The checksum of the weights travels in the file, and differs with their type.
    const text = (await readFile(join(folder, "mine.gguf"))).toString("latin1");
    digests.add(text.replace(/[0-9a-f]{64}/u, ""));
  }
  expect(digests.size).toBe(1);
  const again = await importFolder(await tinyFolder(), { name: "mine", folder });
  const twice = await importFolder(await tinyFolder(), { name: "mine", folder });
  expect(twice.model.digest).toBe(again.model.digest);
});

test("bfloat16 weights give the same numbers", async () => {
  const folder = await temporaryFolder();
  const tail = async (dtype: "F32" | "BF16"): Promise<Buffer> => {
    const source = await tinyFolder({}, tinyBert({ dtype }));
    const { model } = await importFolder(source, { name: dtype.toLowerCase(), folder, quantisation: "f16" });
    return (await readFile(model.path)).subarray(-4096);
  };
  expect(await tail("BF16")).toEqual(await tail("F32"));
});

const config = (changes: object): Files => ({ "config.json": JSON.stringify({ ...tinyConfig, ...changes }) });
const normalizer = (changes: object): Files => ({
  "tokenizer.json": JSON.stringify({ ...tinyTokenizer, normalizer: changes }),
});
const lastModule = (type: string): Files => ({ "modules.json": JSON.stringify([{ type: `st.models.${type}` }]) });

test.each<[string, Files, string]>([
  ["RoBERTa", config({ model_type: "roberta" }), "its architecture is roberta"],
  ["MPNet", config({ model_type: "mpnet" }), "its architecture is mpnet"],
  ["another activation", config({ hidden_act: "relu" }), "its activation is relu"],
  ["relative positions", config({ position_embedding_type: "relative_key" }), "relative_key"],
  ["a config that lies", config({ hidden_size: 64 }), "is 8 x 32, but config.json says 8 x 64"],
  ["a config without a number", config({ num_hidden_layers: "six" }), 'num_hidden_layers = "six"'],
  ["missing layers", config({ num_hidden_layers: 2 }), "no tensor encoder.layer.1."],
  ["a dense module", lastModule("Dense"), "Dense module"],
  ["max pooling", { "1_Pooling/config.json": '{"pooling_mode_max_tokens":true}' }, "pooling_mode_max_tokens"],
  ["a sentencepiece tokenizer", { "tokenizer.json": '{"model":{"type":"Unigram"}}' }, "its tokenizer is Unigram"],
  ["a cased model", normalizer({ lowercase: false }), "cased"],
  ["kept accents", normalizer({ strip_accents: false }), "accents"],
  ["a broken config", { "config.json": "{" }, "is no JSON"],
  ["damaged weights", { "model.safetensors": "abc" }, "header length makes no sense"],
])("%s is refused by its name", async (_what, changes, said) => {
  const thrown = await refusal(await tinyFolder(changes));
  expect(thrown).toMatchObject({ name: "ModelError", message: expect.stringContaining(said) });
});

test("weights that are split, pickled or missing are refused with a way out", async () => {
  const source = await tinyFolder();
  await rm(join(source, "model.safetensors"));
  expect(await refusal(source)).toMatchObject({ message: expect.stringContaining("it has no model.safetensors") });
  await writeFile(join(source, "pytorch_model.bin"), "");
  expect(await refusal(source)).toMatchObject({ message: expect.stringContaining("safe_serialization=True") });
  await writeFile(join(source, "model.safetensors.index.json"), "{}");
  expect(await refusal(source)).toMatchObject({ message: expect.stringContaining("max_shard_size") });
});

test("a pooling that is not said is assumed, and that is said", async () => {
  const source = await tinyFolder();
  await rm(join(source, "1_Pooling"), { recursive: true });
  const notes: string[] = [];
  const folder = await temporaryFolder();
  const { shape } = await importFolder(source, { name: "mine", folder, onNote: (note) => notes.push(note) });
  expect(shape.pooling).toBe("mean");
  expect(notes).toEqual([`${source} does not say how it pools: mean is assumed.`]);
});

test("a prompt of the folder travels in the file, and is said; a catalogue's prefix and nomic's go without", async () => {
  const folder = await temporaryFolder();
  const prompts = { query: "query: ", passage: "passage: " };
  const source = await tinyFolder({ "config_sentence_transformers.json": JSON.stringify({ prompts }) });
  const notes: string[] = [];
  const { model } = await importFolder(source, { name: "mine", folder, onNote: (note) => notes.push(note) });
  expect(notes).toEqual(['Every text will be read behind "query: ".']);
  expect(await textPrefixOf(model)).toBe("query: ");
  const bare = await importFolder(await tinyFolder(), { name: "bare", folder });
  expect(await textPrefixOf(bare.model)).toBe("");
  expect((await readGguf(bare.model.path)).metadata.has("pawl.text_prefix")).toBe(false);
  expect(await textPrefixOf({ ...model, entry: findEntry("e5-base")! })).toBe("query: ");
  expect(await textPrefixOf({ ...model, entry: findEntry("bge-base-en")! })).toBe("");
  const nomic = join(folder, "nomic.gguf");
  await writeGguf(nomic, new Map([["general.architecture", { type: "string", value: "nomic-bert" }]]), []);
  expect(await textPrefixOf({ ...model, path: nomic })).toBe("classification: ");
});

test.each<[string, object, number]>([
  ["mean, as e5, gte and MiniLM say it", { pooling_mode_cls_token: false, pooling_mode_mean_tokens: true }, 1],
  ["CLS, as bge says it", { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }, 2],
  ["the newer way of saying it", { pooling_mode: "cls" }, 2],
])("the file says how it pools: %s", async (_what, pooling, type) => {
  const folder = await temporaryFolder();
  const source = await tinyFolder({ "1_Pooling/config.json": JSON.stringify(pooling) });
  const { model } = await importFolder(source, { name: "mine", folder });
  expect((await readGguf(model.path)).metadata.get("bert.pooling_type")).toBe(type);
});

test("another model cannot take the name of a known one", async () => {
  const folder = await temporaryFolder();
  const source = await tinyFolder();
  await expect(importFolder(source, { name: "minilm", folder })).rejects.toMatchObject({ code: "E_MODEL_CHECKSUM" });
  await expect(importFolder(source, { name: "qwen3-4b", folder })).rejects.toMatchObject({ code: "E_MODEL_NAME" });
  await expect(importFolder(source, { name: "../minilm", folder })).rejects.toMatchObject({ code: "E_MODEL_NAME" });
  await expect(importFolder(join(source, "none"), { name: "mine", folder })).rejects.toMatchObject({
    code: "E_MODEL_NOT_FOUND",
  });
});
