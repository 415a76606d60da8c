// The one job that every mode does: the model asks for tool a, then b, then c, then ends.
// Knows no library: each mode dresses these calls in its own library's shapes.

/** A tool call as the fake model asks for it. */
export interface Call {
  readonly id: string;
  readonly tool: string;
  readonly n: number;
}

/** A library doing the job in one way: in memory, or keeping its state on disk. */
export interface Mode {
  /** The library's version, as installed. Empty where there is none. */
  readonly version: string;
  /** Builds what a program would build once: agent, graph, store. `directory` is empty, on a real disk, and gone after. */
  prepare(directory: string): Promise<void>;
  /** One run: `turns - 1` turns with a tool call each, and the turn that ends it. */
  run(turns: number): Promise<unknown>;
  /** For a library with a batch runner of its own; without it the bench keeps `inFlight` calls of `run` going. */
  batch?(runs: number, turns: number, inFlight: number): Promise<unknown>;
  close?(): Promise<void>;
}

/** The tools' names. A run longer than three steps asks for them in turn. */
export const toolNames: readonly string[] = ["a", "b", "c"];

let executed = 0;

/** Every tool's body. It counts, so that the bench can tell a mode that did the job from one that skipped it. */
export function tool({ n }: { n: number }): { n: number } {
  executed += 1;
  return { n: n + 1 };
}

/** How often a tool's body has run in this process. */
export function toolCalls(): number {
  return executed;
}

/** The fake model. It has no state: `done` is how many tool results the conversation holds, and nothing means the end. */
export function nextCall(done: number, turns: number): Call | undefined {
  if (done >= turns - 1) return undefined;
  return { id: `call_${done}`, tool: toolNames[done % toolNames.length]!, n: done };
}
