// What a way of asking is: the library loaded once, and a function that asks one question about one item.
import type { LlamaContext } from "node-llama-cpp";
import type { Loaded } from "../../../src/engine/load.ts";
import type { Prompter } from "../../../src/engine/prompt.ts";
import type { Tuning } from "../../../src/engine/tuning.ts";
import type { Question } from "../questions.ts";

/** The library in a process of its own: same runtime, model, threads and context length as Pawl's engine. */
export interface Library extends Loaded {
  readonly prompter: Prompter;
  readonly threads: number;
  /** How the engine lays passes out on this machine. */
  readonly tuning: Tuning;
  /** A context as the library makes it by default. */
  context(sequences: number): Promise<LlamaContext>;
  /** A context with the engine's own kernels: what is to be compared with the engine pass by pass. */
  tunedContext(sequences: number): Promise<LlamaContext>;
}

export interface Asked {
  /** What was chosen; `null` where the mode chooses nothing. */
  readonly answer: string | null;
  /** Tokens generated for it. */
  readonly generated: number;
  /** Log-probability of each choice, where the mode reads it. */
  readonly logp?: readonly number[];
}

export type Ask = (question: Question, item: string) => Promise<Asked>;

/** Opens a mode once; each of its questions is warmed up by being asked once. */
export type OpenMode = (library: Library) => Promise<Ask>;

/** Keeps one of something for each question. */
export function perQuestion<T>(make: (question: Question) => T): (question: Question) => T {
  const kept = new Map<string, T>();
  return (question) => {
    const found = kept.get(question.name) ?? make(question);
    kept.set(question.name, found);
    return found;
  };
}
