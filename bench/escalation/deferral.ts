// Which items should go to the large model: by doubt, by the gain that a model foresees, and by hindsight.
import { expectedGain, fitGain, gainSignals } from "../../src/guarantee/gain.ts";
import { adoptPrior, corrected } from "../../src/guarantee/prior-correction.ts";
import { seededRandom, shuffle } from "../../src/guarantee/random.ts";
import type { Row } from "../bench.ts";
import type { Measured } from "../parts.ts";
import { type Data, type Matrix, type Model, margin, softmax, type Task, top } from "./data.ts";
import { mean, middle95, type Setup, share } from "./setup.ts";

interface Pair {
  readonly task: string;
  readonly small: string;
  readonly logits: Matrix;
  /** What Yi-34B chose, and what is held for right. */
  readonly large: readonly number[];
  readonly truth: readonly number[];
  readonly reference: "five" | "three";
  /** Whether the target speaks of this pair: those of the published table of which the data is here. */
  readonly counted: boolean;
}

/** One way to order the items and to answer those that are not escalated. */
interface Order {
  /** Items, the first to go up first. */
  readonly order: readonly number[];
  /** 1 where the small model's answer is right. */
  readonly small: readonly number[];
}

export async function measureDeferral(setup: Setup): Promise<Measured> {
  const resamples = setup.size(1000, 50);
  const rows: Row[] = [];
  const counted: { readonly closed: number; readonly draws: readonly number[] }[] = [];
  for (const pair of pairsOf(setup.data)) {
    const right = (answers: readonly number[]): number[] =>
      answers.map((answer, item) => Number(answer === pair.truth[item]));
    const [asRead, large] = [right(pair.logits.map(top)), right(pair.large)];
    const by = (priority: (item: number) => number, small: readonly number[] = asRead): Order => ({
      order: ordered(asRead.length, priority),
      small,
    });
    const margins = pair.logits.map(margin);
    const probabilities = pair.logits.map(softmax);
    const foreseen = crossFitted(pair, probabilities, large);
    const orders = {
      probability: by((item) => -Math.max(...probabilities[item]!)),
      margin: by((item) => -margins[item]!),
      oracle: by((item) => large[item]! - asRead[item]!),
      gainOnly: by((item) => foreseen.asRead[item]!.gain),
      doubtCorrected: by((item) => -foreseen.margins[item]!, foreseen.small),
      pawl: by((item) => foreseen.corrected[item]!.gain, foreseen.small),
    };
    const everything = new Array<number>(asRead.length).fill(1);
    const area = (name: keyof typeof orders, counts = everything): number => apgr(orders[name], asRead, large, counts);
    const closedBy = (name: keyof typeof orders, counts = everything): number => {
      const from = area("margin", counts);
      return (area(name, counts) - from) / (area("oracle", counts) - from);
    };
    const random = seededRandom(9);
    const draws = Array.from({ length: resamples }, () => closedBy("pawl", resampled(asRead.length, random)));
    const closed = closedBy("pawl");
    if (pair.counted) counted.push({ closed, draws });
    const cpt = (name: keyof typeof orders): string =>
      [0.5, 0.8].map((wanted) => share(leastEscalated(orders[name], asRead, large, wanted))).join(" / ");
    rows.push({
      task: pair.task,
      small: pair.small,
      reference: `${pair.reference}, ${asRead.length}${pair.counted ? "" : " (not counted)"}`,
      quality: `${share(mean(asRead))} / ${share(mean(large))}`,
      random: share(0.5),
      probability: share(area("probability")),
      margin: share(area("margin")),
      oracle: share(area("oracle")),
      pawl: share(area("pawl")),
      cpt: `${cpt("margin")}; ${cpt("pawl")}`,
      closed: share(closed, ...middle95(draws)),
      gainOnly: share(closedBy("gainOnly")),
      doubtCorrected: share(closedBy("doubtCorrected")),
    });
    console.log(`  ${pair.task}, ${pair.small}: ${rows.at(-1)!.closed}`);
  }
  const closed = mean(counted.map((pair) => pair.closed));
  const means = Array.from({ length: resamples }, (_, draw) => mean(counted.map(({ draws }) => draws[draw]!)));
  return {
    title: `Deferral to Yi-34B: ${share(closed, ...middle95(means))} of the gap from margin to oracle closed, mean of the counted rows`,
    columns: {
      task: "task",
      small: "small model",
      reference: "reference of, items",
      quality: "small / large right",
      random: "APGR random",
      probability: "max-prob",
      margin: "margin",
      oracle: "oracle",
      pawl: "Pawl",
      cpt: "CPT50 / CPT80 margin; Pawl",
      closed: "gap closed (95 %)",
      gainOnly: "by gain model alone",
      doubtCorrected: "by prior correction alone",
    },
    rows,
    values: { "deferral-gap-closed": closed },
  };
}

interface Foreseen {
  readonly asRead: readonly { readonly gain: number }[];
  readonly corrected: readonly { readonly gain: number }[];
  /** Margin of the corrected probabilities, nats, and 1 where the corrected answer is right. */
  readonly margins: readonly number[];
  readonly small: readonly number[];
}

