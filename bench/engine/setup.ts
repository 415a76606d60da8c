// What every part is given: the models, the data, the threads, and how far to go.
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type ChatOptions, type EmbeddedChat, openChat } from "../../src/engine/chat.ts";
import { DEFAULT_CHAT, DEFAULT_ENCODER } from "../../src/models/catalogue.ts";
import { ensureModel } from "../../src/models/pull.ts";
import { type Data, readData } from "./data.ts";

export interface Setup {
  readonly data: Data;
  /** A smoke run: the smallest sizes, nothing written. */
  readonly quick: boolean;
  /** Threads of one model process. */
  readonly threads: number;
  /** Processes of the rows with a pool, one thread each; 1 leaves those rows out. */
  readonly processes: number;
  /** Longest time for one part, in seconds; it stops between two rounds. */
  readonly seconds: number;
  /** A size set by hand, else the part's own default. */
  size(fallback: number, quick: number): number;
  /** The default chat model; one process unless more are asked for. */
  chat(options?: ChatOptions): Promise<EmbeddedChat>;
  /** Another model, in one process. */
  open(path: string): Promise<EmbeddedChat>;
  chatPath(): Promise<string>;
  encoderPath(): Promise<string>;
}

/** Reads the options. `parts` is `null` where all are wanted. */
export function readSetup(args: readonly string[]): { setup: Setup; parts: readonly string[] | null } {
  const { values } = parseArgs({
    args: [...args],
    options: {
      part: { type: "string" },
      data: { type: "string" },
      quick: { type: "boolean", default: false },
      threads: { type: "string" },
      processes: { type: "string" },
      size: { type: "string" },
      seconds: { type: "string" },
    },
  });
  const { quick } = values;
  // The engine's own default: one core is left to the program itself.
  const threads = Number(values.threads ?? Math.max(1, availableParallelism() - 1));
  // A folder of its own for prefixes and tuning: found out once in a run, the same for all its engines, then gone.
  const home = mkdtempSync(join(tmpdir(), "pawl-engine-bench-"));
  process.once("exit", () => rmSync(home, { recursive: true, force: true }));
  const common = { threads, processes: 1, gpu: false, home, say: (line: string) => console.log(`  ${line}`) } as const;
  const setup: Setup = {
    data: readData(values.data),
    quick,
    threads,
    processes: Number(values.processes ?? (quick ? 1 : availableParallelism())),
    seconds: Number(values.seconds ?? (quick ? 40 : 540)),
    size: (fallback, small) => Number(values.size ?? (quick ? small : fallback)),
    async chat(options = {}) {
      const { path, name, digest } = await ensureModel(DEFAULT_CHAT);
      return await openChat(path, { name, digest, ...common, ...options });
    },
    open: (path) => openChat(path, common),
    chatPath: async () => (await ensureModel(DEFAULT_CHAT)).path,
    encoderPath: async () => (await ensureModel(DEFAULT_ENCODER)).path,
  };
  return { setup, parts: values.part?.split(",") ?? null };
}

/** Says when the time of a part is up. */
export function deadline(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1000;
  return () => performance.now() > end;
}
