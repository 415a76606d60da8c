// What each way of asking is worth: one changed at a time, all on the same tickets, each against the same base.
import { formatShare, wilson } from "pawl";
import type { ChatEngine } from "../../src/engine/engine.ts";
import { median, type Row } from "../bench.ts";
import type { Measured } from "../parts.ts";
import { type Labelled, labelsOf, words } from "./data.ts";
import { Neighbours } from "./neighbours.ts";
import { deadline, type Setup } from "./setup.ts";
import { formatInterval, mcnemar, pairedGain } from "./statistics.ts";
import { BASE, REVERSED, type Task, type Variant, variantsOf } from "./variants.ts";

/** Items from which each option's mean log-probability is learned, as the model rung does. */
const PRIOR_ITEMS = 64;
/** The other order is asked where the two best are nearer than this, in nat. */
const ORDER_BAR = 1;
/** Labelled tickets that examples are taken from. */
const LABELLED = 1000;

const columns = {
  variant: "asked",
  items: "items",
  right: "right, % (95 %)",
  asRead: "as read, %",
  gain: "gain, points (95 %)",
  p: "p (McNemar)",
  keep: "pays",
  milliseconds: "ms a decision",
  note: "note",
};

export function banking8Task({ data }: Setup): Task {
  const { ask, cue, options, fold } = data.banking8;
  const folded = (rows: readonly Labelled[]): Labelled[] =>
    rows.map(({ text, label }) => ({ text, label: fold[label]! }));
  return {
    name: "banking8",
    split: { train: folded(data.banking77.train), test: folded(data.banking77.test) },
    options,
    ask,
    cue,
    otherCues: ["Team:", "This message is about:", "The customer needs help with:"],
    items: 400,
  };
}

export function banking77Task({ data }: Setup): Task {
  return namesTask("BANKING77", data.banking77, "What does this message ask about?");
}

export function hwu64Task({ data }: Setup): Task {
  if (!data.hwu64) throw new Error("HWU64 is not in the data folder.");
  return namesTask("HWU64", data.hwu64, "What does the user of this assistant want?");
}

function namesTask(name: string, split: Task["split"], ask: string): Task {
  const named = (rows: readonly Labelled[]): Labelled[] =>
    rows.map(({ text, label }) => ({ text, label: words(label) }));
  return {
    name,
    split: { train: named(split.train), test: named(split.test) },
    options: Object.fromEntries(labelsOf(split).map((label) => [words(label), ""])),
    ask,
    cue: "This message is about:",
    otherCues: ["In one word, this message is about:", "Topic:", "The user wants:"],
    items: 200,
  };
}

export async function measureAccuracy(setup: Setup, task: Task): Promise<Measured> {
  const block = setup.quick ? 2 : 20;
  const tickets = task.split.test.slice(0, setup.size(task.items, 2));
  const labelled = task.split.train.slice(0, setup.quick ? 50 : LABELLED);
  const neighbours = await Neighbours.read(await setup.encoderPath(), labelled, tickets);
  const variants = variantsOf(task, neighbours);
  const engine = await setup.chat({
    threads: setup.processes > 1 ? 1 : setup.threads,
    processes: setup.processes,
    contextTokens: 1536,
    hotPrefixes: variants.length,
  });
  const read = new Map<string, Read[]>(variants.map(({ name }) => [name, []]));
  try {
    const up = deadline(setup.seconds);
    // In blocks, so that all variants have seen the same tickets whenever the time is up.
    for (let from = 0; from < tickets.length && (from === 0 || !up()); from += block) {
      for (const variant of variants) {
        const asked = tickets.slice(from, from + block);
        read.get(variant.name)!.push(...(await askAll(engine, variant, asked, from)));
      }
      console.log(`  ${task.name}: ${Math.min(from + block, tickets.length)} of ${tickets.length} tickets`);
    }
  } finally {
    await engine.close();
  }
  return describe(task, tickets, variants, read, neighbours);
}

/** What a variant said about one ticket. */
interface Read {
  readonly logp: readonly number[];
  readonly milliseconds: number;
}

