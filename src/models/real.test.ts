/** With the real default models, pulled into the default store once. Needs a network the first time. */
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { getLlama } from "node-llama-cpp";
import { expect, test } from "vitest";
import { serve, temporaryFolder } from "../../test/fixtures/models/folders.ts";
import { DEFAULT_CHAT, DEFAULT_ENCODER } from "./catalogue.ts";
import { readGguf } from "./gguf.ts";
import { ensureModel, pull } from "./pull.ts";

const MINUTES = 5 * 60_000;

interface Row {
  text: string;
  vector: string;
}

async function referenceRows(): Promise<Row[]> {
  const url = new URL("../../test/fixtures/models/minilm-reference.json", import.meta.url);
  const { rows }: { rows: Row[] } = JSON.parse(await readFile(url, "utf8"));
  return rows;
}

function cosine(left: readonly number[], right: readonly number[]): number {
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right));
}

test("the imported encoder gives the vectors of the float32 reference", { timeout: MINUTES }, async () => {
  const model = await ensureModel(DEFAULT_ENCODER);
  expect(model.verified).toBe("catalogue");
  expect((await stat(model.path)).size).toBe(model.entry?.bytes);
  const llama = await getLlama({ build: "never", gpu: false, maxThreads: 1, logLevel: "error" as never });
  const loaded = await llama.loadModel({ modelPath: model.path });
  const context = await loaded.createEmbeddingContext({ contextSize: 256 });
  for (const { text, vector } of await referenceRows()) {
    const bytes = Buffer.from(vector, "base64");
    const expected = Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(index * 2));
    const { vector: got } = await context.getEmbeddingFor(text);
    expect(cosine(got, expected), text).toBeGreaterThanOrEqual(0.999);
  }
  await llama.dispose();
});

test("the chat model comes from a hub as it does from a wheel", { timeout: MINUTES }, async () => {
  const model = await ensureModel(DEFAULT_CHAT);
  expect((await readGguf(model.path)).metadata.get("general.architecture")).toBe("llama");
  const hub = await serve((_request, response) => {
    response.writeHead(200, { "content-length": model.bytes });
    createReadStream(model.path).pipe(response);
  });
  const folder = await temporaryFolder();
  const again = await pull(DEFAULT_CHAT, { hub, folder, pips: [] });
  expect(again.model).toMatchObject({ digest: model.digest, verified: "catalogue" });
  expect(again.attempts).toMatchObject([{ outcome: "used" }]);
});
