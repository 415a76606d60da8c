// How much may be kept under a promise: our certificate against the other rules, on the same draws of labels.
import { certify } from "../../src/guarantee/certificate.ts";
import { gridFrom } from "../../src/guarantee/grid.ts";
import { seededRandom, shuffle } from "../../src/guarantee/random.ts";
import { calibrationSample, type LabelledItem, unlabelledSample } from "../../src/guarantee/samples.ts";
import type { Row } from "../bench.ts";
import type { Measured } from "../parts.ts";
import { type Baseline, bonferroni, fourStart, naive, strict } from "./baselines.ts";
import { type Data, type Matrix, type Model, margin, type Task, top } from "./data.ts";
import { mean, middle95, type Setup, share } from "./setup.ts";

const delta = 0.05;
const unlabelled = 300;

const baselines: { readonly [name: string]: Baseline } = { naive, strict, fourStart, bonferroni };

interface Promised {
  readonly data: string;
  /** Whether each answer is wrong, in the order of rising score: only the order counts, and no two are equal. */
  readonly wrong: readonly boolean[];
  readonly labels: number;
  readonly risk: number;
}

/** What a rule kept in each draw, and whether it kept the promise. */
interface Outcome {
  readonly kept: number[];
  readonly heldOut: boolean[];
  readonly population: boolean[];
}

export async function measureGuarantee(setup: Setup): Promise<Measured> {
  const draws = setup.size(1000, 40);
  const { rows: promises, hopeless } = promisesOf(setup.data);
  const rows: Row[] = [];
  const gaps: { readonly worse: number; readonly above: boolean }[] = [];
  const violations: number[] = [];
  for (const promised of promises) {
    const split = replay(promised, draws, false);
    const drawn = replay(promised, draws, true);
    const kept = (name: string): readonly number[] => split[name]!.kept;
    const bestPeer = mean(kept("strict")) > mean(kept("fourStart")) ? "strict" : "fourStart";
    const ahead = kept("pawl").map((value, draw) => value - kept(bestPeer)[draw]!);
    gaps.push({ worse: mean(ahead), above: mean(ahead) > 0 });
    violations.push(rate(drawn.pawl!.population));
    const both = (name: string): string => `${share(mean(kept(name)))} / ${share(rate(split[name]!.heldOut))}`;
    rows.push({
      data: promised.data,
      labels: promised.labels,
      risk: `${promised.risk * 100} %`,
      naive: both("naive"),
      strict: both("strict"),
      fourStart: both("fourStart"),
      bonferroni: both("bonferroni"),
      pawl: both("pawl"),
      ahead: share(mean(ahead), ...middle95(resampledMeans(ahead))),
      population: share(rate(drawn.pawl!.population)),
      naivePopulation: share(rate(drawn.naive!.population)),
    });
    console.log(`  ${promised.data}, ${promised.labels} labels, ${promised.risk}: ${rows.at(-1)!.pawl}`);
  }
  return {
    title: `Certified coverage at delta = 5 %, ${draws} draws (coverage / violation; ${hopeless} pairs left out, of which nothing could keep 5 % even in hindsight)`,
    columns: {
      data: "data",
      labels: "labels",
      risk: "promise",
      naive: "naive",
      strict: "strict sequence",
      fourStart: "four starts",
      bonferroni: "Bonferroni",
      pawl: "Pawl",
      ahead: "Pawl ahead of the better of strict and four (95 %)",
      population: "violation, population",
      naivePopulation: "naive, population",
    },
    rows,
    values: {
      "guarantee-worst-row-ahead": Math.min(...gaps.map(({ worse }) => worse)),
      "guarantee-rows-above-both": gaps.filter(({ above }) => above).length,
      "guarantee-largest-violation": Math.max(...violations),
    },
  };
}

