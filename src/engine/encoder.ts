/** The embedded sentence encoder, seen from its parent: an `EncoderEngine` over processes of its own. */

import { type EngineOptions, shareOut } from "./chat.ts";
import { machineCores } from "./cores.ts";
import type { Embedding, EncoderEngine, ModelIdentity } from "./engine.ts";
import { identify } from "./identity.ts";
import { EnginePool } from "./pool.ts";
import { fromWire } from "./protocol.ts";

/** Starts an encoder. Rejects as `openChat` does. */
export async function openEncoder(path: string, options: EngineOptions = {}): Promise<EmbeddedEncoder> {
  const cores = options.cores ?? machineCores;
  const identity = await identify(path, options);
  const { processes, threads } = shareOut({ threads: 1, ...options }, identity.bytes, cores);
  const pool = new EnginePool(
    { kind: "encoder", path, threads, contextTokens: options.contextTokens ?? 8192, gpu: options.gpu ?? false },
    { threads, cores, processes, stuckSeconds: options.stuckSeconds },
  );
  try {
    const opened = await pool.start();
    return new EmbeddedEncoder(pool, { ...identity, contextTokens: opened.contextTokens }, opened.dimensions);
  } catch (thrown) {
    await pool.close();
    throw thrown;
  }
}

/** Most texts of one message: enough that a process does not wait for its parent, few enough to be shared out evenly. */
const MOST_TEXTS = 4;

interface Asked {
  readonly text: string;
  readonly resolve: (embedding: Embedding) => void;
  readonly reject: (reason: unknown) => void;
}

export class EmbeddedEncoder implements EncoderEngine {
  readonly model: ModelIdentity;
  readonly dimensions: number;
  readonly #pool: EnginePool;
  readonly #asked: Asked[] = [];
  /** Messages that are out. */
  #out = 0;

  constructor(pool: EnginePool, model: ModelIdentity, dimensions: number) {
    this.#pool = pool;
    this.model = model;
    this.dimensions = dimensions;
  }

  /** The processes behind it, for doctor and for tests. */
  get pool(): EnginePool {
    return this.#pool;
  }

  async embed(text: string, signal?: AbortSignal): Promise<Embedding> {
    signal?.throwIfAborted();
    return await new Promise((resolve, reject) => {
      const asked: Asked = {
        text,
        resolve: (embedding) => {
          signal?.removeEventListener("abort", giveUp);
          resolve(embedding);
        },
        reject: (reason) => {
          signal?.removeEventListener("abort", giveUp);
          reject(reason);
        },
      };
      // One that is out already is read to its end: it takes milliseconds, and others are in its message.
      const giveUp = () => {
        const at = this.#asked.indexOf(asked);
        if (at >= 0) this.#asked.splice(at, 1);
        asked.reject(signal?.reason);
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#asked.push(asked);
      this.#pump();
    });
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Sends what waits, a message to each process that is free. */
  #pump(): void {
    while (this.#asked.length > 0 && this.#out < this.#pool.most) {
      const share = Math.ceil(this.#asked.length / this.#pool.most);
      void this.#send(this.#asked.splice(0, Math.min(MOST_TEXTS, share)));
    }
  }

  async #send(batch: readonly Asked[]): Promise<void> {
    this.#out++;
    try {
      const found = await this.#pool.call("embed", { texts: batch.map(({ text }) => text) });
      for (const [index, { resolve, reject }] of batch.entries()) {
        const embedding = found[index]!;
        if ("error" in embedding) reject(fromWire(embedding.error));
        else resolve(embedding);
      }
    } catch (thrown) {
      for (const { reject } of batch) reject(thrown);
    } finally {
      this.#out--;
      this.#pump();
    }
  }
}
