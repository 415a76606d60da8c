// Items that no option fits: what the ladder does with them once it answers on its own, and what they cost the others.

import { lowerBound, upperBound } from "../../src/guarantee/binomial.ts";
import { seededRandom, shuffle } from "../../src/guarantee/random.ts";
import type { Row } from "../bench.ts";
import type { Measured } from "../parts.ts";
import { intentsInScope, type Kind, type OosWorld, teamLeftOut, teamsInScope } from "./oos-worlds.ts";
import { outOfScope } from "./sets.ts";
import type { Setup } from "./setup.ts";
import { type Item, stream } from "./stream.ts";
import { average, percent, seedsOf } from "./summary.ts";

/** Shares of the stream. */
const NEAR = 0.15;
const FAR = 0.03;
const IN_SCOPE = 1 - NEAR - FAR;

/** How many came by, how many of them while a certificate was in force, and how many were kept. */
interface Counts {
  came: number;
  certified: number;
  kept: number;
}

/** One stream's second half. */
interface Half {
  readonly seed: number;
  /** Of the whole stream. */
  readonly items: number;
  readonly of: Readonly<Record<Kind, Counts>>;
  readonly kept: number;
  readonly wrong: number;
  /** In the whole stream. */
  readonly certificates: number;
}

/** One question at one promise. */
interface Case {
  /** In the names of its files, and in the table. */
  readonly id: string;
  readonly options: string;
  readonly risk: number;
  /** Seeds at most. */
  readonly most: number;
  readonly worldOf: (seed: number) => Promise<OosWorld>;
}

const columns = {
  options: "options",
  promise: "promise, %",
  stream: "stream",
  items: "items",
  near: "near ones escalated, %",
  far: "far ones escalated, %",
  inScope: "in-scope ones kept, %",
  cost: "which is fewer by, points",
  wrong: "wrong of kept, %",
  certified: "came under a certificate, %",
  certificates: "certificates",
  seeds: "seeds",
};

const shares = `${100 * NEAR} % near and ${100 * FAR} % far out of scope; the second half of each stream`;

/** The options of banking8, under the promise of its bar. */
export async function measureTeams(setup: Setup): Promise<Measured> {
  const inScope = await teamsInScope(setup.folder);
  const strict = { id: "teams", options: "8 teams, 27 intents left out", worldOf: async () => inScope };
  return await measure(setup, `Texts that no team of banking8 takes: ${shares}`, [
    { ...strict, risk: 0.05, most: 5 },
    { ...strict, risk: 0.1, most: 3 },
    {
      id: "team-left-out",
      options: "7 teams, another one left out in each seed",
      risk: 0.05,
      most: 8,
      worldOf: async (seed) => await teamLeftOut(setup.folder, seed - 1),
    },
  ]);
}

/** The intents themselves: fifty options are too many for 5 % within these texts. */
export async function measureIntents(setup: Setup): Promise<Measured> {
  const world = await intentsInScope(setup.folder);
  const worldOf = async () => world;
  const options = "50 intents, 27 left out";
  return await measure(setup, `Texts of no intent in scope of banking77-oos: ${shares}`, [
    { id: "intents", options, risk: 0.2, most: 3, worldOf },
    { id: "intents", options, risk: 0.05, most: 1, worldOf },
  ]);
}