/** Each half is foreseen by what was fitted on the other: nothing has seen the item it speaks of. */
function crossFitted({ truth }: Pair, probabilities: Matrix, large: readonly number[]): Foreseen {
  const order = shuffle([...truth.keys()], seededRandom(21));
  const halves = [order.slice(0, order.length >> 1), order.slice(order.length >> 1)];
  const foreseen = {
    asRead: [] as { readonly gain: number }[],
    corrected: [] as { readonly gain: number }[],
    margins: [] as number[],
    small: [] as number[],
  };
  for (const [half, test] of halves.entries()) {
    const tune = halves[1 - half]!;
    const rows = tune.map((item) => probabilities[item]!);
    const { correction } = adoptPrior(
      rows,
      tune.map((item) => truth[item]!),
    );
    const model = (read: (item: number) => readonly number[]) =>
      fitGain(
        tune.map((item) => ({
          signals: gainSignals(read(item)),
          smallRight: top(read(item)) === truth[item],
          largeRight: large[item] === 1,
        })),
      );
    const plain = (item: number): readonly number[] => probabilities[item]!;
    const better = (item: number): readonly number[] => corrected(correction, probabilities[item]!);
    const [onPlain, onBetter] = [model(plain), model(better)];
    for (const item of test) {
      const row = better(item);
      foreseen.asRead[item] = expectedGain(onPlain, gainSignals(plain(item)));
      foreseen.corrected[item] = expectedGain(onBetter, gainSignals(row));
      foreseen.margins[item] = margin(row.map((p) => Math.log(Math.max(p, 1e-12))));
      foreseen.small[item] = Number(top(row) === truth[item]);
    }
  }
  return foreseen;
}

function ordered(size: number, priority: (item: number) => number): number[] {
  // Shuffled first: equal priorities stand in random order, the same one for all.
  const priorities = Array.from({ length: size }, (_, item) => priority(item));
  return shuffle([...priorities.keys()], seededRandom(31)).sort((a, b) => priorities[b]! - priorities[a]!);
}

/**
 * APGR with items counted `counts` times. The gap is that of the answers as the small model gave them, whatever answers
 * the order keeps: a better small answer counts for what it is worth.
 */
function apgr(
  { order, small }: Order,
  asRead: readonly number[],
  large: readonly number[],
  counts: readonly number[],
): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let [area, before] = [0, 0];
  let [plain, strong] = [0, 0];
  for (const item of order) {
    const count = counts[item]!;
    const escalatedFor = (total - before - count / 2) / total;
    area += count * (small[item]! + (large[item]! - small[item]!) * escalatedFor);
    before += count;
    plain += count * asRead[item]!;
    strong += count * large[item]!;
  }
  return (area - plain) / (strong - plain);
}

function leastEscalated(
  { order, small }: Order,
  asRead: readonly number[],
  large: readonly number[],
  wanted: number,
): number {
  const [weak, strong] = [asRead, large].map((right) => right.reduce((sum, value) => sum + value, 0)) as [
    number,
    number,
  ];
  let quality = small.reduce((sum, value) => sum + value, 0);
  let escalated = 0;
  for (; escalated < order.length && (quality - weak) / (strong - weak) < wanted; escalated++) {
    quality += large[order[escalated]!]! - small[order[escalated]!]!;
  }
  return escalated / order.length;
}

function resampled(size: number, random: () => number): number[] {
  const counts = new Array<number>(size).fill(0);
  for (let draw = 0; draw < size; draw++) counts[Math.floor(random() * size)]!++;
  return counts;
}

function pairsOf(data: Data): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const task of ["hellaswag_10k", "cosmosqa_10k"] as const) {
    const sample = data.sample(task);
    pairs.push({
      task: task.slice(0, -4),
      small: "Yi-6B",
      logits: sample.logits.yi6b,
      large: sample.large.map(([yi34b]) => yi34b!),
      truth: sample.large.map((votes) => plurality(votes, new Array(6).fill(0))),
      reference: "five",
      counted: true,
    });
  }
  const add = (task: Task, small: Model, counted: boolean): void => {
    const voters = (["Yi-34B", "Qwen-72B", "Llama-2-13b-hf"] as const).map((model) => data.logits(model, task));
    const [yi34b] = voters;
    const truth = yi34b!.map((_, item) => {
      const probabilities = voters.map((logits) => softmax(logits[item]!));
      // Three different choices: the option with most probability in all.
      const sums = probabilities[0]!.map((_, option) => probabilities.reduce((sum, row) => sum + row[option]!, 0));
      return plurality(
        voters.map((logits) => top(logits[item]!)),
        sums,
      );
    });
    const name = task.replace("_10k", "").replace("halu_", "HaluEval ");
    pairs.push({
      task: name,
      small,
      logits: data.logits(small, task),
      large: yi34b!.map(top),
      truth,
      reference: "three",
      counted,
    });
  };
  add("hellaswag_10k", "Qwen-7B", true);
  add("cosmosqa_10k", "Qwen-7B", true);
  add("mmlu_10k", "Mistral-7B-v0.1", true);
  add("halu_dialogue", "Qwen-7B", true);
  add("mmlu_10k", "Qwen-7B", false);
  for (const small of ["Mistral-7B-v0.1", "Qwen-1_8B"] as const) {
    for (const task of ["hellaswag_10k", "cosmosqa_10k"] as const) add(task, small, false);
  }
  return pairs;
}

/** The option with most votes; of equal ones that with the higher `ties`, then the first. */
function plurality(votes: readonly number[], ties: readonly number[]): number {
  const counts = ties.map((tie, option) => votes.filter((vote) => vote === option).length + tie / 1000);
  return top(counts);
}
