import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FoundServer, ServedModel } from "./doctor.ts";
import { nothingKnown } from "./probe.ts";
import { fileMemory } from "./remembered.ts";

const server = {
  place: { url: "http://127.0.0.1:1", why: "" },
  software: "vllm",
  version: "1",
  models: [],
  trouble: null,
};
const model: ServedModel = { name: "m", digest: "d", context: null, remoteHost: null, isEncoder: false };
const found = { capabilities: nothingKnown, speed: null, unknown: [], probed: "2026-11-23" };

test("what was found is known again until the weights, the build or the address are others", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pawl-doctor-"));
  try {
    const memory = fileMemory(join(folder, "new"));
    const here: FoundServer = { ...server, software: "vllm" };
    expect(await memory.read(here, model)).toBeNull();
    await memory.write(here, model, found);
    expect(await memory.read(here, model)).toEqual(found);
    expect(await memory.read(here, { ...model, digest: "other" })).toBeNull();
    expect(await memory.read(here, { ...model, context: 16_384 })).toBeNull();
    expect(await memory.read({ ...here, version: "2" }, model)).toBeNull();
    expect(await memory.read({ ...here, place: { url: "http://127.0.0.1:2", why: "" } }, model)).toBeNull();
    for (const file of await readdir(join(folder, "new"))) await writeFile(join(folder, "new", file), "{half");
    expect(await memory.read(here, model)).toBeNull();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a folder that cannot be written costs nothing but the next probing", async () => {
  const memory = fileMemory("/dev/null/nowhere");
  await memory.write({ ...server, software: "vllm" }, model, found);
  expect(await memory.read({ ...server, software: "vllm" }, model)).toBeNull();
});
