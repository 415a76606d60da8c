/**
 * One engine's process, seen from its parent: starts it, sends one request at a time, and survives its death.
 * Knows nothing of models; what is sent and what comes back is in protocol.ts.
 */

import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { ModelError, messageOf } from "../core/errors.ts";
import { makeRoom } from "../core/make-room.ts";
import { type Cores, machineCores } from "./cores.ts";
import {
  type CallName,
  type Calls,
  fromWire,
  MOST_PREFIXES,
  type Opened,
  type ToChild,
  type ToParent,
} from "./protocol.ts";

export interface ProcessOptions {
  /** Threads of one pass; they are taken from the scheduler for as long as a request runs. */
  readonly threads: number;
  readonly cores?: Cores;
  /** Longest silence of a request at work, in seconds; a process silent for longer is killed. */
  readonly stuckSeconds?: number | undefined;
  /** Longest time that loading the model may take, in seconds. */
  readonly openSeconds?: number;
  /** The program to run, for tests. */
  readonly entry?: URL;
}

/** The process died under a request. It says how, so that the last try can say it to people. */
class ChildGone extends Error {}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Runs in front of the call on the same process, and again on a new one. */
  readonly before?: Calls["prepare"][0] | undefined;
  /** Is given what is written while it is written; after a crash it is given the text from its start again. */
  readonly onText?: ((piece: string) => void) | undefined;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  /** Called at every sign of life, with what was written in it. */
  readonly alive: (text: string | undefined) => void;
}

interface Child {
  readonly process: ChildProcess;
  readonly pending: Map<number, Pending>;
  readonly opened: Opened;
  /** Prefixes that this process has been told. */
  readonly told: Set<string>;
}

// The same tree runs from source (.ts) and from dist (.js).
const ownEntry = new URL(`./child${extname(import.meta.url)}`, import.meta.url);

export class EngineProcess {
  #open: Calls["open"][0];
  #options: ProcessOptions;
  readonly #cores: Cores;
  #child: Promise<Child> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #nextId = 1;
  #closed = false;
  /** Whether its model was ever loaded. */
  hasOpened = false;
  /** Times that the process had to be started again. */
  restarts = 0;

  constructor(open: Calls["open"][0], options: ProcessOptions) {
    this.#open = open;
    this.#options = options;
    this.#cores = options.cores ?? machineCores;
  }

