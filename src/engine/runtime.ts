/**
 * Where the embedded runtime (node-llama-cpp) is found, and how it is installed at a seventh of its usual size:
 * the core and the one prebuilt package of this platform, in a folder of Pawl's own.
 */

import { spawn } from "node:child_process";
import { lstat, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ModelError, messageOf, StorageError } from "../core/errors.ts";
import { pawlHome } from "../core/home.ts";

export type Runtime = typeof import("node-llama-cpp");

/** The only version that the engine was measured with; another may change numbers. */
export const RUNTIME_VERSION = "3.22.1";

/** The prebuilt package of each platform, without a graphics card's extras (they are 70 to 540 MB). */
const PLATFORM_PACKAGES: { readonly [platform: string]: string } = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "linux-arm": "linux-armv7l",
  "darwin-arm64": "mac-arm64-metal",
  "darwin-x64": "mac-x64",
  "win32-x64": "win-x64",
  "win32-arm64": "win-arm64",
};

/** Folder of the runtime that `installRuntime` makes. */
export function runtimeFolder(home: string = pawlHome()): string {
  return join(home, "runtime");
}

/**
 * The runtime: as this project resolves it, else out of Pawl's own folder. Rejects with `E_RUNTIME_MISSING`, which
 * names the command that installs it, or `E_RUNTIME_BROKEN` where it is there and does not load.
 */
export async function loadRuntime(home: string = pawlHome()): Promise<Runtime> {
  try {
    return await import("node-llama-cpp");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw broken("node-llama-cpp", thrown);
  }
  const folder = runtimeFolder(home);
  let entry: string;
  try {
    entry = createRequire(join(folder, "package.json")).resolve("node-llama-cpp");
  } catch (thrown) {
    throw new ModelError(
      "E_RUNTIME_MISSING",
      `the embedded runtime is not installed; install it with: pawl models runtime (85 MB into ${folder})`,
      { cause: thrown, value: folder },
    );
  }
  try {
    return (await import(pathToFileURL(entry).href)) as Runtime;
  } catch (thrown) {
    throw broken(entry, thrown);
  }
}

function broken(where: string, cause: unknown): ModelError {
  return new ModelError(
    "E_RUNTIME_BROKEN",
    `the embedded runtime ${where} does not load: ${messageOf(cause)}; install it again with: pawl models runtime`,
    { cause },
  );
}

export interface InstalledRuntime {
  readonly folder: string;
  readonly version: string;
  /** What it takes on the disk, in bytes. */
  readonly bytes: number;
}

export interface InstallOptions {
  /** Pawl's folder; for tests. */
  readonly home?: string;
  /** Told what happens, in words. */
  readonly onNote?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Installs the runtime into Pawl's own folder with npm: the core and one platform package, no scripts run, nothing
 * compiled. It is made beside and renamed into place, so an interrupted install leaves what was there before.
 * Rejects with `E_RUNTIME_PLATFORM` or `E_RUNTIME_INSTALL`.
 */
export async function installRuntime(options: InstallOptions = {}): Promise<InstalledRuntime> {
  const platform = `${process.platform}-${process.arch}`;
  const prebuilt = PLATFORM_PACKAGES[platform];
  if (!prebuilt) {
    const known = Object.keys(PLATFORM_PACKAGES).join(", ");
    throw new ModelError("E_RUNTIME_PLATFORM", `there is no prebuilt runtime for ${platform}; there is for ${known}`);
  }
  const home = options.home ?? pawlHome();
  const folder = runtimeFolder(home);
  await mkdir(home, { recursive: true }).catch((thrown: Error) => {
    throw new StorageError("E_RUNTIME_INSTALL", `cannot make the folder ${home}: ${thrown.message}`, { cause: thrown });
  });
  const fresh = await mkdtemp(join(home, "runtime-new-"));
  try {
    options.onNote?.(`installing node-llama-cpp ${RUNTIME_VERSION} and its ${prebuilt} package into ${folder}`);
    const dependencies = { "node-llama-cpp": RUNTIME_VERSION, [`@node-llama-cpp/${prebuilt}`]: RUNTIME_VERSION };
    await writeFile(
      join(fresh, "package.json"),
      JSON.stringify({ private: true, type: "module", dependencies }, null, 2),
    );
    await npmInstall(fresh, options.signal);
    const bytes = await folderBytes(fresh);
    const old = `${fresh}-old`;
    await rename(folder, old).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== "ENOENT") throw thrown;
    });
    await rename(fresh, folder);
    await rm(old, { recursive: true, force: true });
    options.onNote?.(`installed: ${(bytes / 1e6).toFixed(0)} MB`);
    return { folder, version: RUNTIME_VERSION, bytes };
  } catch (thrown) {
    await rm(fresh, { recursive: true, force: true });
    if (thrown instanceof ModelError) throw thrown;
    throw new StorageError("E_RUNTIME_INSTALL", `cannot install the runtime: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** `--omit=optional` leaves out 640 MB of other platforms; without scripts nothing can start to compile. */
function npmInstall(folder: string, signal: AbortSignal | undefined): Promise<void> {
  const flags = ["install", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
  return new Promise((done, reject) => {
    const npm = spawn("npm", [...flags, "--loglevel=error", "--workspaces=false"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
      shell: process.platform === "win32",
      signal,
    });
    let said = "";
    npm.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-2000);
    });
    const fail = (why: string, cause?: unknown) =>
      reject(
        new ModelError(
          "E_RUNTIME_INSTALL",
          `npm could not install the runtime (${why}): ${said.trim() || "it said nothing"}`,
          {
            cause,
          },
        ),
      );
    npm.on("error", (error) => fail(messageOf(error), error));
    npm.on("close", (code) => (code === 0 ? done() : fail(`exit code ${code}`)));
  });
}

async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(names.map(async (name) => (await lstat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
