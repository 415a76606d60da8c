// The learning curve: how much stays local, at which realised error, after so many items, over seeds.
import { lowerBound } from "../../src/guarantee/binomial.ts";
import type { Measured } from "../parts.ts";
import { banking8World, foldDigest, labelledWorld, type Setup, type World } from "./setup.ts";
import { stream } from "./stream.ts";
import { average, keepSeed, percent, places, readSeeds, type Summary, summarise } from "./summary.ts";

const columns = {
  data: "data",
  ladder: "ladder",
  promise: "promise, %",
  seeds: "seeds",
  items: "items",
  kept: "kept so far, %",
  last: "of the last 500, %",
  wrong: "wrong of kept, %",
  labels: "labels bought, %",
};

/** Streams every seed that was not streamed before; those that were are in the result, also beyond the ones asked for. */
async function streamSeeds(
  data: string,
  world: World,
  ladder: string,
  risk: number,
  { seeds, quick }: Setup,
  take = 8000,
): Promise<readonly Summary[]> {
  const name = `${data}-${ladder.replaceAll(/[^a-z]+/g, "-")}-${risk}`;
  const found: Summary[] = quick ? [] : [...readSeeds(name)];
  for (const seed of seeds) {
    if (found.some((one) => one.seed === seed)) continue;
    const { asked, items, ladders } = world;
    const streamed = await stream({ asked, items, rungs: ladders[ladder]!, seed, take: quick ? 1200 : take, risk });
    const summary = summarise(seed, streamed);
    found.push(summary);
    if (!quick) keepSeed(name, summary);
    const end = summary.at.at(-1)!;
    console.log(
      `  ${name} seed ${seed}: kept ${(100 * end.kept).toFixed(1)} %, of the last 500 ${(100 * end.last).toFixed(1)} %, wrong ${(100 * end.wrong).toFixed(2)} %`,
    );
  }
  return found;
}

function rowsOf(data: string, ladder: string, risk: number, found: readonly Summary[]) {
  return places.flatMap((_, index) => {
    const at = found.flatMap((one) => one.at[index] ?? []);
    if (at.length === 0) return [];
    return [
      {
        data,
        ladder,
        promise: 100 * risk,
        seeds: found.length,
        items: at[0]!.items,
        kept: percent(at.map(({ kept }) => kept)),
        last: percent(at.map(({ last }) => last)),
        wrong: at.every(({ kept }) => kept === 0) ? "–" : percent(at.map(({ wrong }) => wrong)),
        labels: percent(at.map(({ labels, items }) => labels / items)),
      },
    ];
  });
}

/** banking8 at every promise, a hundred seeds: the bar of the whole ladder. */
export async function measureBanking8(setup: Setup): Promise<Measured> {
  const world = await banking8World(setup.folder);
  const ladder = "words, encoder";
  const rows: Measured["rows"][number][] = [];
  const values: Record<string, number> = {};
  for (const risk of setup.risks) {
    const found = await streamSeeds("banking8", world, ladder, risk, setup);
    rows.push(...rowsOf("banking8", ladder, risk, found));
    const ends = found.map(({ at }) => at.at(-1)!);
    const broken = ends.filter(({ wrong }) => wrong > risk).length;
    const name = `at-${100 * risk}`;
    values[`last-500-${name}`] = average(ends.map(({ last }) => last));
    values[`all-${name}`] = average(ends.map(({ kept }) => kept));
    // At most what a binomial with the promised chance shows at 95 %: its lower bound is not above the promise.
    values[`broken-lower-bound-${name}`] = lowerBound(broken, ends.length, 0.05);
    values[`seeds-with-nothing-${name}`] = ends.filter(({ last }) => last === 0).length;
  }
  return { title: `banking8, the ladder's bar (sha256 of the fold ${foldDigest()})`, columns, rows, values };
}

/** What each rung adds: other ladders over the same streams, fewer seeds. */
export async function measureLadders(setup: Setup): Promise<Measured> {
  const some = { ...setup, seeds: setup.seeds.slice(0, setup.quick ? 1 : 10) };
  const rows: Measured["rows"][number][] = [];
  for (const ladder of ["words alone", "encoder alone", "sketch alone", "words, encoder, chat", "chat as it is"]) {
    const world = await banking8World(setup.folder, ladder.includes("chat") || ladder.includes("sketch"));
    for (const risk of setup.risks) {
      rows.push(
        ...rowsOf("banking8", ladder, risk, await streamSeeds("banking8", world, ladder, risk, some)).slice(-1),
      );
    }
  }
  return { title: "What each rung adds, after 8,000 items", columns, rows, values: {} };
}

/** Other questions: all 77 intents, and the scenarios and intents of HWU64. Few seeds: they learn slowly. */
export async function measureOthers(setup: Setup): Promise<Measured> {
  const some = { ...setup, seeds: setup.seeds.slice(0, setup.quick ? 1 : 3) };
  const rows: Measured["rows"][number][] = [];
  const sets = [
    { data: "HWU64 scenarios", world: await labelledWorld(setup.folder, "hwu64", ({ label }) => label.split("_")[0]!) },
    { data: "HWU64 intents", world: await labelledWorld(setup.folder, "hwu64") },
    { data: "BANKING77 intents", world: await labelledWorld(setup.folder, "banking77") },
  ];
  for (const { data, world } of sets) {
    for (const risk of setup.risks.slice(0, 1)) {
      const name = data.toLowerCase().replaceAll(" ", "-");
      const found = await streamSeeds(name, world, "words, encoder", risk, some);
      rows.push(...rowsOf(data, "words, encoder", risk, found));
    }
  }
  return { title: "Other questions", columns, rows, values: {} };
}
