/** The embedded sentence encoder, seen from its parent: an `EncoderEngine` over a process of its own. */

import type { EngineOptions } from "./chat.ts";
import { machineCores } from "./cores.ts";
import type { Embedding, EncoderEngine, ModelIdentity } from "./engine.ts";
import { identify } from "./identity.ts";
import { EngineProcess } from "./process.ts";

/** Starts an encoder. Rejects as `openChat` does. */
export async function openEncoder(path: string, options: EngineOptions = {}): Promise<EmbeddedEncoder> {
  const cores = options.cores ?? machineCores;
  const threads = cores.grant(options.threads ?? 1);
  const engine = new EngineProcess(
    { kind: "encoder", path, threads, contextTokens: options.contextTokens ?? 8192, gpu: options.gpu ?? false },
    { threads, cores, ...(options.stuckSeconds === undefined ? {} : { stuckSeconds: options.stuckSeconds }) },
  );
  try {
    const opened = await engine.start();
    const identity = await identify(path, options);
    return new EmbeddedEncoder(engine, { ...identity, contextTokens: opened.contextTokens }, opened.dimensions);
  } catch (thrown) {
    await engine.close();
    throw thrown;
  }
}

export class EmbeddedEncoder implements EncoderEngine {
  readonly model: ModelIdentity;
  readonly dimensions: number;
  readonly #engine: EngineProcess;

  constructor(engine: EngineProcess, model: ModelIdentity, dimensions: number) {
    this.#engine = engine;
    this.model = model;
    this.dimensions = dimensions;
  }

  /** The process behind it, for doctor and for tests. */
  get process(): EngineProcess {
    return this.#engine;
  }

  embed(text: string, signal?: AbortSignal): Promise<Embedding> {
    return this.#engine.call("embed", { text }, signal);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}
