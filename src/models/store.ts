/** The folder that models live in: `NAME.gguf`, and beside it `NAME.json` with what is known about the file. */
import { mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { ModelError, messageOf, UsageError } from "../core/errors.ts";
import { shortHash } from "../core/hash.ts";
import { pawlHome } from "../core/home.ts";
import { CATALOGUE, findEntry } from "./catalogue.ts";
import { fileDigest } from "./digest.ts";
import { requireGguf } from "./gguf.ts";
import type { InstalledModel, ModelEntry, Verification } from "./models.ts";

/** What the sidecar remembers, so that a file is hashed once and not at every start. */
interface Sidecar {
  sha256: string;
  bytes: number;
  /** Milliseconds since 1970. With `bytes`, how a changed file is noticed. */
  modified: number;
  verified: Verification;
  source: string | null;
}

/** One line of `pawl models list`. */
export interface ModelRow {
  name: string;
  entry: ModelEntry | null;
  installed: InstalledModel | null;
  /** Why a file in the folder cannot be used; `null` when all is well. */
  problem: string | null;
}

/**
 * Where models are kept: `$PAWL_HOME/models`, else the platform's data folder.
 * (`$XDG_DATA_HOME/pawl/models`, `~/.local/share/pawl/models`, `~/Library/Application Support/pawl/models`,
 * `%LOCALAPPDATA%\pawl\models`.)
 */
export function storeFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  return join(pawlHome(environment, platform, home), "models");
}

/**
 * Where the GGUF of a name lies, whether it is there or not.
 * @throws UsageError E_MODEL_NAME when the name could leave the folder.
 */
export function modelPath(name: string, folder: string = storeFolder()): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,99}$/iu.test(name)) {
    throw new UsageError(
      "E_MODEL_NAME",
      `"${name}" is no name for a model: use letters, digits, dot, dash and underscore.`,
      { value: name },
    );
  }
  return join(folder, `${name}.gguf`);
}

/** Where unfinished files of a name lie, so that a later pull can go on. */
export function partialFolder(name: string, folder: string = storeFolder()): string {
  return join(dirname(modelPath(name, folder)), ".partial", name);
}

/** Everything in the catalogue and in the folder: the catalogue first, each in its order. */
export async function listModels(folder: string = storeFolder()): Promise<ModelRow[]> {
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith(".gguf")).sort();
  const names = new Set([...CATALOGUE.map((entry) => entry.name), ...files.map((file) => basename(file, ".gguf"))]);
  const rows: ModelRow[] = [];
  for (const name of names) {
    const row: ModelRow = { name, entry: findEntry(name) ?? null, installed: null, problem: null };
    if (files.includes(`${name}.gguf`)) {
      try {
        row.installed = await inspect(modelPath(name, folder), name, folder, false);
      } catch (thrown) {
        row.problem = messageOf(thrown);
      }
    }
    rows.push(row);
  }
  return rows;
}

/** The installed model of that name, `undefined` when it is not there. */
export async function findInstalled(name: string, folder: string = storeFolder()): Promise<InstalledModel | undefined> {
  const path = modelPath(name, folder);
  return (await exists(path)) ? inspect(path, name, folder, false) : undefined;
}

/**
 * Finds a model by name, or any GGUF by path (whatever has a slash or ends in .gguf).
 * `verify` hashes the file again instead of believing the sidecar.
 * @throws UsageError E_MODEL_UNKNOWN, E_MODEL_NOT_FOUND or E_MODEL_NOT_GGUF.
 * @throws ModelError E_MODEL_NOT_INSTALLED with the command that pulls it, or E_MODEL_CHANGED when `verify` finds
 * another file than the one that arrived.
 */
export async function resolveModel(
  nameOrPath: string,
  options: { folder?: string; verify?: boolean } = {},
): Promise<InstalledModel> {
  const folder = options.folder ?? storeFolder();
  const verify = options.verify ?? false;
  if (isPath(nameOrPath)) {
    const path = resolve(nameOrPath.replace(/^~(?=[/\\])/u, () => homedir()));
    return inspect(path, basename(path, ".gguf"), folder, verify);
  }
  const path = modelPath(nameOrPath, folder);
  if (await exists(path)) return inspect(path, nameOrPath, folder, verify);
  if (findEntry(nameOrPath) !== undefined) {
    throw new ModelError(
      "E_MODEL_NOT_INSTALLED",
      `The model ${nameOrPath} is not on this machine yet: run "pawl models pull ${nameOrPath}".`,
      { value: nameOrPath },
    );
  }
  const known = (await listModels(folder)).map((row) => row.name).join(", ");
  throw new UsageError(
    "E_MODEL_UNKNOWN",
    `No model is called "${nameOrPath}". Known: ${known}. Any GGUF works by its path.`,
    {
      value: nameOrPath,
    },
  );
}

