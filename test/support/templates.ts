/**
 * The chat templates and tokenizers of real models, out of the llama.cpp sources that node-llama-cpp carries as a git
 * bundle: nothing of them is copied into this repository.
 */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** The bundle as a bare repository: unpacked once a machine, then found again. */
export async function openBundle(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve("node-llama-cpp");
  const bundle = join(dirname(entry), "..", "llama", "gitRelease.bundle");
  const repository = join(tmpdir(), `pawl-test-llama.cpp-${(await stat(bundle)).size}`);
  if (existsSync(repository)) return repository;
  const folder = await mkdtemp(`${repository}-`);
  await execute("git", ["clone", "--quiet", "--bare", bundle, folder]);
  // Another run may have been quicker.
  await rename(folder, repository).catch(() => rm(folder, { recursive: true }));
  return repository;
}

async function show(repository: string, path: string): Promise<Buffer> {
  const options = { encoding: "buffer", maxBuffer: 32 * 2 ** 20 } as const;
  return (await execute("git", ["-C", repository, "show", `HEAD:models/${path}`], options)).stdout;
}

/** The chat template of a model, as its makers wrote it. */
export async function templateOf(repository: string, name: string): Promise<string> {
  return (await show(repository, `templates/${name}.jinja`)).toString();
}

/** A model file without weights: only a real tokenizer. */
export async function writeVocabulary(repository: string, name: string, path: string): Promise<void> {
  await writeFile(path, await show(repository, `ggml-vocab-${name}.gguf`));
}