/** Draws labels, lets each rule choose, and counts what it would keep of the rest. */
function replay({ wrong, labels, risk }: Promised, draws: number, replace: boolean): Record<string, Outcome> {
  const random = seededRandom(labels + Math.round(risk * 1000));
  const size = wrong.length;
  const ranks = Array.from({ length: size }, (_, rank) => rank);
  const errorsFrom = new Float64Array(size + 1);
  for (let rank = size - 1; rank >= 0; rank--) errorsFrom[rank] = errorsFrom[rank + 1]! + Number(wrong[rank]);
  const outcomes = Object.fromEntries(
    [...Object.keys(baselines), "pawl"].map((name): [string, Outcome] => [
      name,
      { kept: [], heldOut: [], population: [] },
    ]),
  );
  for (let draw = 0; draw < draws; draw++) {
    const wanted = unlabelled + labels;
    const drawn = replace
      ? Array.from({ length: wanted }, () => Math.floor(random() * size))
      : shuffle(ranks, random).slice(0, wanted);
    // The same item drawn twice stands for two items that look alike.
    const items = drawn.map((rank, at): LabelledItem => ({ id: `${rank}.${at}`, score: rank, wrong: wrong[rank]! }));
    const grid = gridFrom(unlabelledSample(items.slice(0, unlabelled)), { size: 50 });
    const sample = calibrationSample(items.slice(unlabelled));
    const certificate = certify({ grid, sample, risk, delta });

    const lowest = grid.thresholds.map((threshold) => Math.floor(threshold));
    const calibration = drawn.slice(unlabelled);
    const accepted = lowest.map((least) => calibration.filter((rank) => rank >= least).length);
    const errors = lowest.map((least) => calibration.filter((rank) => rank >= least && wrong[rank]).length);
    const chosen: Record<string, number> = { pawl: certificate.kind === "certified" ? certificate.gridIndex : -1 };
    for (const [name, rule] of Object.entries(baselines)) chosen[name] = rule({ accepted, errors, risk, delta });
    for (const [name, point] of Object.entries(chosen)) {
      const outcome = outcomes[name]!;
      const least = point === -1 ? size : lowest[point]!;
      const inAll = { accepted: size - least, errors: errorsFrom[least]! };
      const used = replace ? [] : drawn.filter((rank) => rank >= least);
      const rest = {
        accepted: inAll.accepted - used.length,
        errors: inAll.errors - used.filter((rank) => wrong[rank]).length,
      };
      outcome.kept.push(rest.accepted / (replace ? size : size - wanted));
      outcome.heldOut.push(rest.accepted > 0 && rest.errors / rest.accepted > risk);
      outcome.population.push(inAll.accepted > 0 && inAll.errors / inAll.accepted > risk);
    }
  }
  return outcomes;
}

function rate(violated: readonly boolean[]): number {
  return violated.filter(Boolean).length / violated.length;
}

/** Means of resampled draws: the interval says how far another set of draws might lead. */
function resampledMeans(values: readonly number[]): number[] {
  const random = seededRandom(5);
  return Array.from({ length: 1000 }, () => mean(values.map(() => values[Math.floor(random() * values.length)]!)));
}

function promisesOf(data: Data): { readonly rows: readonly Promised[]; readonly hopeless: number } {
  const rows: Promised[] = [];
  for (const name of ["20news", "imdb"] as const) {
    const { probabilities, labels } = data.classified(name);
    const logs = probabilities.map((row) => row.map((p) => Math.log(Math.max(p, 1e-12))));
    const wrong = inOrder(logs, labels);
    const promises =
      name === "20news"
        ? [
            [1000, 0.05],
            [2000, 0.02],
            [2000, 0.01],
          ]
        : [
            [1000, 0.05],
            [2000, 0.05],
            [2000, 0.02],
          ];
    for (const [count, risk] of promises) rows.push({ data: name, wrong, labels: count!, risk: risk! });
  }
  for (const [task, risks] of [
    ["cosmosqa_10k", [0.05, 0.02]],
    ["hellaswag_10k", [0.1]],
  ] as const) {
    const sample = data.sample(task);
    const wrong = inOrder(
      sample.logits.yi6b,
      sample.large.map(([yi34b]) => yi34b!),
    );
    for (const risk of risks) rows.push({ data: `${task.slice(0, -4)}, Yi-6B`, wrong, labels: 1000, risk });
  }
  let hopeless = 0;
  const models: readonly Model[] = ["Qwen-7B", "Mistral-7B-v0.1", "Qwen-1_8B"];
  const tasks: readonly Task[] = ["cosmosqa_10k", "hellaswag_10k", "mmlu_10k", "halu_dialogue", "halu_summarization"];
  for (const model of models) {
    for (const task of tasks) {
      const wrong = inOrder(data.logits(model, task), data.logits("Yi-34B", task).map(top));
      for (const risk of [0.05, 0.1]) {
        if (bestInHindsight(wrong, risk) < 0.05) hopeless++;
        else rows.push({ data: `${task.replace("_10k", "").replace("_", " ")}, ${model}`, wrong, labels: 2000, risk });
      }
    }
  }
  return { rows, hopeless };
}

/** Wrong or not, by rising margin. Equal margins keep the order of a seeded shuffle, as jitter would have it. */
function inOrder(scores: Matrix, truths: readonly number[]): boolean[] {
  const order = shuffle([...scores.keys()], seededRandom(11));
  const margins = scores.map(margin);
  return order.sort((a, b) => margins[a]! - margins[b]!).map((item) => top(scores[item]!) !== truths[item]);
}

/** The largest share that could be kept at a risk if all labels were known. */
function bestInHindsight(wrong: readonly boolean[], risk: number): number {
  let [errors, best] = [0, 0];
  for (let kept = 1; kept <= wrong.length; kept++) {
    errors += Number(wrong[wrong.length - kept]);
    if (errors <= risk * kept) best = kept;
  }
  return best / wrong.length;
}
