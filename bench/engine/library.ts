// The library's process, seen from the bench: started, asked one thing at a time, ended.
import { type ChildProcess, fork } from "node:child_process";
import type { Tuning } from "../../src/engine/tuning.ts";
import type { Asked } from "./modes/mode.ts";
import type { Question } from "./questions.ts";

export type ModeName =
  | "naive"
  | "naive-wrapper-once"
  | "reuse"
  | "decide"
  | "floor"
  | "plain"
  | "reference"
  | "reference-longer"
  | "reference-at-once";

type Call =
  | { readonly call: "open"; readonly path: string; readonly threads: number; readonly tuning: Tuning }
  | { readonly call: "prepare"; readonly question: Question }
  | { readonly call: "ask"; readonly mode: ModeName; readonly question: string; readonly item: string };
export type ToLibrary = Call & { readonly id: number };
export type FromLibrary =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

export class LibraryProcess {
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 1;

  private constructor(child: ChildProcess) {
    this.#process = child;
    child.on("message", (message: FromLibrary) => {
      const waiting = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      if ("error" in message) waiting?.reject(new Error(message.error));
      else waiting?.resolve(message.value);
    });
    child.on("exit", (code, signal) => {
      const gone = new Error(`The library's process ended (${signal ?? code}).`);
      for (const waiting of this.#pending.values()) waiting.reject(gone);
      this.#pending.clear();
    });
  }

  /** Forked as src/engine/process.ts forks Pawl's engine: same flags, same environment, same serialization. */
  static async start(path: string, threads: number, tuning: Tuning): Promise<LibraryProcess> {
    const child = fork(new URL("./library-child.ts", import.meta.url), [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: "", NODE_LLAMA_CPP_SKIP_DOWNLOAD: "true" },
    });
    const library = new LibraryProcess(child);
    await library.#call({ call: "open", path, threads, tuning });
    return library;
  }

  async prepare(question: Question): Promise<void> {
    await this.#call({ call: "prepare", question });
  }

  async ask(mode: ModeName, question: string, item: string): Promise<Asked> {
    return (await this.#call({ call: "ask", mode, question, item })) as Asked;
  }

  close(): void {
    this.#process.kill("SIGKILL");
  }

  #call(call: Call): Promise<unknown> {
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<unknown>();
    this.#pending.set(id, waiting);
    const message: ToLibrary = { ...call, id };
    this.#process.send(message);
    return waiting.promise;
  }
}
