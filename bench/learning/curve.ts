// The learning curve: how much stays local, at which realised error, after so many items, over seeds.
import { lowerBound } from "../../src/guarantee/binomial.ts";
import type { Measured } from "../parts.ts";
import type { Labelled, SetName } from "./sets.ts";
import { banking8World, foldDigest, labelledWorld, type Setup, type World } from "./setup.ts";
import { stream } from "./stream.ts";
import { average, percent, places, type Summary, seedsOf, summarise } from "./summary.ts";

const LADDER = "words, encoder";

const columns = {
  data: "data",
  ladder: "ladder",
  promise: "promise, %",
  seeds: "seeds",
  items: "items",
  kept: "kept so far, %",
  last: "of the last 500, %",
  wrong: "wrong of kept, %",
  broken: "seeds above the promise",
  labels: "labels bought, %",
};

/** Streams every seed that was not streamed before; those that were are in the result, also beyond the ones asked for. */
async function streamSeeds(
  data: string,
  world: World,
  ladder: string,
  risk: number,
  setup: Setup,
): Promise<readonly Summary[]> {
  const name = `${data}-${ladder.replaceAll(/[^a-z]+/g, "-")}-${risk}`;
  const { asked, items, ladders } = world;
  const take = setup.quick ? 1200 : 8000;
  return await seedsOf(name, setup, async (seed) => {
    const summary = summarise(seed, await stream({ asked, items, rungs: ladders[ladder]!, seed, take, risk }));
    const end = summary.at.at(-1)!;
    console.log(
      `  ${name} seed ${seed}: kept ${(100 * end.kept).toFixed(1)} %, of the last 500 ${(100 * end.last).toFixed(1)} %, wrong ${(100 * end.wrong).toFixed(2)} %`,
    );
    return summary;
  });
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
        broken: at.filter(({ wrong }) => wrong > risk).length,
        labels: percent(at.map(({ labels, items }) => labels / items)),
      },
    ];
  });
}

/** banking8 at every promise, a hundred seeds: the bar of the whole ladder. */
export async function measureBanking8(setup: Setup): Promise<Measured> {
  const world = await banking8World(setup.folder);
  const rows: Measured["rows"][number][] = [];
  const values: Record<string, number> = {};
  for (const risk of setup.risks) {
    const found = await streamSeeds("banking8", world, LADDER, risk, setup);
    rows.push(...rowsOf("banking8", LADDER, risk, found));
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
  for (const risk of setup.risks) {
    let base: readonly Summary[] = [];
    for (const ladder of [
      "words alone",
      "encoder alone",
      LADDER,
      "sketch alone",
      "words, encoder, chat",
      "chat as it is",
    ]) {
      const world = await banking8World(setup.folder, ladder.includes("chat") || ladder.includes("sketch"));
      const all = await streamSeeds("banking8", world, ladder, risk, some);
      if (ladder === "words alone") base = all;
      // The ladder of the bar has many more seeds: here it stands on those that the others have.
      const found = all.filter(({ seed }) => base.some((one) => one.seed === seed));
      const gain = (read: (end: Summary["at"][number]) => number): string =>
        percent(
          found.map(({ seed, at }) => read(at.at(-1)!) - read(base.find((one) => one.seed === seed)!.at.at(-1)!)),
        );
      const more =
        ladder === "words alone" ? {} : { more: gain(({ kept }) => kept), moreLast: gain(({ last }) => last) };
      rows.push(
        ...rowsOf("banking8", ladder, risk, found)
          .slice(-1)
          .map((row) => ({ ...row, ...more })),
      );
    }
  }
  const { items: _, data: __, ...rest } = columns;
  const gains = { more: "more kept than by words alone, points", moreLast: "of the last 500, points" };
  return {
    title: "What each rung adds on banking8, after 8,000 items",
    columns: { ...rest, ...gains },
    rows,
    values: {},
  };
}

/** Other questions, few seeds: the scenarios and intents of HWU64, and all 77 intents of BANKING77. */
export const others: { readonly [part: string]: (setup: Setup) => Promise<Measured> } = {
  "others-scenarios": (setup) =>
    measureOther(setup, { data: "HWU64 scenarios", set: "hwu64", labelOf: ({ label }) => label.split("_")[0]! }),
  "others-intents": (setup) => measureOther(setup, { data: "HWU64 intents", set: "hwu64" }),
  "others-banking77": (setup) => measureOther(setup, { data: "BANKING77 intents", set: "banking77" }),
};

interface Other {
  readonly data: string;
  readonly set: SetName;
  readonly labelOf?: (row: Labelled) => string;
}

async function measureOther(setup: Setup, { data, set, labelOf }: Other): Promise<Measured> {
  const some = { ...setup, seeds: setup.seeds.slice(0, setup.quick ? 1 : 3) };
  const world = await labelledWorld(setup.folder, set, labelOf);
  const name = data.toLowerCase().replaceAll(" ", "-");
  const rows: Measured["rows"][number][] = [];
  for (const risk of setup.risks) {
    const found = await streamSeeds(name, world, LADDER, risk, some);
    rows.push(...rowsOf(data, LADDER, risk, found));
  }
  const options = Object.keys(world.asked.options).length;
  return { title: `Another question: ${data}, ${options} options`, columns, rows, values: {} };
}