/** Whether a reference to a model is meant as a path. */
export function isPath(nameOrPath: string): boolean {
  return /[/\\]/u.test(nameOrPath) || nameOrPath.endsWith(".gguf");
}

/**
 * Takes a model off the disk, with its sidecar and unfinished parts.
 * @throws UsageError E_MODEL_NOT_FOUND when nothing of that name is there.
 */
export async function removeModel(
  name: string,
  folder: string = storeFolder(),
): Promise<{ path: string; bytes: number }> {
  const path = modelPath(name, folder);
  const partial = partialFolder(name, folder);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined && !(await exists(partial))) {
    throw new UsageError("E_MODEL_NOT_FOUND", `No model ${name} in ${folder}.`, { value: name });
  }
  await rm(path, { force: true });
  await rm(sidecarPath(path, folder), { force: true });
  await rm(partial, { recursive: true, force: true });
  return { path, bytes: found?.size ?? 0 };
}

/**
 * Moves a finished file to its place, atomically, and remembers its digest.
 * The file must lie on the same disk (in `partialFolder`).
 */
export async function landModel(
  finished: string,
  name: string,
  facts: { sha256: string; verified: Verification; source: string | null },
  folder: string = storeFolder(),
): Promise<InstalledModel> {
  const path = modelPath(name, folder);
  const { size, mtimeMs } = await stat(finished);
  // The sidecar goes first: a file without one would be hashed again and lose the memory of how it was checked.
  await writeSidecar(sidecarPath(path, folder), { ...facts, bytes: size, modified: mtimeMs });
  await rename(finished, path);
  return inspect(path, name, folder, false);
}

async function inspect(path: string, name: string, folder: string, verify: boolean): Promise<InstalledModel> {
  await requireGguf(path);
  const { size, mtimeMs } = await stat(path);
  const place = sidecarPath(await realpath(path), await realpath(folder).catch(() => folder));
  const known = await readSidecar(place);
  const current = known !== undefined && known.bytes === size && known.modified === mtimeMs;
  let facts = known;
  if (facts === undefined || !current || verify) {
    const sha256 = await fileDigest(path);
    if (current && verify && known.sha256 !== sha256) {
      throw new ModelError(
        "E_MODEL_CHANGED",
        `${path} is not the file that arrived: its sha256 is ${sha256}, it was ${known.sha256}.`,
        { value: path },
      );
    }
    facts =
      sha256 === known?.sha256 ? { ...known, modified: mtimeMs } : fresh(sha256, name, size, mtimeMs, path, folder);
    // Only a memory: where the folder cannot be written, the next start hashes again.
    await writeSidecar(place, facts).catch(() => undefined);
  }
  const entry = isIn(path, folder) ? findEntry(name) : CATALOGUE.find((each) => each.sha256 === facts.sha256);
  return {
    name,
    path,
    bytes: size,
    digest: facts.sha256,
    verified: facts.verified,
    source: facts.source,
    entry: entry ?? null,
  };
}

/** What is known about a file that did not come through `pull` or `import`, or was changed since. */
function fresh(sha256: string, name: string, bytes: number, modified: number, path: string, folder: string): Sidecar {
  const entry = isIn(path, folder) ? findEntry(name) : undefined;
  const verified = CATALOGUE.some((each) => each.sha256 === sha256)
    ? "catalogue"
    : entry !== undefined && entry.reportedSha256 === sha256
      ? "reported"
      : "none";
  return { sha256, bytes, modified, verified, source: null };
}

function isIn(path: string, folder: string): boolean {
  return dirname(resolve(path)) === resolve(folder);
}

/** Beside a model of ours; for a file elsewhere in our own folder, so that nothing is written into another's. */
function sidecarPath(path: string, folder: string): string {
  if (isIn(path, folder)) return join(folder, `${basename(path, ".gguf")}.json`);
  return join(folder, ".digests", `${shortHash(resolve(path))}.json`);
}

async function readSidecar(path: string): Promise<Sidecar | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    return isSidecar(value) ? value : undefined;
  } catch {
    // Missing or damaged: the file itself is the truth and is hashed again.
    return undefined;
  }
}

function isSidecar(value: unknown): value is Sidecar {
  if (typeof value !== "object" || value === null) return false;
  const one: Partial<Record<keyof Sidecar, unknown>> = value;
  return (
    typeof one.sha256 === "string" &&
    typeof one.bytes === "number" &&
    typeof one.modified === "number" &&
    typeof one.verified === "string" &&
    ["catalogue", "reported", "hub", "none"].includes(one.verified) &&
    (one.source === null || typeof one.source === "string")
  );
}

async function writeSidecar(path: string, sidecar: Sidecar): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, `${JSON.stringify(sidecar, null, 2)}\n`);
  await rename(part, path);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
