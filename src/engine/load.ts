/** Loads a GGUF into the runtime; every way in which that fails names the file. Runs in the engine's process. */

import { open, stat } from "node:fs/promises";
import { totalmem } from "node:os";
import type { Llama, LlamaModel } from "node-llama-cpp";
import { ModelError, messageOf } from "../core/errors.ts";
import { loadRuntime, type Runtime } from "./runtime.ts";

export interface Loaded {
  readonly runtime: Runtime;
  readonly llama: Llama;
  readonly model: LlamaModel;
}

/** Rejects with `E_MODEL_FILE` and the path: not there, not a GGUF, damaged, or larger than the memory. */
export async function loadModel(path: string, threads: number, gpu: "auto" | false): Promise<Loaded> {
  await checkFile(path);
  const runtime = await loadRuntime();
  // Never compiles and never downloads; and its own default of four threads is ten times slower on two cores.
  const llama = await runtime.getLlama({
    gpu,
    build: "never",
    maxThreads: threads,
    logLevel: runtime.LlamaLogLevel.error,
  });
  try {
    return { runtime, llama, model: await llama.loadModel({ modelPath: path }) };
  } catch (thrown) {
    const why = thrown instanceof runtime.InsufficientMemoryError ? "is too big for the memory" : "cannot be loaded";
    throw new ModelError("E_MODEL_FILE", `the model file ${path} ${why}: ${messageOf(thrown)}`, {
      cause: thrown,
      value: path,
    });
  }
}

async function checkFile(path: string): Promise<void> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new ModelError("E_MODEL_FILE", `the model file ${path} ${why}`, { cause, value: path });
  };
  const found = await stat(path).catch((thrown: NodeJS.ErrnoException) =>
    refuse(thrown.code === "ENOENT" ? "is not there" : `cannot be read: ${thrown.message}`, thrown),
  );
  if (!found.isFile()) refuse("is not a file");
  const file = await open(path).catch((thrown: Error) => refuse(`cannot be read: ${thrown.message}`, thrown));
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead < 4 || buffer.toString("latin1") !== "GGUF")
      refuse("is not a GGUF: it does not begin with the letters GGUF");
  } finally {
    await file.close();
  }
  if (found.size > totalmem()) {
    refuse(`is too big for the memory: ${gigabytes(found.size)} GB, and this machine has ${gigabytes(totalmem())} GB`);
  }
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
