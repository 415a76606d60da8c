import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pawlHome } from "../core/home.ts";
import { installRuntime, RUNTIME_VERSION, runtimeFolder } from "./runtime.ts";

let folder: string;
const path = process.env.PATH;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pawl-runtime-"));
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(folder, { recursive: true });
});

/** Puts an npm of our own first in the path. */
async function npmThat(script: string): Promise<void> {
  const bin = join(folder, "bin");
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, "npm"), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, "npm"), 0o755);
  process.env.PATH = `${bin}:${path}`;
}

test("Pawl's folder is where it is told to be, else in the data folder", () => {
  expect(pawlHome({ PAWL_HOME: "/somewhere" })).toBe("/somewhere");
  expect(pawlHome({ XDG_DATA_HOME: "/data" })).toBe(join("/data", "pawl"));
  expect(pawlHome({})).toMatch(/pawl$/);
  expect(runtimeFolder("/somewhere")).toBe(join("/somewhere", "runtime"));
});

test.runIf(process.platform === "linux" && process.arch === "x64")(
  "installs the core and one platform package, without scripts, in place of what was there",
  async () => {
    await npmThat('echo "$@" > said; mkdir -p node_modules; head -c 1000 /dev/zero > node_modules/file');
    const notes: string[] = [];
    for (let time = 0; time < 2; time++) {
      const installed = await installRuntime({ home: folder, onNote: (line) => notes.push(line) });
      expect(installed).toMatchObject({ folder: runtimeFolder(folder), version: RUNTIME_VERSION });
      expect(installed.bytes).toBeGreaterThan(1000);
    }
    expect((await readdir(folder)).toSorted()).toEqual(["bin", "runtime"]);
    const manifest = JSON.parse(await readFile(join(runtimeFolder(folder), "package.json"), "utf8"));
    expect(manifest.dependencies).toEqual({
      "node-llama-cpp": RUNTIME_VERSION,
      "@node-llama-cpp/linux-x64": RUNTIME_VERSION,
    });
    const said = await readFile(join(runtimeFolder(folder), "said"), "utf8");
    expect(said).toContain("--omit=optional");
    expect(said).toContain("--ignore-scripts");
    expect(notes.length).toBeGreaterThan(0);
  },
);

test.runIf(process.platform === "linux")(
  "an install that fails says what npm said and leaves what was there",
  async () => {
    await mkdir(runtimeFolder(folder));
    await writeFile(join(runtimeFolder(folder), "kept"), "");
    await npmThat("echo no network here >&2; exit 7");
    await expect(installRuntime({ home: folder })).rejects.toMatchObject({
      code: "E_RUNTIME_INSTALL",
      message: expect.stringMatching(/exit code 7.*no network here/),
    });
    expect(await readdir(runtimeFolder(folder))).toEqual(["kept"]);
    expect((await readdir(folder)).toSorted()).toEqual(["bin", "runtime"]);
  },
);
