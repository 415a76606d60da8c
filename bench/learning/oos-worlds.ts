// Questions with texts that none of their options fits: near ones out of the same bank, far ones about something else.
import { banking8 } from "../../src/data/tickets.ts";
import type { Rung } from "../../src/rung/rung.ts";
import { words } from "../../src/rung/words.ts";
import { storedEncoder, Table } from "./rungs.ts";
import { type Stored, vectorsOf } from "./scores.ts";
import { type Labelled, outOfScope, readSet } from "./sets.ts";
import type { Asked, Item } from "./stream.ts";

/** What a text is to the question. */
export type Kind = "in scope" | "near" | "far";

export interface OosWorld {
  readonly asked: Asked;
  /** By the text. */
  readonly kinds: ReadonlyMap<string, Kind>;
  readonly rungs: () => readonly Rung[];
  readonly inScope: readonly Item[];
  readonly near: readonly Item[];
  readonly far: readonly Item[];
}

/** The fifty intents in scope of banking77-oos as options, described by their own words. */
export async function intentsInScope(folder: string): Promise<OosWorld> {
  const oos = readOos(folder);
  const names = [...new Set(oos.train.map(({ label }) => label))].sort();
  const options = Object.fromEntries(names.map((label) => [label, label.replaceAll(/[_?]+/g, " ").trim()]));
  const cue = "In one word, this message is about:";
  const asked = { ask: "What does this message ask about?", cue, options };
  return worldOf(asked, oos, await tableOf([oos.train, oos.near, oos.far], options));
}

/**
 * banking8 as it is, for the fifty intents in scope: nobody takes care of the 27 left out, though each of them would fit
 * what its team is said to do.
 */
export async function teamsInScope(folder: string): Promise<OosWorld> {
  const { near, far, train } = readOos(folder);
  const { fold, ask, cue, options } = banking8();
  const table = await tableOf([train, near, far], options);
  return worldOf({ ask, cue, options }, { train: folded(train, fold), near, far }, table);
}

/** banking8 without one of its teams: no option says anything of that team's texts. */
export async function teamLeftOut(folder: string, place: number): Promise<OosWorld> {
  const { fold, ask, cue, options } = banking8();
  const all = readSet(folder, "banking77").train!;
  const { far } = readOos(folder);
  const left = Object.keys(options)[place % Object.keys(options).length]!;
  const { [left]: _, ...others } = options;
  const rows = folded(all, fold);
  const [train, near] = [rows.filter(({ label }) => label !== left), rows.filter(({ label }) => label === left)];
  return worldOf({ ask, cue, options: others }, { train, near, far }, await tableOf([all, far], options));
}

/** The rows of a question: those that have an option, and the others. */
interface Rows {
  readonly train: readonly Labelled[];
  readonly near: readonly Labelled[];
  readonly far: readonly Labelled[];
}

function readOos(folder: string): Rows {
  const parts = readSet(folder, "banking77-oos");
  return { train: parts.train!, near: parts["near out-of-scope"]!, far: parts["far out-of-scope"]! };
}

function folded(rows: readonly Labelled[], fold: Readonly<Record<string, string>>): readonly Labelled[] {
  return rows.map(({ text, label }) => ({ text, label: fold[label]! }));
}

function worldOf(asked: Asked, { train, near, far }: Rows, table: Table): OosWorld {
  const kinds = new Map<string, Kind>();
  for (const { text } of far) kinds.set(text, "far");
  for (const { text } of near) kinds.set(text, "near");
  // A text that is both in scope and not is in scope.
  for (const { text } of train) kinds.set(text, "in scope");
  const itemsOf = (rows: readonly Labelled[], kind: Kind): readonly Item[] =>
    rows.flatMap(({ text, label }) =>
      kinds.get(text) === kind ? [{ text, truth: kind === "in scope" ? label : outOfScope }] : [],
    );
  return {
    asked,
    kinds,
    rungs: () => [words(), storedEncoder(table, table)],
    inScope: itemsOf(train, "in scope"),
    near: itemsOf(near, "near"),
    far: itemsOf(far, "far"),
  };
}

/** The vectors of these texts, read part by part as they are stored, and of the options. */
async function tableOf(parts: readonly (readonly Labelled[])[], options: Asked["options"]): Promise<Table> {
  const described = Object.entries(options).map(([name, description]) => `${name}: ${description}`);
  const texts = [...parts.map((rows) => rows.map(({ text }) => text)), described];
  const read: Stored[] = [];
  for (const part of texts) read.push(await vectorsOf(part));
  return new Table(texts.flat(), joined(read));
}

function joined(parts: readonly Stored[]): Stored {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const width = parts[0]!.width;
  const values = new Float32Array(count * width);
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    at += part.values.length;
  }
  return { count, width, values };
}