  /** Process id of the running child, for people and for tests that kill it. */
  async pid(): Promise<number | undefined> {
    return (await this.#child)?.process.pid;
  }

  /**
   * What the process is opened with the next time that it must be started: what was found out before stays found.
   * `threads`: what its passes take from now on.
   */
  reopenWith(open: Calls["open"][0], threads: number): void {
    this.#open = open;
    this.#options = { ...this.#options, threads };
  }

  /** Starts the process and loads the model, unless that is done. */
  start(): Promise<Opened> {
    return this.#queued(undefined, async (child) => child.opened);
  }

  /**
   * One request, in the order of the calls. A dead process is replaced and the request tried once more, then it rejects
   * with `E_ENGINE_CRASHED`; a silent one is killed, `E_ENGINE_STUCK`; an aborted one rejects at once with the signal's
   * reason.
   */
  call<Name extends CallName>(
    name: Name,
    sent: Calls[Name][0],
    { signal, before, onText }: CallOptions = {},
  ): Promise<Calls[Name][1]> {
    return this.#queued(signal, async (child) => {
      // Loading the model takes a while, and an event that is over is not heard.
      signal?.throwIfAborted();
      if (before && !child.told.has(before.id)) {
        await this.#send(child, "prepare", before, { signal });
        makeRoom(child.told, MOST_PREFIXES);
        child.told.add(before.id);
      }
      signal?.throwIfAborted();
      return await this.#send(child, name, sent, { signal, onText });
    });
  }

  /** Resolves when no pass is running any more, also none that its caller has given up. */
  async idle(): Promise<void> {
    await this.#turn;
  }

  /** Ends the process. What is still waiting rejects with `E_ENGINE_CLOSED`. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const child = await this.#child?.catch(() => undefined);
    if (!child || child.process.exitCode !== null || child.process.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      // An engine keeps nothing on disk and its threads may be in the middle of a pass: no use to ask politely.
      child.process.ref();
      child.process.once("exit", () => resolve());
      child.process.kill("SIGKILL");
    });
  }

  #queued<T>(signal: AbortSignal | undefined, work: (child: Child) => Promise<T>): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const run = this.#turn.then(async () => {
      if (signal?.aborted) throw signal.reason;
      if (this.#closed) throw closedError();
      const release = await this.#cores.take(this.#options.threads, signal);
      try {
        return await this.#twice(work);
      } finally {
        release();
      }
    });
    this.#turn = run.catch(() => undefined);
    if (!signal) return run;
    // The caller is let go at once; the turn and the cores stay taken until the pass really ends.
    return new Promise<T>((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      run.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    });
  }

  async #twice<T>(work: (child: Child) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        // It may have been closed while this waited for its cores.
        if (this.#closed) throw closedError();
        this.#child ??= this.#spawn();
        return await work(await this.#child);
      } catch (thrown) {
        if (!(thrown instanceof ChildGone)) throw thrown;
        this.#child = undefined;
        if (this.#closed) throw closedError();
        if (attempt === 2) {
          throw new ModelError("E_ENGINE_CRASHED", `the engine of ${this.#open.path} died twice: ${thrown.message}`, {
            cause: thrown,
          });
        }
        this.restarts++;
      }
    }
  }

  async #spawn(): Promise<Child> {
    const process = fork(this.#options.entry ?? ownEntry, [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      // The parent's own flags (inspector, test runner) are none of the engine's.
      execArgv: [],
      env: { ...globalThis.process.env, NODE_OPTIONS: "", NODE_LLAMA_CPP_SKIP_DOWNLOAD: "true" },
    });
    const pending = new Map<number, Pending>();
    let said = "";
    process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-2000);
    });
    let gone: ChildGone | undefined;
    const die = (how: string) => {
      gone ??= new ChildGone(said.trim() === "" ? how : `${how}; its last words: ${said.trim()}`);
      for (const request of pending.values()) request.reject(gone);
      pending.clear();
    };
    process.on("error", (error) => die(messageOf(error)));
    process.on("exit", (code, signal) => die(signal ? `killed by ${signal}` : `exit code ${code}`));
    process.on("message", (message: ToParent) => {
      const request = pending.get(message.id);
      if (!request) return;
      if ("alive" in message) return request.alive(message.text);
      pending.delete(message.id);
      if ("error" in message) request.reject(fromWire(message.error));
      else request.resolve(message.value);
    });
    const child: Child = {
      process,
      pending,
      told: new Set(),
      opened: { contextTokens: 0, dimensions: 0, template: "", bytes: 0, gpu: false, tuning: null },
    };
    try {
      const opened = await this.#send(child, "open", this.#open, {}, this.#options.openSeconds ?? 300);
      idle(process);
      this.hasOpened = true;
      return { ...child, opened };
    } catch (thrown) {
      process.kill("SIGKILL");
      // A file that cannot be loaded is the same file next time: only a death is worth another try.
      if (!(thrown instanceof ChildGone)) this.#child = undefined;
      throw thrown;
    }
  }

  #send<Name extends CallName>(
    child: Child,
    name: Name,
    sent: Calls[Name][0],
    { signal, onText }: Omit<CallOptions, "before">,
    seconds: number = this.#options.stuckSeconds ?? 120,
  ): Promise<Calls[Name][1]> {
    const id = this.#nextId++;
    const { process, pending } = child;
    let timer: NodeJS.Timeout | undefined;
    const cancel = () => post(process, { cancel: id });
    const answered = new Promise<Calls[Name][1]>((resolve, reject) => {
      const stuck = () => {
        pending.delete(id);
        this.#child = undefined;
        process.kill("SIGKILL");
        reject(
          new ModelError(
            "E_ENGINE_STUCK",
            `the engine of ${this.#open.path} was silent for ${seconds} s and was stopped`,
          ),
        );
      };
      const alive = (text?: string) => {
        clearTimeout(timer);
        timer = setTimeout(stuck, seconds * 1000);
        if (text === undefined) return;
        try {
          onText?.(text);
        } catch (thrown) {
          // The caller's own mistake must not end the program from inside a pipe.
          cancel();
          pending.get(id)?.reject(thrown);
        }
      };
      alive();
      pending.set(id, { resolve: (value) => resolve(value as Calls[Name][1]), reject, alive });
    });
    // While a request is out, the pipe keeps the parent alive; an idle engine does not.
    process.ref();
    process.channel?.ref();
    signal?.addEventListener("abort", cancel, { once: true });
    const message = { id, call: name, sent } as ToChild;
    post(process, message, (error) => {
      if (error) pending.get(id)?.reject(new ChildGone(messageOf(error)));
    });
    return answered.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
      pending.delete(id);
      if (pending.size === 0) idle(process);
    });
  }
}

function post(process: ChildProcess, message: ToChild, done?: (error: Error | null) => void): void {
  if (process.connected) process.send(message, done);
  else done?.(new Error("its pipe is closed"));
}

function idle(process: ChildProcess): void {
  process.unref();
  process.channel?.unref();
  // The pipe of its last words is a socket, whatever its type says.
  (process.stderr as { unref?: () => void } | null)?.unref?.();
}

/** What every request of a closed engine rejects with. */
export function closedError(): ModelError {
  return new ModelError("E_ENGINE_CLOSED", "the engine was closed");
}
