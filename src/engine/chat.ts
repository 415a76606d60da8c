/** The embedded chat model, seen from its parent: a `ChatEngine` over a process of its own. */

import { ModelError } from "../core/errors.ts";
import { shortHash } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
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
import { EngineProcess } from "./process.ts";
import { type CallName, type Calls, makeRoom } from "./protocol.ts";

export interface EngineOptions {
  /** Name in reports; by default the file's. */
  readonly name?: string;
  /** SHA-256 of the file in hexadecimal, where it is known already; else the file is read for it. */
  readonly digest?: string;
  /** Threads of one pass. Default: all cores but one for a chat model, one for an encoder. */
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
  /** Questions whose prefixes stay evaluated at the same time. Memory grows with it. Default 4. */
  readonly hotPrefixes?: number;
}

/**
 * Starts a chat model. Rejects with `E_MODEL_FILE` (the file), `E_RUNTIME_MISSING` (names the command that
 * installs it) or `E_ENGINE_CRASHED`.
 */
export async function openChat(path: string, options: ChatOptions = {}): Promise<EmbeddedChat> {
  const cores = options.cores ?? machineCores;
  // One core is left to the program itself: with all of them taken, any other work makes a pass ten times slower.
  const threads = cores.grant(options.threads ?? cores.total - 1);
  const engine = new EngineProcess(
    {
      kind: "chat",
      path,
      threads,
      contextTokens: options.contextTokens ?? 2048,
      hotPrefixes: options.hotPrefixes ?? 4,
      gpu: options.gpu ?? "auto",
    },
    { threads, cores, ...(options.stuckSeconds === undefined ? {} : { stuckSeconds: options.stuckSeconds }) },
  );
  try {
    const opened = await engine.start();
    const identity = await identify(path, options);
    return new EmbeddedChat(engine, { ...identity, contextTokens: opened.contextTokens }, opened.template);
  } catch (thrown) {
    await engine.close();
    throw thrown;
  }
}

export class EmbeddedChat implements ChatEngine {
  readonly model: ModelIdentity;
  /** The chat template that lays prompts out, for people; "plain" for a base model. */
  readonly template: string;
  readonly #engine: EngineProcess;
  readonly #prefixes = new Map<PrefixId, Prefix>();

  constructor(engine: EngineProcess, model: ModelIdentity, template: string) {
    this.#engine = engine;
    this.model = model;
    this.template = template;
  }

  /** The process behind it, for doctor and for tests. */
  get process(): EngineProcess {
    return this.#engine;
  }

  async prepare(prefix: Prefix): Promise<PrefixId> {
    const id = shortHash(canonicalJson([prefix.instructions, prefix.cue, prefix.choices]));
    const known = this.#prefixes.delete(id);
    makeRoom(this.#prefixes);
    this.#prefixes.set(id, prefix);
    if (known) return id;
    try {
      // Told at once, so that choices which cannot be told apart are refused here and not at the first item.
      await this.#call("measure", { prefix: id, item: "" }, id);
    } catch (thrown) {
      this.#prefixes.delete(id);
      throw thrown;
    }
    return id;
  }

  score({ prefix, item, signal }: ScoreRequest): Promise<Score> {
    return this.#call("score", { prefix, item }, prefix, signal);
  }

  fill({ prefix, item, fields, lead, maxTokens, signal }: FillRequest): Promise<Filled> {
    return this.#call("fill", { prefix, item, fields, lead, maxTokens }, prefix, signal);
  }

  write({ prefix, item, maxTokens, signal }: WriteRequest): Promise<Written> {
    return this.#call("write", { prefix, item, maxTokens }, prefix, signal);
  }

  measure(prefix: PrefixId, item: string): Promise<{ tokens: number; limit: number }> {
    return this.#call("measure", { prefix, item }, prefix);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  async #call<Name extends CallName>(
    name: Name,
    sent: Calls[Name][0],
    id: PrefixId,
    signal?: AbortSignal,
  ): Promise<Calls[Name][1]> {
    const prefix = this.#prefixes.get(id);
    if (!prefix) throw new ModelError("E_PREFIX", `no prefix ${id} was prepared`);
    return await this.#engine.call(name, sent, signal, { key: id, prepare: { id, prefix } });
  }
}
