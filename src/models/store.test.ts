import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/fixtures/models/folders.ts";
import { CATALOGUE } from "./catalogue.ts";
import { writeGguf } from "./gguf.ts";
import { listModels, modelPath, removeModel, resolveModel, storeFolder } from "./store.ts";

async function putModel(path: string, name = "x"): Promise<string> {
  await writeGguf(path, new Map([["general.name", { type: "string", value: name }]]), []);
  return path;
}

test("the folder follows PAWL_HOME, then XDG, then the platform", () => {
  expect(storeFolder({ PAWL_HOME: "/p", XDG_DATA_HOME: "/x" }, "linux", "/h")).toBe("/p/models");
  expect(storeFolder({ XDG_DATA_HOME: "/x" }, "darwin", "/h")).toBe("/x/pawl/models");
  expect(storeFolder({}, "linux", "/h")).toBe("/h/.local/share/pawl/models");
  expect(storeFolder({}, "darwin", "/h")).toBe("/h/Library/Application Support/pawl/models");
  expect(storeFolder({ LOCALAPPDATA: "/l" }, "win32", "/h")).toBe("/l/pawl/models");
});

test("a GGUF dropped into the folder is a model, hashed once", async () => {
  const folder = await temporaryFolder();
  const path = await putModel(join(folder, "mine.gguf"));
  const model = await resolveModel("mine", { folder });
  expect(model).toMatchObject({ name: "mine", path, verified: "none", source: null, entry: null });
  const sidecar = join(folder, "mine.json");
  const remembered = (await readFile(sidecar, "utf8")).replace(model.digest, "0".repeat(64));
  await writeFile(sidecar, remembered);
  expect((await resolveModel("mine", { folder })).digest).toBe("0".repeat(64));
  await expect(resolveModel("mine", { folder, verify: true })).rejects.toMatchObject({ code: "E_MODEL_CHANGED" });
});

test("a changed file is hashed again", async () => {
  const folder = await temporaryFolder();
  const path = await putModel(join(folder, "mine.gguf"), "one");
  const before = await resolveModel("mine", { folder });
  await putModel(path, "two");
  await utimes(path, 1, 1);
  expect((await resolveModel("mine", { folder })).digest).not.toBe(before.digest);
});

test("any GGUF works by its path, and nothing is written beside it", async () => {
  const folder = await temporaryFolder();
  const elsewhere = await temporaryFolder();
  const path = await putModel(join(elsewhere, "theirs.gguf"));
  expect(await resolveModel(path, { folder })).toMatchObject({ name: "theirs", path });
  expect(await readdir(elsewhere)).toEqual(["theirs.gguf"]);
});

test("what is unknown, not pulled yet or not there is told apart", async () => {
  const folder = await temporaryFolder();
  await expect(resolveModel("minilm", { folder })).rejects.toMatchObject({
    name: "ModelError",
    message: 'The model minilm is not on this machine yet: run "pawl models pull minilm".',
  });
  await expect(resolveModel("nonesuch", { folder })).rejects.toMatchObject({ code: "E_MODEL_UNKNOWN" });
  await expect(resolveModel("./no.gguf", { folder })).rejects.toMatchObject({ code: "E_MODEL_NOT_FOUND" });
  expect(() => modelPath("../etc/passwd", folder)).toThrow("is no name for a model");
});

test("the list has the catalogue, what else is there, and what is broken", async () => {
  const folder = await temporaryFolder();
  expect((await listModels(join(folder, "none"))).map((row) => row.name)).toEqual(CATALOGUE.map((entry) => entry.name));
  await putModel(join(folder, "mine.gguf"));
  await writeFile(join(folder, "broken.gguf"), "oops");
  const rows = await listModels(folder);
  expect(rows.find((row) => row.name === "mine")?.installed?.bytes).toBeGreaterThan(0);
  expect(rows.find((row) => row.name === "broken")).toMatchObject({
    installed: null,
    problem: expect.stringContaining("is no GGUF"),
  });
});

test("removing takes the model, its sidecar and its unfinished parts", async () => {
  const folder = await temporaryFolder();
  await putModel(join(folder, "mine.gguf"));
  await resolveModel("mine", { folder });
  await mkdir(join(folder, ".partial", "mine"), { recursive: true });
  expect(await removeModel("mine", folder)).toMatchObject({ path: join(folder, "mine.gguf") });
  expect(await readdir(folder, { recursive: true })).toEqual([".partial"]);
  await expect(removeModel("mine", folder)).rejects.toMatchObject({ code: "E_MODEL_NOT_FOUND" });
});

test("the catalogue holds no invented checksum and no name twice", () => {
  expect(new Set(CATALOGUE.map((entry) => entry.name)).size).toBe(CATALOGUE.length);
  for (const entry of CATALOGUE) {
    expect(entry.sha256 ?? entry.reportedSha256 ?? "0".repeat(64)).toMatch(/^[0-9a-f]{64}$/u);
    expect(entry.encoder === null).toBe(entry.kind === "chat");
    expect(entry.sources.length).toBeGreaterThan(0);
    // A folder gives our file only through the importer.
    const folders = entry.sources.filter((source) => source.kind.endsWith("-folder"));
    expect(folders.length > 0).toBe(entry.import !== null);
  }
});