async function measure(setup: Setup, title: string, cases: readonly Case[]): Promise<Measured> {
  const rows: Row[] = [];
  const values: Record<string, number | null> = {};
  for (const one of cases) {
    const some = { ...setup, seeds: setup.seeds.slice(0, setup.quick ? 1 : one.most) };
    const alone = await halvesOf(one, "in scope alone", some, ({ inScope }, seed, all) =>
      pick(inScope, seed, IN_SCOPE * all),
    );
    const mixed = await halvesOf(one, "with out-of-scope items", some, ({ inScope, near, far }, seed, all) => [
      ...pick(inScope, seed, IN_SCOPE * all),
      ...pick(near, seed, NEAR * all),
      ...pick(far, seed, FAR * all),
    ]);
    const cost = mixed.flatMap((half) => {
      const same = alone.find(({ seed }) => seed === half.seed);
      return same && same.kept > 0 ? [keptOf(same) - keptOf(half)] : [];
    });
    rows.push(rowOf(one, "in scope alone", alone, []), rowOf(one, "with out-of-scope items", mixed, cost));
    const outside = mixed.filter(({ of }) => of.near.certified + of.far.certified > 0);
    const name = `${one.id}-at-${100 * one.risk}`;
    values[`oos-escalated-${name}`] =
      outside.length === 0 ? null : average(outside.map(({ of }) => escalated([of.near, of.far])));
    values[`oos-cost-in-kept-${name}`] = cost.length === 0 ? null : average(cost);
  }
  return { title, columns, rows, values };
}

async function halvesOf(
  { id, risk, worldOf }: Case,
  name: string,
  setup: Setup,
  itemsOf: (world: OosWorld, seed: number, all: number) => readonly Item[],
): Promise<readonly Half[]> {
  return await seedsOf(`oos-${id}-${name.replaceAll(" ", "-")}-${risk}`, setup, async (seed) => {
    const world = await worldOf(seed);
    const { inScope, near, far } = world;
    // As long as the texts last.
    const most = Math.min(inScope.length / IN_SCOPE, near.length / NEAR, far.length / FAR);
    const half = await secondHalf(world, itemsOf(world, seed, setup.quick ? 2400 : Math.floor(most)), seed, risk);
    console.log(`  ${id} at ${100 * risk} %, ${name}, seed ${seed}: ${JSON.stringify(half)}`);
    return half;
  });
}

function rowOf({ options, risk }: Case, stream: string, halves: readonly Half[], cost: readonly number[]): Row {
  // Of those that came while something could stand: without a certificate all goes up.
  const up = (kind: Kind): string | null => {
    const sum = (read: (one: Counts) => number) => halves.reduce((total, { of }) => total + read(of[kind]), 0);
    return shareWithBounds(
      sum(({ certified, kept }) => certified - kept),
      sum(({ certified }) => certified),
    );
  };
  const [least, most] = [Math.min, Math.max].map((pick) => pick(...halves.map(({ items }) => items)));
  const stood = halves.filter(({ kept }) => kept > 0);
  return {
    options,
    promise: 100 * risk,
    stream,
    items: least === most ? most! : `${least!.toLocaleString("en")} to ${most!.toLocaleString("en")}`,
    near: up("near"),
    far: up("far"),
    inScope: halves.every(({ certificates }) => certificates === 0)
      ? "nothing: not certifiable within these texts"
      : percent(halves.map(keptOf)),
    cost: cost.length === 0 ? null : percent(cost),
    wrong: stood.length === 0 ? null : percent(stood.map((half) => half.wrong / half.kept)),
    certified: percent(halves.map(({ of }) => of["in scope"].certified / of["in scope"].came)),
    certificates: average(halves.map(({ certificates }) => certificates)),
    seeds: halves.length,
  };
}

/** Such as `98.5 of 340 (96.6 to 99.5)`: a percentage of so many items with its exact 95 % interval; `null` of none. */
function shareWithBounds(count: number, all: number): string | null {
  if (all === 0) return null;
  const [low, high] = [lowerBound(count, all, 0.025), upperBound(count, all, 0.025)];
  const [share, from, to] = [count / all, low, high].map((value) => (100 * value).toFixed(1));
  return `${share} of ${all.toLocaleString("en")} (${from} to ${to})`;
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
  return shuffle(items, seededRandom(1000 + seed)).slice(0, Math.round(count));
}

async function secondHalf(world: OosWorld, items: readonly Item[], seed: number, risk: number): Promise<Half> {
  const { asked, rungs, kinds } = world;
  const options = { asked, items, rungs, seed, take: items.length, risk, otherwise: outOfScope };
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
  return { seed, items: passed.length, of, kept, wrong, certificates: certificates.length };
}
