/** The embedded chat model, seen from its parent: a `ChatEngine` over processes of its own. */

import { join } from "node:path";
import { pawlHome } from "../core/home.ts";
import { makeRoom } from "../core/make-room.ts";
import { type Cores, machineCores } from "./cores.ts";
import type {
  ChatEngine,
  Filled,
  FillRequest,
  ModelIdentity,
  Prefix,
  PrefixId,
  Score,
  ScoreRequest,
  WriteRequest,
  Written,
} from "./engine.ts";
import { identify } from "./identity.ts";
import { EnginePool, processesFor } from "./pool.ts";
import { findPrepared, prefixIdOf } from "./prepared.ts";
import type { CallOptions } from "./process.ts";
import { type Calls, MOST_PREFIXES, type Opened } from "./protocol.ts";
import { RUNTIME_VERSION } from "./runtime.ts";
import { describeTuning, keepTuning, readTuning, type Tuning, tuningFile } from "./tuning.ts";

export interface EngineOptions {
  /** Name in reports; by default the file's. */
  readonly name?: string;
  /** SHA-256 of the file in hexadecimal, where it is known already; else the file is read for it. */
  readonly digest?: string;
  /** Most processes. Default: one a core as far as a quarter of the memory goes; one on a graphics card. */
  readonly processes?: number;
  /** Threads of one pass. Default: the cores shared out among the processes. */
  readonly threads?: number;
  /** Context in tokens; the model's own limit lowers it. Default: 2,048 for a chat model, its own for an encoder. */
  readonly contextTokens?: number;
  /** `"auto"` uses a graphics card where the runtime finds one. Default: auto for a chat model, off for an encoder. */
  readonly gpu?: "auto" | false;
  /** Longest silence of a request at work, in seconds, before the process is killed. Default 120. */
  readonly stuckSeconds?: number;
  readonly cores?: Cores;
}

export interface ChatOptions extends EngineOptions {
  /** Questions whose prefixes stay evaluated at the same time, in each process. Memory grows with it. Default 4. */
  readonly hotPrefixes?: number;
  /** How passes are laid out. Default: what the probe found on this machine, now or at an earlier start. */
  readonly tuning?: Tuning | undefined;
  /** Where evaluated prefixes and the probe's findings outlive the process; `null` keeps none. Default: Pawl's home. */
  readonly home?: string | null;
  /** Is told in a line what the probe chose, when it had to measure. */
  readonly say?: (line: string) => void;
}

/** Processes and the threads of each, as asked for or as the cores and the memory allow. */
export function shareOut(options: EngineOptions, bytes: number, cores: Cores): { processes: number; threads: number } {
  // Where each is to have more threads than its share of the cores, fewer processes have room.
  const fit = processesFor(bytes, cores);
  const most =
    options.threads === undefined ? fit : Math.max(1, Math.floor(cores.total / cores.grant(options.threads)));
  const processes = Math.max(1, Math.floor(options.processes ?? Math.min(fit, most)));
  const share = Math.floor(cores.total / processes);
  // Threads of one pass wait for each other, so a single core taken by other work makes them all slow: one stays free.
  const free = share > 1 ? 1 : 0;
  return { processes, threads: cores.grant(options.threads ?? (cores.total - free) / processes) };
}

/**
 * Starts a chat model. Rejects with `E_MODEL_FILE` (the file), `E_RUNTIME_MISSING` (names the command that
 * installs it) or `E_ENGINE_CRASHED`.
 */
export async function openChat(path: string, options: ChatOptions = {}): Promise<EmbeddedChat> {
  const cores = options.cores ?? machineCores;
  const identity = await identify(path, options);
  const { processes, threads } = shareOut(options, identity.bytes, cores);
  const gpu = options.gpu ?? "auto";
  const home = options.home === undefined ? pawlHome() : options.home;
  const file = home === null ? null : tuningFile(identity.digest, threads, gpu, home);
  const known = options.tuning ?? (file === null ? undefined : await readTuning(file));
  const pool = new EnginePool(
    {
      kind: "chat",
      path,
      threads,
      contextTokens: options.contextTokens ?? 2048,
      hotPrefixes: options.hotPrefixes ?? 4,
      gpu,
      tuning: known ?? null,
      prefixes: home === null ? null : { folder: join(home, "prefixes"), key: [identity.digest, RUNTIME_VERSION] },
    },
    { threads, cores, processes, stuckSeconds: options.stuckSeconds },
  );
  try {
    const opened = await pool.start();
    if (known === undefined && opened.tuning) {
      if (file !== null) await keepTuning(file, opened.tuning);
      options.say?.(`${identity.name}: ${describeTuning(opened.tuning, pool.most, opened.gpu)}`);
    }
    return new EmbeddedChat(pool, { ...identity, contextTokens: opened.contextTokens }, opened);
  } catch (thrown) {
    await pool.close();
    throw thrown;
  }
}

export class EmbeddedChat implements ChatEngine {
  readonly model: ModelIdentity;
  /** The chat template that lays prompts out, for people; "plain" for a base model. */
  readonly template: string;
  /** How passes are laid out; two engines of the same model and layout give the same numbers. */
  readonly tuning: Tuning;
  readonly #pool: EnginePool;
  readonly #prefixes = new Map<PrefixId, Prefix>();

  constructor(pool: EnginePool, model: ModelIdentity, opened: Opened) {
    this.#pool = pool;
    this.model = model;
    this.template = opened.template;
    this.tuning = opened.tuning!;
  }

  /** The processes behind it, for doctor and for tests. */
  get pool(): EnginePool {
    return this.#pool;
  }

  async prepare(prefix: Prefix): Promise<PrefixId> {
    const id = prefixIdOf(prefix);
    const known = this.#prefixes.delete(id);
    makeRoom(this.#prefixes, MOST_PREFIXES);
    this.#prefixes.set(id, prefix);
    if (known) return id;
    try {
      // Told at once, so that choices which cannot be told apart are refused here and not at the first item.
      await this.#call("measure", { prefix: id, item: "" }, {});
    } catch (thrown) {
      this.#prefixes.delete(id);
      throw thrown;
    }
    return id;
  }

  score({ prefix, item, bias, every, sketch, signal }: ScoreRequest): Promise<Score> {
    const sent = { prefix, item, bias: bias ?? null, every: every ?? false, sketch: sketch ?? false };
    return this.#call("score", sent, { signal });
  }

  fill({ prefix, item, fields, lead, maxTokens, signal }: FillRequest): Promise<Filled> {
    return this.#call("fill", { prefix, item, fields, lead, maxTokens }, { signal });
  }

  write({ prefix, item, maxTokens, stop, onText, signal }: WriteRequest): Promise<Written> {
    const sent = { prefix, item, maxTokens, stop: stop ?? [], streamed: onText !== undefined };
    return this.#call("write", sent, { signal, onText });
  }

  measure(prefix: PrefixId, item: string): Promise<{ tokens: number; limit: number }> {
    return this.#call("measure", { prefix, item }, {});
  }

  /** The way to the process and back, with nothing to do there. */
  async ping(): Promise<void> {
    await this.#pool.call("ping", null);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #call<Name extends "score" | "fill" | "write" | "measure">(
    name: Name,
    sent: Calls[Name][0],
    options: CallOptions,
  ): Promise<Calls[Name][1]> {
    const before = { id: sent.prefix, prefix: findPrepared(this.#prefixes, sent.prefix) };
    return await this.#pool.call(name, sent, { ...options, before, item: sent.item });
  }
}
