/**
 * Several processes of one model behind one queue: on a processor one thread each is faster than one process with
 * many. They are started as they are needed.
 */

import { totalmem } from "node:os";
import { makeRoom } from "../core/make-room.ts";
import type { Cores } from "./cores.ts";
import { type CallOptions, closedError, EngineProcess, type ProcessOptions } from "./process.ts";
import { type CallName, type Calls, MOST_PREFIXES, type Opened } from "./protocol.ts";

export interface PoolOptions extends ProcessOptions {
  /** Most processes. */
  readonly processes: number;
}

/** The share of the machine's memory that all processes of one model may take. */
const MEMORY_SHARE = 0.25;
/** What a process takes beside them: the runtime. */
const PROCESS_BYTES = 150e6;

/** How many processes of a model of `bytes` pay: one a core, as far as a quarter of the memory goes. */
export function processesFor(bytes: number, cores: Cores, memory: number = totalmem()): number {
  return Math.min(cores.total, fitting(bytes, memory));
}

/** How many processes fit that each hold `bytes` of weights and prompts. */
function fitting(bytes: number, memory: number = totalmem()): number {
  return Math.max(1, Math.floor((memory * MEMORY_SHARE) / (bytes + PROCESS_BYTES)));
}

interface Waiting {
  readonly start: (lane: Lane) => void;
  readonly giveUp: (reason: unknown) => void;
  readonly prompt: string | undefined;
  readonly prefix: string | undefined;
}

/** One process and what is warm in it. */
interface Lane {
  readonly process: EngineProcess;
  /** `resting`: its answer is just out, and what follows from it may come in this moment. */
  state: "idle" | "busy" | "resting";
  /** The prompt it read last. */
  prompt: string | undefined;
  readonly prefixes: Set<string>;
}

export class EnginePool {
  readonly #open: Calls["open"][0];
  #options: PoolOptions;
  readonly #lanes: Lane[] = [];
  readonly #waiting: Waiting[] = [];
  /** What further processes are opened with: what the first found out is in it. */
  #further: Calls["open"][0] | undefined;
  #most: number;
  #closed = false;

  constructor(open: Calls["open"][0], options: PoolOptions) {
    this.#open = open;
    this.#options = options;
    this.#most = options.processes;
  }

  /** Those that were started, for people and for tests that kill them. */
  get processes(): readonly EngineProcess[] {
    return this.#lanes.map((lane) => lane.process);
  }

  /** Most processes that there may be. */
  get most(): number {
    return this.#most;
  }

  /** Starts the first process. The others are started when they are needed, with what this one found out. */
  async start(): Promise<Opened> {
    const first = this.#grow(this.#open);
    first.state = "busy";
    const opened = await first.process.start();
    const threads = opened.tuning?.threads ?? this.#options.threads;
    this.#options = { ...this.#options, threads };
    // A graphics card runs one pass at a time, however many processes ask.
    this.#most = opened.gpu === false ? Math.min(this.#most, fitting(opened.bytes)) : 1;
    this.#further = this.#open.kind === "chat" ? { ...this.#open, tuning: opened.tuning } : this.#open;
    // After a crash too: probed again, it might be laid out otherwise and give other numbers.
    first.process.reopenWith(this.#further, threads);
    this.#free(first);
    return opened;
  }

  /**
   * As `EngineProcess.call`, on whichever process is free, in the order of the calls; of several free ones the one that
   * read the same prompt or has the same prefix warm. `item`: what, with the prefix, makes the prompt.
   */
  async call<Name extends CallName>(
    name: Name,
    sent: Calls[Name][0],
    options: CallOptions & { readonly item?: string } = {},
  ): Promise<Calls[Name][1]> {
    const { signal, before, item } = options;
    signal?.throwIfAborted();
    const prefix = before?.id;
    const prompt = item === undefined ? undefined : `${prefix}\n${item}`;
    const lane = await this.#lane(prompt, prefix, signal);
    lane.prompt = prompt;
    if (prefix !== undefined && !lane.prefixes.has(prefix)) {
      makeRoom(lane.prefixes, MOST_PREFIXES);
      lane.prefixes.add(prefix);
    }
    try {
      return await lane.process.call(name, sent, options);
    } catch (thrown) {
      if (!this.#closed && !signal?.aborted && this.#drop(lane)) return await this.call(name, sent, options);
      throw thrown;
    } finally {
      // Aborted, the call ends before its pass does.
      lane.process.idle().then(() => this.#free(lane));
    }
  }

  /** A further process that could not be opened, for want of memory say, is one too many: the others do without it. */
  #drop(lane: Lane): boolean {
    if (lane.process.hasOpened || this.#lanes.length < 2) return false;
    this.#lanes.splice(this.#lanes.indexOf(lane), 1);
    this.#most = this.#lanes.length;
    lane.process.close();
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of [...this.#waiting]) waiting.giveUp(closedError());
    await Promise.all(this.#lanes.map((lane) => lane.process.close()));
  }

  #lane(prompt: string | undefined, prefix: string | undefined, signal: AbortSignal | undefined): Promise<Lane> {
    if (this.#closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      const aborted = () => waiting.giveUp(signal?.reason);
      const waiting: Waiting = {
        start: (lane) => {
          signal?.removeEventListener("abort", aborted);
          lane.state = "busy";
          resolve(lane);
        },
        giveUp: (reason) => {
          signal?.removeEventListener("abort", aborted);
          this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
          reject(reason);
        },
        prompt,
        prefix,
      };
      signal?.addEventListener("abort", aborted, { once: true });
      this.#waiting.push(waiting);
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (;;) {
      const first = this.#waiting[0];
      if (!first) return;
      const idle = this.#lanes.filter(({ state }) => state === "idle");
      const follows = (lane: Lane) =>
        this.#waiting.find(({ prompt }) => prompt !== undefined && prompt === lane.prompt);
      // Arguments follow the choice of their tool: they go first, while what was read of their item is still there.
      const home = this.#lanes.find((lane) => lane.state !== "busy" && follows(lane) !== undefined);
      const next = (home && follows(home)) ?? first;
      const warm = idle.find(({ prefixes }) => next.prefix !== undefined && prefixes.has(next.prefix));
      let lane = home ?? warm;
      if (!lane) {
        // The one at rest may be the warm one; it is back in a moment.
        if (this.#lanes.some(({ state }) => state === "resting")) return;
        if (idle.length === 0 && (this.#lanes.length >= this.#most || !this.#further)) return;
        lane = idle[0] ?? this.#grow(this.#further!);
      }
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      next.start(lane);
    }
  }

  #grow(open: Calls["open"][0]): Lane {
    const lane: Lane = {
      process: new EngineProcess(open, this.#options),
      state: "idle",
      prompt: undefined,
      prefixes: new Set<string>(),
    };
    this.#lanes.push(lane);
    return lane;
  }

  #free(lane: Lane): void {
    lane.state = "resting";
    setImmediate(() => {
      if (lane.state === "resting") lane.state = "idle";
      this.#dispatch();
    });
  }
}
