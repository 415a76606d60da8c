/** Loads a GGUF into the runtime; every way in which that fails names the file. Runs in the engine's process. */

import type { Llama, LlamaModel } from "node-llama-cpp";
import { ModelError, messageOf } from "../core/errors.ts";
import { loadRuntime, type Runtime } from "./runtime.ts";

export interface Loaded {
  readonly runtime: Runtime;
  readonly llama: Llama;
  readonly model: LlamaModel;
}

/** Rejects with `E_MODEL_FILE` and the path: damaged, of an unknown kind, or larger than the memory that is free. */
export async function loadModel(path: string, threads: number, gpu: "auto" | false): Promise<Loaded> {
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
