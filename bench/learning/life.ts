// One question's life under the real policy, item by item, with its journal open to be read: for what a stream's summary
// does not tell. The models are stored numbers, and the rung above is the known label (simulated, and said so).
import { createHash } from "node:crypto";
import { z } from "zod";
import { makeParts } from "../../src/config/parts.ts";
import { noUsage } from "../../src/core/usage.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { memoryJournal } from "../../src/journal/memory.ts";
import { train } from "../../src/learn/train.ts";
import { defineLoop } from "../../src/loop/loop.ts";
import { runItem } from "../../src/loop/run.ts";
import type { Standing } from "../../src/policy/policy.ts";
import type { Rung } from "../../src/rung/rung.ts";
import type { Asked, Passed } from "./stream.ts";

export interface LifeOptions {
  readonly asked: Asked;
  /** The local rungs, lowest first. */
  readonly rungs: readonly Rung[];
  readonly seed: number;
  readonly risk: number;
  /** The way out, for streams that hold texts which no option fits. Nothing: none. */
  readonly otherwise?: string;
}

export interface Life extends AsyncDisposable {
  readonly journal: Journal;
  /** How the question stands now; `null` before its first item. */
  readonly standing: Standing | null;
  /** Lets an item pass, with all that could be learned before it. */
  pass(text: string, truth: string): Promise<Passed>;
  /** Waits until nothing is left to be learned. */
  settled(): Promise<void>;
}

/** The rung above: it knows. `truthOf` is asked with the text. */
export function knownLabel(truthOf: (text: string) => string): Rung {
  return {
    name: "known label (simulated)",
    local: false,
    mostCost: 0,
    acceptAt: null,
    source: "known",
    decide: ({ about }) => ({
      kind: "answered",
      value: truthOf(about),
      confidence: null,
      basis: "certain",
      evidence: {},
      usage: noUsage,
    }),
  };
}

export async function openLife({ asked, rungs, seed, risk, otherwise }: LifeOptions): Promise<Life> {
  const truths = new Map<string, string>();
  const upper = knownLabel((text) => truths.get(text)!);
  const secret = createHash("sha256").update(`stream ${seed}`).digest();
  const journal = memoryJournal({ secret, keep: "unfinished" });
  // In this thread: a life trains some ten times, and a thread of its own costs one to start.
  const parts = makeParts({ ladder: [...rungs, upper] }, journal, {
    train: async (set, { warm } = {}) => train(set, warm),
  });
  await parts.open();
  let last: { readonly value: string; readonly rung: string } | null = null;
  const loop = defineLoop({
    name: "life",
    input: z.string(),
    output: z.string(),
    run: async (text, step) => {
      last = await step.choose("answer", { about: text, ...asked, risk, otherwise: otherwise ?? false });
      return "";
    },
  });
  let items = 0;
  return {
    journal,
    get standing() {
      return [...parts.policy.questions][0]?.standing ?? null;
    },
    async pass(text, truth) {
      truths.set(text, truth);
      await parts.policy.settled();
      const state = [...parts.policy.questions][0]?.standing.certificate?.state ?? "cold";
      const taken = await journal.begin({ loop: "life", version: "1", item: `${++items}`, content: "", input: text });
      if (taken.kind !== "taken") throw new Error(`item ${items} is ${taken.kind}`);
      const end = await runItem(loop, taken, parts);
      if (end.kind !== "ended" || end.outcome.kind !== "done" || last === null)
        throw new Error(`item ${items}: ${JSON.stringify(end)}`);
      const { value, rung } = last as { value: string; rung: string };
      const kept = rung !== upper.name;
      return { text, kept, right: value === truth, rung: kept ? rung : null, state };
    },
    settled: () => parts.policy.settled(),
    async [Symbol.asyncDispose]() {
      await parts.close();
    },
  };
}