async function askAll(
  engine: ChatEngine,
  variant: Variant,
  tickets: readonly Labelled[],
  from: number,
): Promise<Read[]> {
  const prefix = await engine.prepare(variant.prefix);
  return await Promise.all(
    tickets.map(async ({ text }, index) => {
      // Every branch is read: the prior is a mean over all choices, also those that lose.
      const score = await engine.score({ prefix, item: variant.item(text, from + index), every: true });
      return { logp: variant.inOrder(score.logp), milliseconds: score.milliseconds };
    }),
  );
}

function describe(
  task: Task,
  tickets: readonly Labelled[],
  variants: readonly Variant[],
  read: ReadonlyMap<string, readonly Read[]>,
  neighbours: Neighbours,
): Measured {
  const names = Object.keys(task.options);
  const count = read.get(BASE)!.length;
  const truth = tickets.slice(0, count).map(({ label }) => names.indexOf(label));
  const isRight = (values: readonly (readonly number[])[]): boolean[] =>
    values.map((value, item) => best(value) === truth[item]);
  const raw = new Map(variants.map(({ name }) => [name, read.get(name)!.map(({ logp }) => logp)]));
  const corrected = new Map([...raw].map(([name, values]) => [name, withoutPrior(values)]));
  const base = isRight(corrected.get(BASE)!);
  const milliseconds = (name: string): number => median(read.get(name)!.map((each) => each.milliseconds));
  const row = (variant: string, right: readonly boolean[], more: Row): Row => {
    const gain = variant === BASE ? null : pairedGain(right, base);
    const points = gain && { value: 100 * gain.value, low: 100 * gain.low, high: 100 * gain.high };
    return {
      variant,
      items: count,
      right: formatShare(wilson(right.filter(Boolean).length, count)),
      gain: formatInterval(points, 1),
      p: gain ? mcnemar(right, base).toFixed(3) : null,
      keep: gain ? (gain.low > 0 ? "yes" : "no") : "base",
      ...more,
    };
  };
  const rows = variants.map(({ name }) => {
    const asRead = isRight(raw.get(name)!);
    return row(name, isRight(corrected.get(name)!), {
      asRead: (100 * asRead.filter(Boolean).length) / count,
      milliseconds: milliseconds(name),
    });
  });
  rows.splice(1, 0, row("base, prior left on", isRight(raw.get(BASE)!), { milliseconds: milliseconds(BASE) }));

  const [forward, backward] = [corrected.get(BASE)!, corrected.get(REVERSED)!];
  const averaged = forward.map((values, item) => values.map((value, at) => (value + backward[item]![at]!) / 2));
  const unsure = forward.map((values) => margin(values) < ORDER_BAR);
  const flips = forward.filter((values, item) => best(values) !== best(backward[item]!)).length / count;
  const twice = unsure.filter(Boolean).length / count;
  rows.push(
    row("both orders, averaged", isRight(averaged), {
      milliseconds: milliseconds(BASE) + milliseconds(REVERSED),
      note: `the orders disagree on ${(100 * flips).toFixed(0)} %`,
    }),
    row(
      `both orders where the margin is below ${ORDER_BAR}`,
      isRight(forward.map((values, item) => (unsure[item] ? averaged[item]! : values))),
      {
        milliseconds: milliseconds(BASE) + twice * milliseconds(REVERSED),
        note: `asked twice: ${(100 * twice).toFixed(0)} %`,
      },
    ),
    // Without this row the examples would get the credit for what their labels say alone.
    row(
      "no chat model: label of the nearest example",
      truth.map((label, item) => names.indexOf(neighbours.nearest(item, 1)[0]!.label) === label),
      { note: `${neighbours.size} labelled tickets` },
    ),
  );
  return {
    title: `Accuracy on ${task.name}: one thing changed at a time`,
    columns,
    rows,
    values: task.name === "banking8" ? { "banking8-right-without-labels": base.filter(Boolean).length / count } : {},
  };
}

/** Each option's mean over the first tickets taken off. They are read without their labels, so none is used up. */
function withoutPrior(values: readonly (readonly number[])[]): number[][] {
  const first = values.slice(0, PRIOR_ITEMS);
  return values.map((each) =>
    each.map((value, at) => value - first.reduce((sum, other) => sum + other[at]!, 0) / first.length),
  );
}

function best(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

function margin(values: readonly number[]): number {
  const [first, second] = values.toSorted((a, b) => b - a) as [number, number];
  return first - second;
}
