// Items that no option fits: what the ladder does with them once it answers on its own, and what they cost the others.

import { seededRandom, shuffle } from "../../src/guarantee/random.ts";
import { words } from "../../src/rung/words.ts";
import type { Row } from "../bench.ts";
import type { Measured } from "../parts.ts";
import { storedEncoder, Table } from "./rungs.ts";
import { type Stored, vectorsOf } from "./scores.ts";
import { outOfScope, readSet } from "./sets.ts";
import type { Setup } from "./setup.ts";
import { type Asked, type Item, type StreamOptions, stream } from "./stream.ts";
import { average, percent } from "./summary.ts";

/** Shares of the stream. */
const NEAR = 0.15;
const FAR = 0.03;

/** What a text is to the question. */
type Kind = "in scope" | "near" | "far";

/** How many came by, how many of them while a certificate was in force, and how many were kept. */
interface Counts {
  came: number;
  certified: number;
  kept: number;
}

/** One stream's second half. */
interface Half {
  readonly of: Readonly<Record<Kind, Counts>>;
  readonly kept: number;
  readonly wrong: number;
  readonly certificates: number;
}

export async function measureOos(setup: Setup): Promise<Measured> {
  const seeds = setup.seeds.slice(0, setup.quick ? 1 : 3);
  const [risk = 0.05] = setup.risks;
  const { asked, kinds, rungs, inScope, near, far } = await readWorld(setup);
  // As long as the texts last.
  const most = Math.min(inScope.length / (1 - NEAR - FAR), near.length / NEAR, far.length / FAR);
  const all = setup.quick ? 2400 : Math.floor(most);
  const streams: Readonly<Record<string, (seed: number) => readonly Item[]>> = {
    "in scope alone": (seed) => pick(inScope, seed, Math.round((1 - NEAR - FAR) * all)),
    "with out-of-scope items": (seed) => [
      ...pick(inScope, seed, Math.round((1 - NEAR - FAR) * all)),
      ...pick(near, seed, Math.round(NEAR * all)),
      ...pick(far, seed, Math.round(FAR * all)),
    ],
  };
  const found: Record<string, Half[]> = {};
  for (const [name, itemsOf] of Object.entries(streams)) {
    found[name] = [];
    for (const seed of seeds) {
      const items = itemsOf(seed);
      const half = await secondHalf(
        { asked, items, rungs, seed, take: items.length, risk, otherwise: outOfScope },
        kinds,
      );
      found[name].push(half);
      console.log(`  ${name} seed ${seed}: ${JSON.stringify(half)}`);
    }
  }
  const rows = Object.entries(found).map(([name, halves]): Row => {
    // Of those that came while something could stand: without a certificate all goes up.
    const up = (kind: Kind) => {
      const shares = halves.flatMap(({ of }) => (of[kind].certified === 0 ? [] : [escalated([of[kind]])]));
      return shares.length === 0 ? null : percent(shares);
    };
    return {
      name,
      near: up("near"),
      far: up("far"),
      inScope: percent(halves.map(keptOf)),
      certified: percent(halves.map(({ of }) => of["in scope"].certified / of["in scope"].came)),
      wrong: halves.some((half) => half.kept === 0) ? null : percent(halves.map((half) => half.wrong / half.kept)),
      certificates: average(halves.map(({ certificates }) => certificates)),
      seeds: halves.length,
    };
  });
  const [alone, mixed] = Object.values(found) as [Half[], Half[]];
  const cost = alone.map((half, index) => keptOf(half) - keptOf(mixed[index]!));
  rows.push({ name: "what the others cost those in scope, points of the share kept", inScope: percent(cost) });
  const outside = mixed.filter(({ of }) => of.near.certified + of.far.certified > 0);
  return {
    title: `banking77-oos, promise ${100 * risk} %: ${all.toLocaleString("en")} items, ${100 * NEAR} % near and ${100 * FAR} % far out of scope; the second half`,
    columns: {
      name: "stream",
      near: "near ones escalated, %",
      far: "far ones escalated, %",
      inScope: "in-scope ones kept, %",
      wrong: "wrong of kept, %",
      certified: "came under a certificate, %",
      certificates: "certificates",
      seeds: "seeds",
    },
    rows,
    values: {
      "oos-escalated": outside.length === 0 ? null : average(outside.map(({ of }) => escalated([of.near, of.far]))),
      "oos-cost-in-kept": average(cost),
    },
  };
}

/** Share of in-scope items that were kept. */
function keptOf({ of }: Half): number {
  return of["in scope"].kept / of["in scope"].came;
}

/** Share of those that came under a certificate that went up. */
function escalated(counts: readonly Counts[]): number {
  const sum = (read: (one: Counts) => number): number => counts.reduce((total, one) => total + read(one), 0);
  return 1 - sum(({ kept }) => kept) / sum(({ certified }) => certified);
}

function pick(items: readonly Item[], seed: number, count: number): readonly Item[] {
  return shuffle(items, seededRandom(1000 + seed)).slice(0, count);
}

async function secondHalf(options: StreamOptions, kinds: ReadonlyMap<string, Kind>): Promise<Half> {
  const { passed, certificates } = await stream(options);
  const none = { came: 0, certified: 0, kept: 0 };
  const of = { "in scope": { ...none }, near: { ...none }, far: { ...none } };
  let [kept, wrong] = [0, 0];
  for (const [index, one] of passed.entries()) {
    if (index < passed.length / 2) continue;
    const kind = of[kinds.get(one.text)!];
    kind.came++;
    kind.certified += Number(one.state !== "cold");
    kind.kept += Number(one.kept);
    kept += Number(one.kept);
    wrong += Number(one.kept && !one.right);
  }
  return { of, kept, wrong, certificates: certificates.length };
}

/** The fifty intents in scope are the options; the texts of all parts have their vectors. */
async function readWorld({ folder }: Setup) {
  const parts = readSet(folder, "banking77-oos");
  const [train, near, far] = [parts.train!, parts["near out-of-scope"]!, parts["far out-of-scope"]!];
  const names = [...new Set(train.map(({ label }) => label))].sort();
  const options = Object.fromEntries(names.map((label) => [label, label.replaceAll(/[_?]+/g, " ").trim()]));
  const asked: Asked = {
    ask: "What does this message ask about?",
    cue: "In one word, this message is about:",
    options,
  };
  const texts = [train, near, far].map((rows) => rows.map(({ text }) => text));
  const read: Stored[] = [];
  for (const part of texts) read.push(await vectorsOf(part));
  const described = Object.entries(options).map(([name, description]) => `${name}: ${description}`);
  const [vectors, descriptions] = [
    new Table(texts.flat(), joined(read)),
    new Table(described, await vectorsOf(described)),
  ];
  const kinds = new Map<string, Kind>();
  for (const { text } of far) kinds.set(text, "far");
  for (const { text } of near) kinds.set(text, "near");
  // A text that is both in scope and not is in scope.
  for (const { text } of train) kinds.set(text, "in scope");
  const itemsOf = (rows: typeof train, kind: Kind): readonly Item[] =>
    rows.filter(({ text }) => kinds.get(text) === kind).map(({ text, label }) => ({ text, truth: label }));
  return {
    asked,
    kinds,
    rungs: () => [words(), storedEncoder(vectors, descriptions)],
    inScope: itemsOf(train, "in scope"),
    near: itemsOf(near, "near"),
    far: itemsOf(far, "far"),
  };
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
