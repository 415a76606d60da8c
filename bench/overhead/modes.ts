// The modes that are compared, and the order in which they are measured: rounds, each in a new random order.
import { mkdirSync } from "node:fs";
import { format } from "../bench.ts";
import type { Mode } from "./job.ts";
import { measure, measureIdle, type Sample } from "./measure.ts";

/** Which of a file's exports: what it keeps in memory alone, or on the disk. */
export type Kind = "memory" | "durable";

interface Entry {
  readonly name: string;
  readonly file: string;
  readonly kind: Kind;
  readonly pawl?: boolean;
}

/** How much to measure. */
export interface Plan {
  readonly rounds: number;
  /** Milliseconds that one batch should take. */
  readonly batch: number;
  /** Milliseconds that a mode may take for one length; a slow one then does fewer rounds, but `fewestRounds`. */
  readonly budget: number;
  /** How many runs a durable mode has going at once. In memory it is one. */
  readonly inFlight: number;
  /** The names of the modes to measure; null for all. */
  readonly only: readonly string[] | null;
  /** An empty folder for what durable modes keep. */
  readonly directory: string;
}

/** What was measured of one mode. */
export interface Outcome {
  readonly name: string;
  readonly kind: Kind;
  readonly pawl: boolean;
  readonly version: string | null;
  /** Why there is no figure; null when there is one. */
  readonly problem: string | null;
  /** A sample a round, of runs of `short` turns. */
  readonly shorts: readonly Sample[];
  /** A sample a round, of runs of `long` turns. */
  readonly longs: readonly Sample[];
}

interface Lane extends Entry {
  mode: Mode | null;
  problem: string | null;
  readonly samples: Map<number, Sample[]>;
}

/** Turns of a short run: three steps, and the turn that ends it. */
export const short = 4;
/** Turns of a long run: thirty steps, and the turn that ends it. */
export const long = 31;

const fewestRounds = 3;

const entries: readonly Entry[] = [
  { name: "bare loop", file: "./bare.ts", kind: "memory" },
  { name: "Pawl", file: "./pawl.ts", kind: "memory", pawl: true },
  { name: "Pawl durable", file: "./pawl.ts", kind: "durable", pawl: true },
  { name: "AI SDK", file: "./peers/ai-sdk.mjs", kind: "memory" },
  { name: "OpenAI Agents", file: "./peers/openai-agents.mjs", kind: "memory" },
  { name: "LangGraph", file: "./peers/langgraph.mjs", kind: "memory" },
  { name: "LangGraph SQLite", file: "./peers/langgraph.mjs", kind: "durable" },
  { name: "Mastra", file: "./peers/mastra.mjs", kind: "memory" },
  { name: "Mastra durable", file: "./peers/mastra.mjs", kind: "durable" },
];

/** Measures the modes. One that cannot be loaded, or fails, has a problem and no samples. */
export async function measureModes(plan: Plan): Promise<Outcome[]> {
  silencePeers();
  const lanes: Lane[] = entries
    .filter(({ name }) => plan.only?.includes(name) ?? true)
    .map((entry) => ({ ...entry, mode: null, problem: null, samples: new Map() }));
  for (const lane of lanes) await attempt(lane, () => open(lane, plan));
  console.log(`With nothing to do, the process takes ${format(await measureIdle())} µs of CPU a second.`);
  for (const lane of lanes) await attempt(lane, () => warmUp(lane, plan));
  for (let round = 1; round <= plan.rounds; round += 1) {
    console.log(`round ${round} of ${plan.rounds}`);
    for (const lane of shuffled(lanes)) await attempt(lane, () => measureRound(lane, plan));
  }
  for (const lane of lanes) await attempt(lane, async () => lane.mode!.close?.());
  return lanes.map(outcome);
}

/** An error in one line. Results are published, so no folders of this machine. */
export function reason(error: unknown): string {
  const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
  return first.replaceAll(/(?<=^|[\s"'(])(file:\/\/)?\/[^\s'":]*\//g, "");
}

// No peer may call home, and no trace may be taken: it would be charged to the step.
function silencePeers(): void {
  Object.assign(process.env, {
    MASTRA_TELEMETRY_DISABLED: "1",
    OPENAI_AGENTS_DISABLE_TRACING: "1",
    LANGSMITH_TRACING: "false",
    LANGCHAIN_TRACING_V2: "false",
  });
}

async function attempt(lane: Lane, work: () => Promise<void>): Promise<void> {
  if (lane.problem !== null) return;
  try {
    await work();
  } catch (error) {
    lane.problem = reason(error);
  }
}

async function open(lane: Lane, plan: Plan): Promise<void> {
  const directory = `${plan.directory}/${lane.name.replaceAll(/\W+/g, "-")}`;
  mkdirSync(directory);
  const modes: Partial<Record<Kind, Mode>> = await import(lane.file);
  lane.mode = modes[lane.kind] ?? null;
  if (lane.mode === null) throw new Error(`There is no ${lane.kind} mode.`);
  await lane.mode.prepare(directory);
}

// Ever larger batches until one is long enough: the code is warm then, and the first round's size is known.
async function warmUp(lane: Lane, plan: Plan): Promise<void> {
  for (const turns of [short, long]) {
    let sample: Sample;
    let runs = 1;
    do {
      sample = await measure(lane.mode!, runs, turns, inFlight(lane, plan));
      runs *= 2;
    } while (sample.wall * sample.steps < plan.batch * 1000);
    lane.samples.set(turns, [sample]);
  }
}

// The two lengths stand side by side in a round, so that their ratio is taken under the same conditions.
async function measureRound(lane: Lane, plan: Plan): Promise<void> {
  for (const turns of [short, long]) {
    const samples = lane.samples.get(turns)!;
    const spent = samples.reduce((sum, { wall, steps }) => sum + (wall * steps) / 1000, 0);
    if (samples.length > fewestRounds && spent > plan.budget) continue;
    const runs = runsFor(lane, turns, plan, samples.at(-1)!);
    samples.push(await measure(lane.mode!, runs, turns, inFlight(lane, plan)));
  }
}

function runsFor(lane: Lane, turns: number, plan: Plan, last: Sample): number {
  // A durable mode gets its runs in flight at least; at 31 turns a slow one would take minutes, and gets a tenth.
  const fewest = lane.kind === "durable" ? plan.inFlight / (turns === long ? 10 : 1) : 1;
  return Math.ceil(Math.max(fewest, (plan.batch * 1000) / (last.wall * (turns - 1))));
}

function inFlight(lane: Lane, plan: Plan): number {
  return lane.kind === "durable" ? plan.inFlight : 1;
}

function outcome({ name, kind, pawl = false, mode, problem, samples }: Lane): Outcome {
  // The first sample of each length is the warm-up's, and is left out.
  const of = (turns: number): Sample[] => (problem === null ? samples.get(turns)!.slice(1) : []);
  return { name, kind, pawl, version: mode?.version ?? null, problem, shorts: of(short), longs: of(long) };
}

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}
