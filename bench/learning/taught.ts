// A version of a question's local rungs outside a stream: taught on so many labels as the product teaches, then read.

import type { Label, MetQuestion } from "../../src/core/label.ts";
import { clusterKey } from "../../src/learn/clusters.ts";
import { train, type WarmStart } from "../../src/learn/train.ts";
import { chooseQuestion } from "../../src/loop/ask.ts";
import { type Member, type Reading, readItem } from "../../src/policy/local-version.ts";
import { metQuestion, questionAbout } from "../../src/policy/met-question.ts";
import { type Taught, teach } from "../../src/policy/teach.ts";
import type { Rung } from "../../src/rung/rung.ts";
import type { Asked, Item } from "./stream.ts";

const name = "answer";

export interface Lesson {
  readonly asked: Asked;
  /** Lowest first. */
  readonly rungs: readonly Rung[];
  readonly labels: readonly Label[];
  readonly risk: number;
  /** Where the last lesson of each rung ended: the next one starts there. */
  readonly warm?: Map<string, WarmStart>;
}

/** What the labels teach, and the learned weights by their digest. Throws where they teach nothing. */
export async function taughtOn(
  lesson: Lesson,
): Promise<Taught & { readonly weights: ReadonlyMap<string, Uint8Array> }> {
  const live = questionOf(lesson.asked);
  const weights = new Map<string, Uint8Array>();
  const taught = await teach({
    met: metQuestion(live),
    live,
    rungs: lesson.rungs,
    upper: "known label",
    labels: lesson.labels,
    risk: lesson.risk,
    classes: {},
    warm: lesson.warm ?? new Map(),
    signal: new AbortController().signal,
    train: async (set, { warm } = {}) => train(set, warm),
    keep: async (digest, bytes) => void weights.set(digest, bytes),
  });
  return { ...taught, weights };
}

/** What these members say to a text. */
export async function readText(met: MetQuestion, members: readonly Member[], text: string): Promise<Reading> {
  return await readItem({ members }, questionAbout(met, text), clusterKey(text), new AbortController().signal);
}

export function metOf(asked: Asked): MetQuestion {
  return metQuestion(questionOf(asked));
}

export function questionOf(asked: Asked, step = name) {
  return chooseQuestion({ name: step, path: step }, { about: "", ...asked, otherwise: false });
}

/** One a text, as if drawn at random: a duplicate is no second label. */
export function labelsOf(items: readonly Item[], version: string): readonly Label[] {
  const clusters = new Set<string>();
  const labels: Label[] = [];
  for (const { text, truth } of items) {
    const cluster = clusterKey(text);
    if (clusters.has(cluster)) continue;
    clusters.add(cluster);
    const number = labels.length + 1;
    const drawn = { sample: "random", propensity: 1, key: null, stood: null, decision: null } as const;
    const answer = { value: truth, source: "known", by: "known label" } as const;
    const at = { number, seq: number, made: 0, at: 0 };
    labels.push({ question: name, version, cluster, about: text, ...drawn, answer, ...at });
  }
  return labels;
}
