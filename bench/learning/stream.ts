// A stream of labelled texts through the real policy: the loop, the gate, the journal and the learning are the product's
// own; only the models are stored numbers, and the rung above is the known label (simulated, and said so).
import { createHash } from "node:crypto";
import { z } from "zod";
import { makeParts } from "../../src/config/parts.ts";
import { noUsage } from "../../src/core/usage.ts";
import { seededRandom, shuffle } from "../../src/guarantee/random.ts";
import { memoryJournal } from "../../src/journal/memory.ts";
import { train } from "../../src/learn/train.ts";
import { defineLoop } from "../../src/loop/loop.ts";
import { runItem } from "../../src/loop/run.ts";
import type { Rung } from "../../src/rung/rung.ts";

/** What a stream asks of every text. */
export interface Asked {
  readonly ask: string;
  readonly cue: string;
  readonly options: { readonly [name: string]: string };
}

export interface Item {
  readonly text: string;
  /** The true option; one that is none of the options stands for "out of scope". */
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
  /** Called before each item's turn, to change the world: gives another item instead. */
  readonly shift?: (item: Item, index: number) => Item;
}

/** What became of one item. */
export interface Passed {
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

/** The name of the rung above, which knows. */
const above = "known label (simulated)";

export async function stream(options: StreamOptions): Promise<Streamed> {
  const { asked, risk, take, seed, shift = (item) => item } = options;
  const order = shuffle(options.items, seededRandom(seed)).slice(0, take);
  const truthOf = new Map<string, string>();
  const upper: Rung = {
    name: above,
    local: false,
    mostCost: 0,
    acceptAt: null,
    source: "known",
    decide: (question) => {
      const value = truthOf.get(question.about) ?? "out of scope";
      return { kind: "answered", value, confidence: null, basis: "certain", evidence: {}, usage: noUsage };
    },
  };
  const secret = createHash("sha256").update(`stream ${seed}`).digest();
  const journal = memoryJournal({ secret, keep: "unfinished" });
  const parts = makeParts({ ladder: [...options.rungs(), upper] }, journal, {
    // In this thread: a stream of eight thousand texts trains in seconds, and a thread costs one to start.
    train: async (set, { warm } = {}) => train(set, warm),
  });
  await parts.open();
  const otherwise = order.some(({ truth }) => !(truth in asked.options)) ? "out of scope" : false;
  let answer: { readonly value: string; readonly rung: string } | null = null;
  const loop = defineLoop({
    name: "stream",
    input: z.string(),
    output: z.string(),
    run: async (text, step) => {
      answer = await step.choose("answer", { about: text, ...asked, risk, otherwise });
      return "";
    },
  });
  const passed: Passed[] = [];
  const labels: number[] = [];
  try {
    for (const [index, one] of order.entries()) {
      const { text, truth } = shift(one, index);
      truthOf.set(text, truth);
      await parts.policy.settled();
      const state = [...parts.policy.questions][0]?.standing.certificate?.state ?? "cold";
      const taken = await journal.begin({ loop: "stream", version: "1", item: `${index}`, content: "", input: text });
      if (taken.kind !== "taken") throw new Error(`item ${index} is ${taken.kind}`);
      const end = await runItem(loop, taken, parts);
      if (end.kind !== "ended" || end.outcome.kind !== "done" || answer === null)
        throw new Error(`item ${index}: ${JSON.stringify(end)}`);
      const { value, rung } = answer as { value: string; rung: string };
      const kept = rung !== above;
      passed.push({ kept, right: value === truth, rung: kept ? rung : null, state });
      labels.push(journal.labels.counts("answer").answered);
    }
    await parts.policy.settled();
  } finally {
    await parts.close();
  }
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
