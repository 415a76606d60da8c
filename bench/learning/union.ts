// One certificate for the union of all local rungs, or one for each at its part of delta: which keeps more (c.12)?
//
// No stream: one version, taught on so many labels, is certified on as many others by the exact binomial test, and what
// it keeps is counted on all items that are left.
import { certifyNested } from "../../src/guarantee/certificate.ts";
import { gridFrom } from "../../src/guarantee/grid.ts";
import { seededRandom, shuffle } from "../../src/guarantee/random.ts";
import { unlabelledSample } from "../../src/guarantee/samples.ts";
import type { Member } from "../../src/policy/local-version.ts";
import type { Row } from "../bench.ts";
import type { Measured } from "../parts.ts";
import { type Judged, type JudgedItem, standing } from "./hindsight.ts";
import { areSketchesStored } from "./scores.ts";
import { readSet } from "./sets.ts";
import { banking8World, type Setup, type World } from "./setup.ts";
import { percent, seedsOf } from "./summary.ts";
import { type Lesson, labelsOf, metOf, readText, taughtOn } from "./taught.ts";

const delta = 0.05;
/** Items without a label that give the grids. */
const UNLABELLED = 300;

/** What one way of certifying keeps of the items that are left; `wrong` is the number among `kept`. */
interface Way {
  readonly way: string;
  readonly risk: number;
  readonly kept: number;
  readonly wrong: number;
  readonly items: number;
}

interface Found {
  readonly seed: number;
  readonly ways: readonly Way[];
}

/** What the rungs say to the items that taught nothing, by what they are for. */
interface Split {
  readonly unlabelled: readonly JudgedItem[];
  readonly calibration: readonly JudgedItem[];
  readonly later: readonly JudgedItem[];
}

export async function measureUnion(setup: Setup): Promise<Measured> {
  const withChat = areSketchesStored(readSet(setup.folder, "banking77").train!.map(({ text }) => text));
  const world = await banking8World(setup.folder, withChat);
  const cases = [
    { ladder: "words, encoder", labels: 2000, most: 20 },
    { ladder: "words, encoder", labels: 800, most: 20 },
    ...(withChat ? [{ ladder: "words, encoder, chat", labels: 2000, most: 10 }] : []),
  ];
  const rows: Row[] = [];
  for (const { ladder, labels, most } of cases) {
    const some = { ...setup, seeds: setup.seeds.slice(0, setup.quick ? 1 : most) };
    const name = `banking8-union-${ladder.replaceAll(/[^a-z]+/g, "-")}-${labels}`;
    const found = await seedsOf<Found>(name, some, async (seed) => {
      const ways = await waysOf(world, ladder, labels, seed, setup.risks);
      const told = ways.map(
        ({ way, risk, kept, wrong, items }) => `${way} at ${risk}: ${kept / items}, ${wrong / kept}`,
      );
      console.log(`  ${name} seed ${seed}: ${told.join("; ")}`);
      return { seed, ways };
    });
    rows.push(...rowsOf(ladder, labels, found));
  }
  return {
    title: "One certificate for the union of the local rungs, or one for each",
    columns: {
      ladder: "ladder",
      labels: "labels to learn, and to certify",
      risk: "promise, %",
      way: "certificate",
      kept: "kept, %",
      gain: "more than the union, points",
      wrong: "wrong of kept, %",
      nothing: "seeds that keep nothing",
      broken: "seeds above the promise",
      seeds: "seeds",
    },
    rows,
    values: {},
  };
}

function rowsOf(ladder: string, labels: number, found: readonly Found[]): readonly Row[] {
  const first = found[0]!.ways;
  return first.map(({ way, risk }, place): Row => {
    const same = found.map(({ ways }) => ways[place]!);
    const union = found.map(({ ways }) => ways.find((one) => one.way === UNION && one.risk === risk)!);
    const stood = same.filter(({ kept }) => kept > 0);
    return {
      ladder,
      labels,
      risk: 100 * risk,
      way,
      kept: percent(same.map(shareOf)),
      gain: way === UNION ? null : percent(same.map((one, index) => shareOf(one) - shareOf(union[index]!))),
      wrong: stood.length === 0 ? null : percent(stood.map(({ kept, wrong }) => wrong / kept)),
      nothing: same.length - stood.length,
      broken: stood.filter(({ kept, wrong }) => wrong > risk * kept).length,
      seeds: same.length,
    };
  });
}

const UNION = "one for the union";

function shareOf({ kept, items }: Way): number {
  return kept / items;
}

