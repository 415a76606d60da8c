// The ways of asking one question that are held against each other.
import type { Prefix } from "../../src/engine/engine.ts";
import type { Labelled, Split } from "./data.ts";
import type { Neighbours } from "./neighbours.ts";
import { question } from "./questions.ts";

/** A closed question over a labelled data set. */
export interface Task {
  readonly name: string;
  readonly split: Split;
  readonly options: { readonly [name: string]: string };
  readonly ask: string;
  readonly cue: string;
  readonly otherCues: readonly string[];
  /** Tickets asked by default. */
  readonly items: number;
}

export interface Variant {
  readonly name: string;
  readonly prefix: Prefix;
  /** The item's own part for the ticket of that number. */
  item(text: string, index: number): string;
  /** Its choices' numbers in the order of the task's options. */
  inOrder(logp: readonly number[]): readonly number[];
}

export const BASE = "base: names, no example";
export const REVERSED = "options in reverse order";

/** Examples that stand in the prefix for all items. */
const FIXED = 8;

export function variantsOf(task: Task, neighbours: Neighbours): readonly Variant[] {
  const { options, ask, cue } = task;
  const prefix = (asked: string, cued: string, offered = options): Prefix =>
    question(task.name, offered, cued, asked).prefix;
  const base: Variant = { name: BASE, prefix: prefix(ask, cue), item: (text) => text, inOrder: (logp) => logp };
  const reversed = Object.fromEntries(Object.entries(options).toReversed());
  const shown = fixedShots(task).map((each) => example(each, cue));
  return [
    base,
    { ...base, name: "letters", prefix: lettered(task) },
    ...task.otherCues.map((other) => ({ ...base, name: `cue "${other}"`, prefix: prefix(ask, other) })),
    { ...base, name: REVERSED, prefix: prefix(ask, cue, reversed), inOrder: (logp) => logp.toReversed() },
    ...[1, 3, 5].map((k) => ({
      ...base,
      name: `${k} nearest example${k > 1 ? "s" : ""} before the item`,
      // The nearest comes last, where a small model minds it most.
      item: (text: string, index: number) =>
        [
          ...neighbours
            .nearest(index, k)
            .toReversed()
            .map((each) => example(each, cue)),
          text,
        ].join("\n\n"),
    })),
    {
      ...base,
      name: `${shown.length} fixed examples in the prefix`,
      prefix: prefix(`${ask}\n\n${shown.join("\n\n")}`, cue),
    },
  ];
}

function example({ text, label }: Labelled, cue: string): string {
  return `${text}\n${cue} ${label}`;
}

/** The first example of each of the first labels: as many labels as there is room for. */
function fixedShots({ split }: Task): readonly Labelled[] {
  const byLabel = new Map<string, Labelled>();
  for (const ticket of split.train) if (!byLabel.has(ticket.label)) byLabel.set(ticket.label, ticket);
  return [...byLabel.values()].slice(0, FIXED);
}

/** A, B, ... Z, AA, AB: the list in the instructions, the letters as choices. */
function lettered({ options, ask }: Task): Prefix {
  const letter = (index: number): string =>
    (index < 26 ? "" : letter(Math.floor(index / 26) - 1)) + String.fromCharCode(65 + (index % 26));
  const lines = Object.entries(options).map(([name, means], index) =>
    means === "" ? `${letter(index)}. ${name}` : `${letter(index)}. ${name}: ${means}`,
  );
  const choices = lines.map((_, index) => ` ${letter(index)}`);
  return { instructions: [...lines, "", `${ask} Answer with its letter.`].join("\n"), cue: "Answer:", choices };
}
