/** Duplicates, clusters and nearest items of a data file, found and printed. */

import { counted, percent } from "../batch/figures.ts";
import { UsageError } from "../core/errors.ts";
import type { Format } from "../data/read.ts";
import { openTextVectors, type TextVectors } from "../rung/text-vectors.ts";
import { clusters } from "../vectors/clusters.ts";
import { duplicates } from "../vectors/duplicates.ts";
import { nearest } from "../vectors/nearest.ts";
import { dot, tableOf, type VectorTable } from "../vectors/table.ts";
import { type ExitCode, log, print, printJson } from "./command.ts";
import { LiveLine } from "./live-line.ts";
import { openSession } from "./session.ts";
import { type ReadItems, readItems, type SimilarItem } from "./similar-rows.ts";
import { columns } from "./text.ts";

/** What `pawl similar` takes. */
export interface SimilarOptions {
  readonly duplicates?: true;
  readonly at: number;
  readonly clusters?: number;
  readonly like?: string;
  readonly top: number;
  readonly text?: string;
  readonly id?: string;
  readonly encoder: string;
  readonly limit?: number;
  readonly config?: string;
  readonly journal?: string;
  readonly encoding?: string;
  readonly format?: Format;
  readonly delimiter?: string;
  readonly json?: true;
  readonly quiet?: true;
}

/** An item with a cosine: to a text, to the first of its group, or to the middle of its cluster. */
interface Placed {
  readonly item: SimilarItem;
  readonly similarity: number;
}

/** What was found: groups of items, each with a heading for people. */
interface Found {
  readonly title: string;
  readonly groups: readonly { readonly heading: string; readonly members: readonly Placed[] }[];
}

/** Members of a cluster that people are shown; JSON has all. */
const SHOWN = 3;
/** Rows set aside that are named one by one. */
const NAMED = 5;

/** Compares the items of a file. Returns the exit code. */
export async function similar(file: string, options: SimilarOptions): Promise<ExitCode> {
  requireOneAim(options);
  const progress = new LiveLine(options.quiet ?? false);
  const session = await openSession(options);
  try {
    const say = (line: string): void => (options.quiet ? undefined : progress.say(line));
    const texts = await openTextVectors(options.encoder, { vectors: session.journal.vectors, say });
    try {
      const read = await readItems(file, texts, options, progress);
      progress.clear();
      const found = await find(read, tableOf(read.vectors), texts, options, progress);
      progress.clear();
      show(read, found, options);
      return read.setAside.length > 0 ? 3 : 0;
    } finally {
      await texts.close();
    }
  } finally {
    progress.clear();
    await session.close();
  }
}

function requireOneAim(options: SimilarOptions): void {
  const aims = [options.duplicates, options.clusters, options.like].filter((aim) => aim !== undefined);
  if (aims.length === 1) return;
  const what = aims.length === 0 ? "say what to look for" : "one thing at a time";
  throw new UsageError("E_AIM", `${what}: --duplicates, --clusters K or --like TEXT`);
}

async function find(
  { items }: ReadItems,
  table: VectorTable,
  texts: TextVectors,
  options: SimilarOptions,
  progress: LiveLine,
): Promise<Found> {
  if (options.like !== undefined) {
    const { vector } = await texts.of(options.like);
    const near = nearest(vector, table, options.top);
    const members = near.map(({ index, similarity }) => ({ item: items[index]!, similarity }));
    return {
      title: `the ${members.length} nearest of ${counted(items.length, "item")}`,
      groups: [{ heading: "", members }],
    };
  }
  if (options.clusters !== undefined) {
    const found = clusters(table, options.clusters, (round, moved) =>
      progress.show(() => `clusters: round ${round}, ${counted(moved, "item")} moved`),
    );
    return {
      title: `${counted(found.length, "cluster")} of ${counted(items.length, "item")}`,
      groups: found.map(({ members, similarity, tightness }) => ({
        heading: `${counted(members.length, "item")}, tightness ${tightness.toFixed(2)}`,
        members: members.map((row, place) => ({ item: items[row]!, similarity: similarity[place]! })),
      })),
    };
  }
  const groups = duplicates(table, options.at, (share) => progress.show(() => `comparing: ${percent(share)}`));
  const extra = groups.reduce((sum, group) => sum + group.length - 1, 0);
  return {
    title: `${counted(groups.length, "group")} with ${counted(extra, "item")} more than one of each, of ${counted(items.length, "item")}`,
    groups: groups.map((group) => ({
      heading: counted(group.length, "item"),
      members: group.map((row) => ({ item: items[row]!, similarity: cosine(table, group[0]!, row) })),
    })),
  };
}

function cosine({ numbers, dimensions }: VectorTable, a: number, b: number): number {
  return dot(numbers, a * dimensions, numbers, b * dimensions, dimensions);
}

function show({ items, setAside }: ReadItems, { title, groups }: Found, options: SimilarOptions): void {
  if (options.json) {
    const members = (placed: readonly Placed[]) =>
      placed.map(({ item: { id, line }, similarity }) => ({ id, line, similarity }));
    const found =
      options.like === undefined
        ? { groups: groups.map((group) => members(group.members)) }
        : { nearest: members(groups[0]!.members) };
    printJson({ items: items.length, setAside, ...found });
    return;
  }
  for (const { heading, members } of groups) {
    if (heading !== "") print(heading);
    const shown = options.clusters === undefined ? members : members.slice(0, SHOWN);
    const rows = shown.map(({ item, similarity }) => [
      "",
      similarity.toFixed(3),
      item.id,
      `line ${item.line}`,
      item.excerpt,
    ]);
    for (const line of columns(rows)) print(line);
  }
  if (options.quiet) return;
  for (const { line, reason } of setAside.slice(0, NAMED)) log(`line ${line} set aside: ${reason}`);
  if (setAside.length > NAMED) log(`and ${setAside.length - NAMED} more; --json lists all`);
  log(title);
}