async function waysOf(
  { asked, items, ladders }: World,
  ladder: string,
  count: number,
  seed: number,
  risks: readonly number[],
): Promise<readonly Way[]> {
  const met = metOf(asked);
  const rungs = ladders[ladder]!();
  const labels = labelsOf(shuffle(items, seededRandom(seed)), met.version);
  const lesson = { asked, labels: labels.slice(0, count) };
  const ways: Way[] = [];
  for (const risk of risks) {
    const { version } = await taughtOn({ ...lesson, rungs, risk });
    const members: Member[] = [];
    for (const member of version.members) members.push(member.calibrator ? member : await alone(member, lesson, risk));
    const apart: JudgedItem[] = [];
    for (const { about, answer } of labels.slice(count)) {
      const said = await readText(met, members, about);
      apart.push(said.map((one) => one && { p: one.p, right: one.value === answer.value }));
    }
    // In the product's union a rung that would make the threshold stricter for all lets nothing stand.
    const united = apart.map((item) => item.map((said, place) => (version.members[place]!.calibrator ? said : null)));
    ways.push(wayOf(UNION, risk, splitOf(united, count), (split) => unionOf(split, risk)));
    for (const [way, ownLabels] of [
      ["one for each, all on the same labels", false],
      ["one for each, each on its part of the labels", true],
    ] as const) {
      ways.push(wayOf(way, risk, splitOf(apart, count), (split) => eachOf(split, risk, ownLabels)));
    }
  }
  return ways;
}

/** A rung that the union leaves out, as it is by itself. */
async function alone({ rung }: Member, lesson: Omit<Lesson, "rungs" | "risk">, risk: number): Promise<Member> {
  const { version } = await taughtOn({ ...lesson, rungs: [rung], risk });
  return version.members[0]!;
}

function splitOf(items: readonly JudgedItem[], count: number): Split {
  return {
    calibration: items.slice(0, count),
    unlabelled: items.slice(count, count + UNLABELLED),
    later: items.slice(count + UNLABELLED),
  };
}

/** What stands of an item, and what of that is right. */
type Rule = (item: JudgedItem) => Judged | null;

function wayOf(way: string, risk: number, split: Split, certify: (split: Split) => Rule): Way {
  const rule = certify(split);
  const stood = split.later.flatMap((item) => rule(item) ?? []);
  const wrong = stood.filter(({ right }) => !right).length;
  return { way, risk, kept: stood.length, wrong, items: split.later.length };
}

/** One threshold for all rungs. */
function unionOf({ unlabelled, calibration }: Split, risk: number): Rule {
  const score = (item: JudgedItem): number | null =>
    item.reduce((most, said) => Math.max(most, said?.p ?? 0), 0) || null;
  const threshold = thresholdOf(unlabelled.map(score), calibration, standing, risk, delta);
  return (item) => (threshold === null ? null : standing(item, threshold));
}

/**
 * A threshold for each rung, on the items that no lower one lets stand, at its part of delta. On the same labels for all
 * of them what reaches a rung depends on labels that test it, so that this is too good to be promised.
 */
function eachOf({ unlabelled, calibration }: Split, risk: number, ownLabels: boolean): Rule {
  const rungs = calibration[0]!.length;
  const thresholds: (number | null)[] = [];
  const ruleOf = (item: JudgedItem): Judged | null => {
    const place = item.findIndex(
      (said, rung) => said !== null && said.p >= (thresholds[rung] ?? Number.POSITIVE_INFINITY),
    );
    return place === -1 ? null : item[place]!;
  };
  for (let rung = 0; rung < rungs; rung++) {
    const part = ownLabels ? calibration.filter((_, index) => index % rungs === rung) : calibration;
    const reaches = (item: JudgedItem): boolean => ruleOf(item) === null;
    const own: At = (item, threshold) => {
      const said = item[rung]!;
      return said && said.p >= threshold ? said : null;
    };
    const scores = unlabelled.filter(reaches).map((item) => item[rung]?.p ?? null);
    thresholds.push(thresholdOf(scores, part.filter(reaches), own, risk, delta / rungs));
  }
  return ruleOf;
}

/** What stands of an item at a threshold. */
type At = (item: JudgedItem, threshold: number) => Judged | null;

/** The loosest threshold that is certified; `null` where none is. */
function thresholdOf(
  scores: readonly (number | null)[],
  labels: readonly JudgedItem[],
  at: At,
  risk: number,
  level: number,
): number | null {
  const { thresholds, coverage } = gridFrom(
    unlabelledSample(scores.map((score, index) => ({ id: `${index}`, score }))),
  );
  const found = certifyNested({
    coverage,
    labels: labels.length,
    risk,
    delta: level,
    at: (point) => {
      const stood = labels.flatMap((item) => at(item, thresholds[point]!) ?? []);
      return { accepted: stood.length, errors: stood.filter(({ right }) => !right).length };
    },
  });
  return found.kind === "certified" ? thresholds[found.gridIndex]! : null;
}
