/** The embedded sentence encoder, seen from its parent: an `EncoderEngine` over processes of its own. */

import { type EngineOptions, shareOut } from "./chat.ts";
import { machineCores } from "./cores.ts";
import type { Embedding, EncoderEngine, ModelIdentity } from "./engine.ts";
import { identify } from "./identity.ts";
import { EnginePool } from "./pool.ts";

/** Starts an encoder. Rejects as `openChat` does. */
export async function openEncoder(path: string, options: EngineOptions = {}): Promise<EmbeddedEncoder> {
  const cores = options.cores ?? machineCores;
  const identity = await identify(path, options);
  const { processes, threads } = shareOut({ threads: 1, ...options }, identity.bytes, cores);
  const pool = new EnginePool(
    { kind: "encoder", path, threads, contextTokens: options.contextTokens ?? 8192, gpu: options.gpu ?? false },
    {
      threads,
      cores,
      processes,
      ...(options.stuckSeconds === undefined ? {} : { stuckSeconds: options.stuckSeconds }),
    },
  );
  try {
    const opened = await pool.start();
    return new EmbeddedEncoder(pool, { ...identity, contextTokens: opened.contextTokens }, opened.dimensions);
  } catch (thrown) {
    await pool.close();
    throw thrown;
  }
}

export class EmbeddedEncoder implements EncoderEngine {
  readonly model: ModelIdentity;
  readonly dimensions: number;
  readonly #pool: EnginePool;

  constructor(pool: EnginePool, model: ModelIdentity, dimensions: number) {
    this.#pool = pool;
    this.model = model;
    this.dimensions = dimensions;
  }

  /** The processes behind it, for doctor and for tests. */
  get pool(): EnginePool {
    return this.#pool;
  }

  embed(text: string, signal?: AbortSignal): Promise<Embedding> {
    return this.#pool.call("embed", { text }, { signal });
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
