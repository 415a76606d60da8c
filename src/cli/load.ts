/** Loads what users write: loops and configs, TypeScript or JavaScript, each fault named with its file. */

import { stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Config, defineConfig } from "../config/config.ts";
import { messageOf, UsageError } from "../core/errors.ts";
import { isLoop, type Loop } from "../loop/loop.ts";
import type { Rung } from "../rung/rung.ts";

/** A loop, and where it was found. */
export interface LoadedLoop {
  readonly loop: Loop;
  /** Absolute path, with `#name` where it is not the default export: `loadLoop` takes it again. */
  readonly from: string;
}

/**
 * Loads a loop from `file.ts` (its default export) or `file.ts#name`. Throws a `UsageError`: `E_NO_FILE`,
 * `E_DIRECTORY`, `E_IMPORT` (it throws when imported; or the error that `defineLoop` threw), `E_NO_LOOP`.
 */
export async function loadLoop(reference: string): Promise<LoadedLoop> {
  const hash = reference.lastIndexOf("#");
  const whole = hash < 1 || (await isFile(reference));
  const file = whole ? reference : reference.slice(0, hash);
  const name = whole ? "default" : reference.slice(hash + 1);
  const module = await importFile(file, "loop");
  const found = module[name];
  const from = resolve(file) + (name === "default" ? "" : `#${name}`);
  if (isLoop(found)) return { loop: found, from };
  const others = Object.entries(module).filter(([, value]) => isLoop(value));
  const hint =
    others.length === 0
      ? "a loop is what defineLoop(...) returns: export default defineLoop(...)"
      : `it has ${others.map(([other]) => (other === "default" ? file : `${file}#${other}`)).join(", ")}`;
  const what = name === "default" ? "no default export that is a loop" : `no loop called ${name}`;
  throw new UsageError("E_NO_LOOP", `${file} has ${what}; ${hint}`, { value: reference });
}

/** A config, and where it was found. */
export interface LoadedConfig {
  readonly config: Config;
  /** Absolute path; `null` for the default config. */
  readonly file: string | null;
}

const configNames = ["pawl.config.ts", "pawl.config.js", "pawl.config.mjs"] as const;

/**
 * Loads the config at `path`, else the one that lies in the working folder, else makes the default one. Throws a
 * `UsageError`: `E_NO_FILE`, `E_IMPORT`, `E_CONFIG` and those of `defineConfig`.
 */
export async function loadConfig(path: string | undefined): Promise<LoadedConfig> {
  let file = path;
  for (const name of configNames) if (file === undefined && (await isFile(name))) file = name;
  if (file === undefined) return { config: defineConfig({ ladder: await defaultLadder() }), file: null };
  const found = (await importFile(file, "config")).default;
  if (typeof found !== "object" || found === null) {
    throw new UsageError("E_CONFIG", `${file} exports no config: export default defineConfig({ ... })`, {
      value: file,
    });
  }
  try {
    return { config: defineConfig(found as Config), file: resolve(file) };
  } catch (thrown) {
    throw inFile(file, thrown);
  }
}

/** Imported only when needed: most commands ask no model. */
async function defaultLadder(): Promise<readonly Rung[]> {
  const [{ cache }, { encoder }, { model }, { person }] = await Promise.all([
    import("../rung/cache.ts"),
    import("../rung/encoder.ts"),
    import("../rung/model.ts"),
    import("../rung/person.ts"),
  ]);
  return [cache(), encoder("minilm"), model("smollm2-135m"), person()];
}

async function importFile(file: string, what: "loop" | "config"): Promise<{ readonly [name: string]: unknown }> {
  const found = await stat(file).catch(() => null);
  if (found === null) throw new UsageError("E_NO_FILE", `there is no ${what} file ${file}`, { value: file });
  if (!found.isFile()) throw new UsageError("E_DIRECTORY", `${file} is a folder, not a ${what} file`, { value: file });
  if (!/\.[cm]?[jt]s$/.test(file)) {
    const message = `${file} is no ${what}: one is a .ts, .js or .mjs file`;
    throw new UsageError("E_FORMAT", message, { value: file });
  }
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as { readonly [name: string]: unknown };
  } catch (thrown) {
    throw inFile(file, thrown);
  }
}

/** An error of the user's file: our own keep their code, all name the file and, where known, the place in it. */
function inFile(file: string, thrown: unknown): UsageError {
  const own = thrown instanceof Error && "code" in thrown && String(thrown.code).startsWith("E_");
  const code = own ? String((thrown as { code: unknown }).code) : "E_IMPORT";
  const first = messageOf(thrown).split("\n")[0] ?? "";
  const kind = own || !(thrown instanceof Error) || thrown.name === "Error" ? "" : `${thrown.name}: `;
  const place = placeIn(file, thrown);
  const doing = own ? "" : "cannot be imported: ";
  const hint = /outside a module|Unexpected token 'export'/.test(first)
    ? ": npm pkg set type=module says that it is one"
    : "";
  return new UsageError(code, `${file}${place}: ${doing}${kind}${first}${hint}`, { cause: thrown, value: file });
}

/** Line of the file at which the error was thrown, as `:12`; empty where its stack does not say. */
function placeIn(file: string, thrown: unknown): string {
  const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
  const path = resolve(file).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const line = new RegExp(`${path}:(\\d+)`).exec(stack)?.[1];
  return line === undefined ? "" : `:${line}`;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}

/** A path as people would type it: relative where that is shorter. */
export function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short !== "" && short.length < path.length && !short.startsWith(join("..", "..")) ? short : path;
}
