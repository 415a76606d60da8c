// What every part is given: the data, the stored numbers, the ladders over them, and how far to go.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Banking8, banking8 } from "../../src/data/tickets.ts";
import type { Rung } from "../../src/rung/rung.ts";
import { words } from "../../src/rung/words.ts";
import { storedChat, storedEncoder, Table } from "./rungs.ts";
import { sketchesOf, vectorsOf } from "./scores.ts";
import { dataFolder, type Labelled, readSet, type SetName } from "./sets.ts";
import type { Asked, Item } from "./stream.ts";

export interface Setup {
  readonly folder: string;
  /** A smoke run: the smallest sizes, nothing written. */
  readonly quick: boolean;
  readonly seeds: readonly number[];
  /** Shares of wrong answers that are promised. */
  readonly risks: readonly number[];
}

/** Reads the options. `parts` is `null` where all are wanted. */
export function readSetup(args: readonly string[]): { setup: Setup; parts: readonly string[] | null } {
  const { values } = parseArgs({
    args: [...args],
    options: {
      part: { type: "string" },
      data: { type: "string" },
      quick: { type: "boolean", default: false },
      seeds: { type: "string" },
      risk: { type: "string", default: "0.05,0.02" },
    },
  });
  const [from, to] = (values.seeds ?? (values.quick ? "1-1" : "1-100")).split("-").map(Number);
  const setup: Setup = {
    folder: dataFolder(values.data),
    quick: values.quick,
    seeds: Array.from({ length: (to ?? from!) - from! + 1 }, (_, index) => from! + index),
    risks: values.risk.split(",").map(Number),
  };
  return { setup, parts: values.part?.split(",") ?? null };
}

/** A question over a set, its items, and the ladders that can be put under it. */
export interface World {
  readonly asked: Asked;
  readonly items: readonly Item[];
  readonly ladders: { readonly [name: string]: () => readonly Rung[] };
}

/** SHA-256 of the fold's file: it stands in the results. */
export function foldDigest(): string {
  const file = `${import.meta.dirname}/../../fixtures/tickets/banking8.json`;
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** banking8: the training texts of BANKING77, folded into eight teams. `withChat` reads the chat model's numbers too. */
export async function banking8World(folder: string, withChat = false): Promise<World> {
  const { fold, ...asked }: Banking8 = banking8();
  const rows = readSet(folder, "banking77").train!;
  const items = rows.map(({ text, label }) => ({ text, truth: fold[label]! }));
  const { encoder, chat } = await tables(rows, asked, withChat);
  return {
    asked,
    items,
    ladders: {
      "words, encoder": () => [words(), encoder()],
      "words alone": () => [words()],
      "encoder alone": () => [encoder()],
      ...(chat && {
        "words, encoder, chat": () => [words(), encoder(), chat(true)],
        "sketch alone": () => [chat(true)],
        "chat as it is": () => [chat(false)],
      }),
    },
  };
}

/** The options of a set are its labels, described by their own words. */
export async function labelledWorld(
  folder: string,
  name: SetName,
  labelOf = (row: Labelled) => row.label,
): Promise<World> {
  const rows = readSet(folder, name).train!;
  const names = [...new Set(rows.map(labelOf))].sort();
  const options = Object.fromEntries(names.map((label) => [label, label.replaceAll(/[_?]+/g, " ").trim()]));
  const asked = { ask: "What does this message ask about?", cue: "In one word, this message is about:", options };
  const { encoder } = await tables(rows, asked, false);
  const items = rows.map((row) => ({ text: row.text, truth: labelOf(row) }));
  return { asked, items, ladders: { "words, encoder": () => [words(), encoder()] } };
}

async function tables(rows: readonly Labelled[], asked: Asked, withChat: boolean) {
  const texts = rows.map(({ text }) => text);
  const described = Object.entries(asked.options).map(([name, description]) => `${name}: ${description}`);
  const vectors = new Table(texts, await vectorsOf(texts));
  const descriptions = new Table(described, await vectorsOf(described));
  const encoder = (): Rung => storedEncoder(vectors, descriptions);
  if (!withChat) return { encoder, chat: null };
  const sketches = await sketchesOf(texts);
  const options = Object.keys(asked.options).length;
  // The prior as it is in use: the mean over the first unlabelled items.
  const first = 64;
  const prior = Array.from({ length: options }, (_, option) => {
    let sum = 0;
    for (let row = 0; row < first; row++) sum += sketches.values[row * sketches.width + option]!;
    return sum / first;
  });
  const table = new Table(texts, sketches);
  return { encoder, chat: (learns: boolean): Rung => storedChat(table, prior, learns) };
}
