// Items a second at one promise: the ladder with words first, the encoder alone, the chat model alone. Real models, real
// passes; what a certificate does not let stand goes to the known label, which takes no time.

import { z } from "zod";
import { makeParts } from "../../src/config/parts.ts";
import { openEncoder } from "../../src/engine/encoder.ts";
import type { EncoderEngine } from "../../src/engine/engine.ts";
import { seededRandom, shuffle } from "../../src/guarantee/random.ts";
import { memoryJournal } from "../../src/journal/memory.ts";
import { defineLoop } from "../../src/loop/loop.ts";
import { runItem } from "../../src/loop/run.ts";
import { DEFAULT_CHAT, DEFAULT_ENCODER } from "../../src/models/catalogue.ts";
import { ensureModel } from "../../src/models/pull.ts";
import { encoder } from "../../src/rung/encoder.ts";
import { model } from "../../src/rung/model.ts";
import type { Rung } from "../../src/rung/rung.ts";
import { words } from "../../src/rung/words.ts";
import { median, type Row } from "../bench.ts";
import { formatInterval, medianInterval, ratioInterval } from "../engine/statistics.ts";
import type { Measured } from "../parts.ts";
import { type Certified, certified, issue } from "./certified.ts";
import { knownLabel } from "./life.ts";
import { areSketchesStored } from "./scores.ts";
import { readSet } from "./sets.ts";
import { banking8World, type Setup, type World } from "./setup.ts";
import type { Item } from "./stream.ts";

const risk = 0.05;
const delta = 0.05;
/** Items in flight, as `pawl run` has them. */
const IN_FLIGHT = 16;
/** Texts that open what a ladder needs before the clock runs; not among those that are timed. */
const WARM = 8;

/** The same coins in every round. */
const secret = Uint8Array.from({ length: 32 }, (_, index) => index);

interface Ladder {
  readonly name: string;
  /** `null` where nothing is certified: then its own threshold holds, and it keeps nothing at the promise. */
  readonly certificate: Certified | null;
  readonly rungs: () => readonly Rung[];
  readonly items: readonly Item[];
  readonly perSecond: number[];
  kept: number;
  wrong: number;
  lowest: number;
  passes: number;
}

export async function measureThroughput(setup: Setup): Promise<Measured> {
  const [labels, timed, spoken, rounds] = setup.quick ? [1500, 60, 6, 2] : [2000, 400, 40, 9];
  const withChat = areSketchesStored(readSet(setup.folder, "banking77").train!.map(({ text }) => text));
  const world = await banking8World(setup.folder, withChat);
  const order = shuffle(world.items, seededRandom(1));
  const learned = order.slice(0, 2 * labels);
  const later = order.slice(2 * labels, 2 * labels + timed + WARM);
  const { path, name, digest } = await ensureModel(DEFAULT_ENCODER);
  let passes = 0;
  const engine = await openEncoder(path, { name, digest });
  const counted: EncoderEngine = {
    model: engine.model,
    dimensions: engine.dimensions,
    embed(text, signal) {
      passes++;
      return engine.embed(text, signal);
    },
    close: async () => {},
  };
  // One chat engine for all rounds: a rung of its own in each would open it anew.
  const keeper = model(DEFAULT_CHAT, { acceptAt: 0 });
  const keeping = memoryJournal();
  try {
    const certify = async (ladder: string): Promise<Certified | null> => {
      const rungs = world.ladders[ladder]?.();
      return rungs ? await certified({ asked: world.asked, rungs, items: learned, train: labels, risk }) : null;
    };
    const read = (): Rung => encoder(DEFAULT_ENCODER, { engine: counted });
    const none = { perSecond: [], kept: 0, wrong: 0, lowest: 0, passes: 0 };
    const chat = await certify("chat as it is");
    const ladders: Ladder[] = [
      {
        ...none,
        name: "words, encoder",
        certificate: await certify("words, encoder"),
        rungs: () => [words(), read()],
        items: later,
        perSecond: [],
      },
      {
        ...none,
        name: "encoder alone",
        certificate: await certify("encoder alone"),
        rungs: () => [read()],
        items: later,
        perSecond: [],
      },
      {
        ...none,
        name: "chat model alone",
        certificate: null,
        rungs: () => [model(DEFAULT_CHAT, { acceptAt: 0 })],
        items: later.slice(0, spoken + WARM),
        perSecond: [],
      },
    ];
    await keeper.open?.({ ...keeping, say: (line) => console.log(`  ${line}`) });
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < ladders.length; turn++) {
        const ladder = ladders[(round + turn) % ladders.length]!;
        await takeTurn(ladder, world, () => passes);
      }
      console.log(
        `  round ${round + 1} of ${rounds}: ${ladders.map(({ perSecond }) => perSecond.at(-1)!.toFixed(1)).join(" ")} items a second`,
      );
    }
    return describe(ladders, { labels, chat, withChat });
  } finally {
    await keeper.close?.();
    await engine.close();
  }
}

