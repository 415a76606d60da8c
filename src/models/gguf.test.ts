import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/fixtures/models/folders.ts";
import { type GgufTensor, type GgufValue, readGguf, requireGguf, writeGguf } from "./gguf.ts";

const metadata = new Map<string, GgufValue>([
  ["general.architecture", { type: "string", value: "bert" }],
  ["bert.block_count", { type: "u32", value: 6 }],
  ["bert.attention.causal", { type: "bool", value: false }],
  ["bert.attention.layer_norm_epsilon", { type: "f32", value: 0.5 }],
  ["tokenizer.ggml.tokens", { type: "strings", value: ["[PAD]", "▁card", "s"] }],
  ["tokenizer.ggml.token_type", { type: "i32s", value: [3, 1, 1] }],
  ["general.name", { type: "string", value: "last" }],
]);

function tensor(bytes: number): GgufTensor {
  return { name: "a.weight", shape: [2, 3], type: "f32", bytes: async () => new Uint8Array(bytes) };
}

test("what is written is read back, arrays by their length", async () => {
  const path = join(await temporaryFolder(), "a.gguf");
  await writeGguf(path, metadata, [tensor(24)]);
  const header = await readGguf(path);
  expect(header).toMatchObject({ version: 3, tensorCount: 1 });
  expect(Object.fromEntries(header.metadata)).toEqual({
    "general.architecture": "bert",
    "bert.block_count": 6,
    "bert.attention.causal": false,
    "bert.attention.layer_norm_epsilon": 0.5,
    "tokenizer.ggml.tokens": { length: 3 },
    "tokenizer.ggml.token_type": { length: 3 },
    "general.name": "last",
  });
  expect((await readFile(path)).byteLength % 32).toBe(0);
});

test("a tensor that delivers another number of bytes is refused", async () => {
  const path = join(await temporaryFolder(), "a.gguf");
  await expect(writeGguf(path, metadata, [tensor(20)])).rejects.toMatchObject({ code: "E_GGUF_WRITE" });
});

test.each([
  ["nothing", "", "it is empty"],
  ["a web page", "<!DOCTYPE html>", "web page"],
  ["an LFS pointer", "version https://git-lfs.github.com/spec/v1", "Git LFS pointer"],
  ["a wheel", "PK\x03\x04", "zip or wheel"],
  ["something else", "abcdefgh", 'first bytes are not "GGUF"'],
])("%s is no GGUF and is called by its name", async (_what, content, said) => {
  const path = join(await temporaryFolder(), "a.gguf");
  await writeFile(path, content);
  await expect(requireGguf(path)).rejects.toMatchObject({
    name: "UsageError",
    code: "E_MODEL_NOT_GGUF",
    message: expect.stringContaining(said),
  });
});

test("a folder and a missing file are usage errors", async () => {
  const folder = await temporaryFolder();
  await expect(requireGguf(folder)).rejects.toThrow("pawl models import FOLDER");
  await expect(requireGguf(join(folder, "no.gguf"))).rejects.toMatchObject({ code: "E_MODEL_NOT_FOUND" });
});

test("a header that is cut off at any byte is damage, never a hang or a wrong answer", async () => {
  const folder = await temporaryFolder();
  const whole = join(folder, "whole.gguf");
  await writeGguf(whole, metadata, []);
  const bytes = await readFile(whole);
  const cut = join(folder, "cut.gguf");
  for (let length = 4; length < 300; length += 7) {
    await writeFile(cut, bytes.subarray(0, length));
    await expect(readGguf(cut)).rejects.toMatchObject({ code: "E_GGUF" });
  }
});
