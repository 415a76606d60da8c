// What Pawl weighs for whoever installs it: bytes on the disk and time to import.
import { execFile } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { median } from "../bench.ts";
import { npm } from "./npm.ts";

const execute = promisify(execFile);
const repository = resolve(import.meta.dirname, "../..");

/** Builds Pawl, as `npm pack` would. */
export async function buildPackage(): Promise<void> {
  await npm(["run", "build"], repository);
}

/** Packs what was built and installs it in `directory` as a user would who wants no embedded runtime. */
export async function installPackage(directory: string): Promise<void> {
  await npm(["pack", "--ignore-scripts", "--pack-destination", directory], repository);
  const archive = readdirSync(directory).find((file) => file.endsWith(".tgz"));
  const user = `${directory}/user`;
  mkdirSync(user);
  writeFileSync(`${user}/package.json`, JSON.stringify({ private: true, type: "module" }));
  await npm(
    ["install", `../${archive}`, "--omit=dev", "--omit=optional", "--omit=peer", "--no-audit", "--no-fund"],
    user,
  );
}

/** Megabytes (10^6 bytes) that the installation takes on the disk, as `du` counts. */
export function installedMegabytes(directory: string): number {
  return diskUsage(`${directory}/user/node_modules`) / 1e6;
}

/** Milliseconds that `import "pawl"` adds to a bare start of Node: the median of `times` pairs, taken in turn. */
export async function importMilliseconds(directory: string, times: number): Promise<number> {
  const differences: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const bare = await start("", `${directory}/user`);
    differences.push((await start('import "pawl";', `${directory}/user`)) - bare);
  }
  return median(differences);
}

async function start(code: string, cwd: string): Promise<number> {
  const before = performance.now();
  // Without the `source` condition of the bench's own process: a user imports what was built.
  const env = { ...process.env, NODE_OPTIONS: "" };
  await execute(process.execPath, ["--input-type=module", "--eval", code], { cwd, env });
  return performance.now() - before;
}

function diskUsage(path: string): number {
  const stat = lstatSync(path);
  const own = stat.blocks * 512;
  if (!stat.isDirectory()) return own;
  return readdirSync(path).reduce((sum, entry) => sum + diskUsage(`${path}/${entry}`), own);
}
