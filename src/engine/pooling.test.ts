/** The vectors of a tiny encoder, held against a forward pass written out: pooling is what the file says. */

import { expect, test } from "vitest";
import { temporaryFolder, tinyBert, writeFiles } from "../../test/fixtures/models/folders.ts";
import { encodeTiny } from "../../test/fixtures/models/forward.ts";
import { importFolder } from "../models/import.ts";
import { openEncoder } from "./encoder.ts";

/** "cards card card", framed: [CLS] card ##s card card [SEP]. */
const text = "cards card card";
const tokens = [2, 5, 6, 5, 5, 3];

async function embedded(pooling: "cls" | "mean"): Promise<Float32Array> {
  const folder = await temporaryFolder();
  const said = { pooling_mode_cls_token: pooling === "cls", pooling_mode_mean_tokens: pooling === "mean" };
  const source = await writeFiles(await temporaryFolder(), {
    ...tinyBert(),
    "1_Pooling/config.json": JSON.stringify(said),
  });
  const { model } = await importFolder(source, { name: "tiny", folder, quantisation: "f32" });
  const engine = await openEncoder(model.path, { digest: model.digest });
  try {
    return (await engine.embed(text)).vector;
  } finally {
    await engine.close();
  }
}

function cosine(a: Float32Array, b: readonly number[]): number {
  const product = a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  return product / Math.hypot(...a) / Math.hypot(...b);
}

test("CLS is the first token's vector, mean is that of all, and they are not the same", async () => {
  const rows = encodeTiny(tokens);
  const cls = rows[0]!;
  const mean = cls.map((_, index) => rows.reduce((sum, row) => sum + row[index]!, 0) / rows.length);
  for (const [pooling, own, other] of [
    ["cls", cls, mean],
    ["mean", mean, cls],
  ] as const) {
    const vector = await embedded(pooling);
    // The tiny encoder's tokens are all much alike, so the two are told apart by little; it is enough.
    expect(cosine(vector, own), pooling).toBeGreaterThan(1 - 1e-6);
    expect(cosine(vector, other), pooling).toBeLessThan(1 - 1e-4);
  }
});

test("a text longer than the folder cuts to is refused, though the network has room", async () => {
  const folder = await temporaryFolder();
  const { model } = await importFolder(await writeFiles(await temporaryFolder(), tinyBert()), { name: "tiny", folder });
  const engine = await openEncoder(model.path, { digest: model.digest });
  try {
    // max_seq_length is 16, two of them the frame; the network has 64 places.
    expect(await engine.embed("card ".repeat(14))).toMatchObject({ tokens: 16 });
    await expect(engine.embed("card ".repeat(15))).rejects.toMatchObject({
      code: "E_TOO_LONG",
      value: { tokens: 15, limit: 14 },
    });
  } finally {
    await engine.close();
  }
});
