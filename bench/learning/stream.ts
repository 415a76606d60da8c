// A stream of labelled texts through the real policy: the loop, the gate, the journal and the learning are the product's
// own; only the models are stored numbers, and the rung above is the known label (simulated, and said so).
import { seededRandom, shuffle } from "../../src/guarantee/random.ts";
import type { Rung } from "../../src/rung/rung.ts";
import { openLife } from "./life.ts";

/** What a stream asks of every text. */
export interface Asked {
  readonly ask: string;
  readonly cue: string;
  readonly options: { readonly [name: string]: string };
}

export interface Item {
  readonly text: string;
  /** The true option. */
  readonly truth: string;
}

export interface StreamOptions {
  readonly asked: Asked;
  readonly items: readonly Item[];
  /** The local rungs, lowest first. Made anew for each stream. */
  readonly rungs: () => readonly Rung[];
  readonly seed: number;
  /** So many items of the shuffled order. */
  readonly take: number;
  readonly risk: number;
  /** The truth of texts that no option fits: the question's way out. Nothing: none. */
  readonly otherwise?: string;
}

/** What became of one item. */
export interface Passed {
  readonly text: string;
  readonly kept: boolean;
  readonly right: boolean;
  /** Local rung that answered, or `null`. */
  readonly rung: string | null;
  /** State of the question when it came by. */
  readonly state: string;
}

export interface Streamed {
  readonly passed: readonly Passed[];
  /** Labels bought after each item: answers from above, and audits. */
  readonly labels: readonly number[];
  readonly audits: number;
  /** Certificates in the order in which they were issued. */
  readonly certificates: readonly { readonly at: number; readonly coverage: number; readonly threshold: number }[];
  readonly revoked: readonly number[];
}

export async function stream(options: StreamOptions): Promise<Streamed> {
  const { items, rungs, take, ...lived } = options;
  const order = shuffle(items, seededRandom(lived.seed)).slice(0, take);
  const passed: Passed[] = [];
  const labels: number[] = [];
  await using life = await openLife({ ...lived, rungs: rungs() });
  const { journal } = life;
  for (const { text, truth } of order) {
    passed.push(await life.pass(text, truth));
    labels.push(journal.labels.counts("answer").answered);
  }
  await life.settled();
  const events = journal.policy.read();
  const issued = events.filter((event) => event.type === "certificate_issued");
  return {
    passed,
    labels,
    audits: [...journal.labels.answered("answer", events[0]!.version)].filter(({ sample }) => sample === "audit")
      .length,
    certificates: issued.map(({ after, coverage, threshold }) => ({ at: after, coverage, threshold })),
    revoked: events.flatMap((event) => (event.type === "certificate_revoked" ? [event.after] : [])),
  };
}