/** One round of one ladder, over a journal of its own: no text's vector is known before. */
async function takeTurn(ladder: Ladder, { asked }: World, passesOf: () => number): Promise<void> {
  const truths = new Map(ladder.items.map(({ text, truth }) => [text, truth]));
  const journal = memoryJournal({ keep: "unfinished", secret });
  const upper = knownLabel((text) => truths.get(text)!);
  const rungs = ladder.rungs();
  // It does not learn meanwhile: audits are drawn and filed, and wait.
  const parts = makeParts({ ladder: [...rungs, upper], promises: { delta, learn: false } }, journal);
  await parts.open();
  const { certificate } = ladder;
  if (certificate) await issue(journal, certificate, { asked, rungs, upper: upper.name });
  const about = { ...asked, otherwise: false, ...(certificate && { risk }) } as const;
  const loop = defineLoop({
    name: "throughput",
    input: z.string(),
    output: z.object({ value: z.string(), rung: z.string() }),
    run: async (text, step) => {
      const { value, rung } = await step.choose("answer", { about: text, ...about });
      return { value, rung };
    },
  });
  const said: { readonly right: boolean; readonly rung: string }[] = [];
  const run = async ({ text, truth }: Item, item: string): Promise<void> => {
    const taken = await journal.begin({ loop: "throughput", version: "1", item, content: "", input: text });
    if (taken.kind !== "taken") throw new Error(`item ${item} is ${taken.kind}`);
    const end = await runItem(loop, taken, parts);
    if (end.kind !== "ended" || end.outcome.kind !== "done") throw new Error(JSON.stringify(end));
    const { value, rung } = end.outcome.output as { value: string; rung: string };
    said.push({ right: value === truth, rung });
  };
  const lanes = async (items: readonly Item[], name: string): Promise<void> => {
    const left = items.entries();
    const lane = async (): Promise<void> => {
      for (const [index, item] of left) await run(item, `${name} ${index}`);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  };
  try {
    await lanes(ladder.items.slice(0, WARM), "warm");
    const isCertified = [...parts.policy.questions].some(({ standing }) => standing.certificate !== null);
    if (isCertified !== (certificate !== null)) throw new Error(`${ladder.name}: the certificate is not in force`);
    said.length = 0;
    const before = passesOf();
    const begun = performance.now();
    await lanes(ladder.items.slice(WARM), "item");
    const seconds = (performance.now() - begun) / 1000;
    const kept = said.filter(({ rung }) => rung !== upper.name);
    ladder.perSecond.push(said.length / seconds);
    ladder.kept = kept.length / said.length;
    ladder.wrong = kept.filter(({ right }) => !right).length / Math.max(1, kept.length);
    ladder.lowest = kept.filter(({ rung }) => rung === rungs[0]!.name).length / said.length;
    ladder.passes = (passesOf() - before) / said.length;
  } finally {
    await parts.close();
    await journal.close();
  }
}

function describe(
  ladders: readonly Ladder[],
  { labels, chat, withChat }: { labels: number; chat: Certified | null; withChat: boolean },
): Measured {
  const [first, second, third] = ladders as readonly [Ladder, Ladder, Ladder];
  const percent = (share: number): number => 100 * share;
  const rows = ladders.map((ladder): Row => {
    const { name, perSecond, certificate, kept, wrong, lowest, passes } = ladder;
    const isChat = ladder === third;
    return {
      name,
      // What it may let stand at the promise; without a certificate, nothing.
      foreseen: isChat
        ? withChat
          ? percent(chat?.figures.coverage ?? 0)
          : null
        : percent(certificate?.figures.coverage ?? 0),
      kept: isChat ? null : percent(kept),
      wrong: isChat || kept === 0 ? null : percent(wrong),
      lowest: isChat ? null : percent(lowest),
      passes: isChat ? 1 : passes,
      speed: formatInterval(medianInterval(perSecond), 1),
      ratio: ladder === first ? null : formatInterval(ratioInterval(first.perSecond, perSecond), 1),
      items: ladder.items.length - WARM,
      rounds: perSecond.length,
    };
  });
  const ratio = (other: Ladder): number => median(first.perSecond) / median(other.perSecond);
  return {
    title: `Items a second on banking8 at ${percent(risk)} % risk, delta ${percent(delta)} %: ${labels.toLocaleString("en")} labels to learn, as many to certify, later items timed`,
    columns: {
      name: "ladder",
      foreseen: "certified to keep, %",
      kept: "kept, %",
      wrong: "wrong of kept, %",
      lowest: "answered by its lowest rung, %",
      passes: "model passes an item",
      speed: "items a second (95 %)",
      ratio: "words, encoder is so many times as fast (95 %)",
      items: "items",
      rounds: "rounds",
    },
    rows,
    values: {
      // A ladder that is not certified promises nothing, so its speed is none at this risk.
      "throughput-over-encoder": first.certificate && second.certificate ? ratio(second) : null,
      "throughput-over-chat": first.certificate ? ratio(third) : null,
    },
  };
}
