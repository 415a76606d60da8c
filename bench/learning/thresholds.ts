// What the promise is weighed against: a fixed threshold that promises nothing, and the best one in hindsight.
//
// No loop and no policy here: the rungs learn from labels as they come in, at the product's counts of labels, and every
// item is read by what was learned before it.
import type { MetQuestion } from "../../src/core/label.ts";
import { seededRandom, shuffle } from "../../src/guarantee/random.ts";
import type { WarmStart } from "../../src/learn/train.ts";
import type { Member } from "../../src/policy/local-version.ts";
import { isTrainingDue } from "../../src/policy/schedule.ts";
import type { Row } from "../bench.ts";
import type { Measured } from "../parts.ts";
import { bestThreshold, type JudgedItem, keptAt, standing } from "./hindsight.ts";
import { areSketchesStored } from "./scores.ts";
import { readSet } from "./sets.ts";
import { banking8World, type Setup, type World } from "./setup.ts";
import type { Item } from "./stream.ts";
import { percent, readSeeds, seedsOf } from "./summary.ts";
import { labelsOf, metOf, readText, taughtOn } from "./taught.ts";

const FIXED = 0.9;
const WINDOW = 500;
const LADDER = "words, encoder";

/** Shares of one way to set the threshold: of the whole stream, and of its last 500. */
interface Way {
  readonly way: string;
  /** Share of wrong answers that it goes by; `null` where it knows of none. */
  readonly risk: number | null;
  readonly kept: number;
  readonly wrong: number;
  readonly last: number;
  readonly labels: number | null;
}

interface Found {
  readonly seed: number;
  readonly ways: readonly Way[];
}

export async function measureThresholds(setup: Setup): Promise<Measured> {
  const withChat = areSketchesStored(readSet(setup.folder, "banking77").train!.map(({ text }) => text));
  const world = await banking8World(setup.folder, withChat);
  const some = { ...setup, seeds: setup.seeds.slice(0, setup.quick ? 1 : 10) };
  const found = await seedsOf<Found>("banking8-thresholds", some, async (seed) => {
    const items = shuffle(world.items, seededRandom(seed)).slice(0, setup.quick ? 1200 : 8000);
    const ways = [
      ...(await fixedWays(world, items, withChat)),
      ...hindsightWays(await learnedFrom(world, items, { knowsAll: true }), seed, setup.risks),
    ];
    for (const { way, risk, kept, wrong, last } of ways)
      console.log(`  seed ${seed}: ${way}, ${risk}: kept ${kept}, last ${last}, wrong ${wrong}`);
    return { seed, ways };
  });
  const keys = [...new Set(found.flatMap(({ ways }) => ways.map(keyOf)))];
  const rows = keys.map((key): Row => {
    const same = found.flatMap(({ ways }) => ways.filter((way) => keyOf(way) === key));
    const bought = same.flatMap(({ labels }) => labels ?? []);
    return {
      way: same[0]!.way,
      risk: same[0]!.risk === null ? "–" : 100 * same[0]!.risk,
      kept: percent(same.map(({ kept }) => kept)),
      last: percent(same.map(({ last }) => last)),
      wrong: same.every(({ kept }) => kept === 0) ? null : percent(same.map(({ wrong }) => wrong)),
      labels: bought.length === 0 ? null : percent(bought),
      seeds: same.length,
    };
  });
  return {
    title: "What the promise is weighed against, on the same streams of banking8",
    columns: {
      way: "threshold",
      risk: "at, %",
      kept: "kept of 8,000, %",
      last: "of the last 500, %",
      wrong: "wrong of kept, %",
      labels: "labels bought, %",
      seeds: "seeds",
    },
    rows,
    values: {},
  };
}

function keyOf({ way, risk }: Way): string {
  return `${way} ${risk}`;
}

/** The rungs' own probabilities against a figure that somebody chose. */
async function fixedWays(world: World, items: readonly Item[], withChat: boolean): Promise<readonly Way[]> {
  const untaught = ["encoder alone", ...(withChat ? ["chat as it is"] : [])];
  const ways: Way[] = [fixedWay(`${FIXED} on their own probability: ${LADDER}`, await learnedFrom(world, items, {}))];
  for (const ladder of untaught) {
    const met = metOf(world.asked);
    const members = world.ladders[ladder]!().map(plain);
    const read: JudgedItem[] = [];
    for (const item of items) read.push(await judged(met, members, item));
    ways.push(fixedWay(`${FIXED} on its own probability: ${ladder}, without labels`, read, 0));
  }
  return ways;
}

/** Without labels of what stood: what went up is what there is to learn from. */
function fixedWay(way: string, items: readonly JudgedItem[], labels?: number): Way {
  const { kept, wrong } = keptAt(items, FIXED);
  return { way, risk: null, kept, wrong, last: keptAt(items.slice(-WINDOW), FIXED).kept, labels: labels ?? 1 - kept };
}

/** One threshold for the whole stream, another one for its end: the ceiling of each figure. */
function hindsightWays(items: readonly JudgedItem[], seed: number, risks: readonly number[]): readonly Way[] {
  return risks.flatMap((risk) => {
    const best = (way: string, at: number): Way => {
      const { kept, wrong } = bestThreshold(items, at);
      return { way, risk, kept, wrong, last: bestThreshold(items.slice(-WINDOW), at).kept, labels: null };
    };
    const name = `banking8-${LADDER.replaceAll(/[^a-z]+/g, "-")}-${risk}`;
    const end = readSeeds(name)
      .find((one) => one.seed === seed)
      ?.at.at(-1);
    if (!end) return [best("best in hindsight", risk)];
    const { kept, last, wrong, labels } = end;
    return [
      { way: "certified (table of banking8, these seeds)", risk, kept, wrong, last, labels: labels / end.items },
      best("best in hindsight", risk),
      best("best in hindsight, at the error that was certified and realised", wrong),
    ];
  });
}

/**
 * What the ladder says to each item, by what it had learned before. `knowsAll`: from the labels of all items, its
 * probabilities calibrated as in the product; else from those of the items that went up, its probabilities its own.
 */
async function learnedFrom(
  { asked, ladders }: World,
  items: readonly Item[],
  { knowsAll = false }: { readonly knowsAll?: boolean },
): Promise<readonly JudgedItem[]> {
  const met = metOf(asked);
  const rungs = ladders[LADDER]!();
  const warm = new Map<string, WarmStart>();
  const known: Item[] = [];
  const read: JudgedItem[] = [];
  let [members, trainedOn]: [readonly Member[], number] = [[], 0];
  for (const item of items) {
    if (isTrainingDue(known.length, trainedOn, false)) {
      const labels = labelsOf(known, met.version);
      const { version } = await taughtOn({ asked, rungs, labels, risk: 0.05, warm });
      members = knowsAll ? version.members : version.members.map((member) => ({ ...member, calibrator: own }));
      trainedOn = known.length;
    }
    const said = await judged(met, members, item);
    read.push(said);
    if (knowsAll || standing(said, FIXED) === null) known.push(item);
  }
  return read;
}

const own: Member["calibrator"] = { kind: "raw" };

function plain(rung: Member["rung"]): Member {
  return { rung, version: "", answers: null, weights: null, calibrator: own };
}

async function judged(met: MetQuestion, members: readonly Member[], { text, truth }: Item): Promise<JudgedItem> {
  const reading = await readText(met, members, text);
  return reading.map((said) => said && { p: said.p, right: said.value === truth });
}
