/** One process at a time per model, across processes and across containers that share a folder. */
import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { StorageError } from "../core/errors.ts";

export interface LockOptions {
  signal?: AbortSignal | undefined;
  /** Called once, when another process holds the lock. */
  onWait?: ((holder: string) => void) | undefined;
  /** A lock that was not touched for so long belongs to a dead process. Default 30. */
  staleSeconds?: number;
}

const BEAT_MILLISECONDS = 2_000;
const POLL_MILLISECONDS = 100;

/**
 * Runs `work` while holding the lock file; waits for whoever holds it.
 * @throws StorageError E_LOCK when the file cannot be made; whatever `work` throws; the signal's reason.
 */
export async function withLock<Result>(
  path: string,
  options: LockOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  const token = `${process.pid} ${hostname()} ${randomUUID()}`;
  await acquire(path, token, options);
  const beat = setInterval(() => {
    const now = new Date();
    // A beat that fails is no trouble: the lock merely looks older than it is.
    utimes(path, now, now).catch(() => undefined);
  }, BEAT_MILLISECONDS);
  beat.unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if ((await holderOf(path)) === token) await rm(path, { force: true });
  }
}

async function acquire(path: string, token: string, options: LockOptions): Promise<void> {
  let told = false;
  for (;;) {
    options.signal?.throwIfAborted();
    if (await create(path, token)) return;
    const holder = await holderOf(path);
    if (holder !== undefined && (await isStale(path, holder, options.staleSeconds ?? 30))) {
      // Moved away under a name of its own, so that of two who notice only one takes it away.
      const aside = `${path}.${randomUUID()}`;
      await rename(path, aside).catch(() => undefined);
      await rm(aside, { force: true });
      continue;
    }
    if (holder !== undefined && !told) {
      told = true;
      options.onWait?.(holder);
    }
    await sleep(POLL_MILLISECONDS, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}

async function create(path: string, token: string): Promise<boolean> {
  try {
    await writeFile(path, token, { flag: "wx" });
    return true;
  } catch (thrown) {
    if (codeOf(thrown) === "EEXIST") return false;
    throw new StorageError("E_LOCK", `${path} cannot be written (${codeOf(thrown)}).`, { value: path, cause: thrown });
  }
}

async function holderOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}

async function isStale(path: string, holder: string, staleSeconds: number): Promise<boolean> {
  const [pid, host] = holder.split(" ");
  if (host === hostname() && !isAlive(Number(pid))) return true;
  const touched = await stat(path).catch(() => undefined);
  return touched !== undefined && Date.now() - touched.mtimeMs > staleSeconds * 1000;
}

function isAlive(pid: number): boolean {
  // Just created and not yet written: its age will tell.
  if (!Number.isSafeInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return codeOf(thrown) === "EPERM";
  }
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown";
}
