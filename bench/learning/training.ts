// How long training takes, what a decision costs, and how right the learned rungs are, on BANKING77 with stored vectors.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { banking8 } from "../../src/data/tickets.ts";
import { seededRandom, shuffle } from "../../src/guarantee/random.ts";
import type { LearnedModel } from "../../src/learn/learned.ts";
import { learnedToBytes } from "../../src/learn/learned-bytes.ts";
import { modelOf, type Training, train, type WarmStart } from "../../src/learn/train.ts";
import type { TrainingSet } from "../../src/learn/training-set.ts";
import { dataFolder, type Labelled, readSet } from "./sets.ts";

const WIDTH = 384;

export interface TrainingRow {
  readonly what: string;
  readonly labels: number;
  readonly seed: number;
  /** Processor seconds, which a busy machine moves less than those of the clock. */
  readonly processorSeconds: number;
  readonly seconds: number;
  /** Share right of the 3,080 test tickets. */
  readonly accuracy: number;
  readonly ridge: number;
  readonly kilobytes: number;
}

export interface DecisionRow {
  readonly what: string;
  /** Median microseconds of one decision, over blocks of a hundred. */
  readonly microseconds: number;
}

export interface TrainingMeasured {
  readonly training: readonly TrainingRow[];
  readonly decisions: readonly DecisionRow[];
}

interface Side {
  readonly rows: readonly Labelled[];
  readonly vectors: Float32Array;
}

/** Measures at these counts of labels with 8 options, and at `large` with 77; 0 leaves that out. */
export function measureTraining(
  options: {
    readonly folder?: string;
    readonly sizes?: readonly number[];
    readonly seeds?: number;
    /** The first seed; 1 by default. */
    readonly first?: number;
    readonly large?: number;
    readonly onRow?: (row: TrainingRow) => void;
  } = {},
): TrainingMeasured {
  const { sizes = [400, 800, 1600, 2000, 4000], seeds = 1, first = 1, large = 8000, onRow } = options;
  const parts = readSet(dataFolder(options.folder), "banking77");
  const [past, test] = [side(parts.train!), side(parts.test!)];
  const { options: teams, fold } = banking8();
  const eight = { names: Object.keys(teams), of: (intent: string) => fold[intent]! };
  const all = { names: [...new Set(past.rows.map(({ label }) => label))], of: (intent: string) => intent };
  const training: TrainingRow[] = [];
  const decisions: DecisionRow[] = [];

  const measure = (
    what: string,
    seed: number,
    labels: number,
    fold: typeof eight,
    dense: boolean,
    warm?: WarmStart,
  ): Training => {
    const order = shuffle([...past.rows.keys()], seededRandom(seed)).slice(0, labels);
    const set = setOf(past, order, fold, dense);
    const [started, before] = [performance.now(), process.cpuUsage()];
    const trained = train(set, warm);
    const [seconds, used] = [(performance.now() - started) / 1000, process.cpuUsage(before)];
    const model = modelOf(trained);
    const row: TrainingRow = {
      what,
      labels,
      seed,
      processorSeconds: (used.user + used.system) / 1e6,
      seconds,
      accuracy: accuracyOf(model, test, fold, dense),
      ridge: trained.state.ridge,
      kilobytes: learnedToBytes(trained.state).length / 1024,
    };
    training.push(row);
    onRow?.(row);
    return trained;
  };

  for (let seed = first; seed < first + seeds; seed++) {
    for (const labels of sizes) {
      const words = measure("8 options, words", seed, labels, eight, false);
      const head = measure("8 options, words and vector", seed, labels, eight, true);
      if (labels === sizes.at(-1) && seed === first) {
        decisions.push(
          { what: "words, 8 options", microseconds: microsecondsOf(modelOf(words), test, false) },
          { what: "words and vector, 8 options", microseconds: microsecondsOf(modelOf(head), test, true) },
        );
      }
      if (labels === 2000) {
        const start = measure("8 options, before the warm start", seed, 1600, eight, true).warm;
        measure("8 options, warm from 1,600", seed, 2000, eight, true, start);
      }
    }
  }
  if (large > 0) {
    const head = measure("77 options, words and vector", 1, large, all, true);
    decisions.push({ what: "words and vector, 77 options", microseconds: microsecondsOf(modelOf(head), test, true) });
  }
  return { training, decisions };
}

/** Rows with the vectors that `scores.ts` has stored for them. */
function side(rows: readonly Labelled[]): Side {
  const key = createHash("sha256")
    .update(rows.map(({ text }) => text).join("\n"))
    .digest("hex")
    .slice(0, 12);
  const file = `${import.meta.dirname}/cache/minilm-${key}.f32`;
  if (!existsSync(file)) throw new Error(`${file} is missing: the bench of the learning curve reads the texts first`);
  const bytes = readFileSync(file);
  return { rows, vectors: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)) };
}

function setOf(
  { rows, vectors }: Side,
  order: readonly number[],
  fold: { readonly names: readonly string[]; readonly of: (intent: string) => string },
  dense: boolean,
): TrainingSet {
  const values = new Float32Array(dense ? order.length * WIDTH : 0);
  if (dense) for (const [at, row] of order.entries()) values.set(vectorAt(vectors, row), at * WIDTH);
  return {
    options: fold.names,
    texts: order.map((row) => rows[row]!.text),
    labels: order.map((row) => fold.of(rows[row]!.label)),
    ...(dense ? { dense: { width: WIDTH, values } } : {}),
  };
}

function vectorAt(vectors: Float32Array, row: number): Float32Array {
  return vectors.subarray(row * WIDTH, (row + 1) * WIDTH);
}

function accuracyOf(
  model: LearnedModel,
  { rows, vectors }: Side,
  fold: { readonly names: readonly string[]; readonly of: (intent: string) => string },
  dense: boolean,
): number {
  const right = rows.filter(({ text, label }, row) => {
    const { probabilities } = model.decide(text, dense ? { dense: vectorAt(vectors, row) } : {});
    return fold.names[probabilities.indexOf(Math.max(...probabilities))] === fold.of(label);
  });
  return right.length / rows.length;
}

function microsecondsOf(model: LearnedModel, { rows, vectors }: Side, dense: boolean): number {
  const times: number[] = [];
  for (let block = 0; block < 300; block++) {
    const started = performance.now();
    for (let index = 0; index < 100; index++) {
      const row = (block * 100 + index) % rows.length;
      model.decide(rows[row]!.text, dense ? { dense: vectorAt(vectors, row) } : {});
    }
    times.push((performance.now() - started) * 10);
  }
  return times.sort((a, b) => a - b)[times.length / 2]!;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === import.meta.filename) {
  const [sizes, seeds, large] = process.argv.slice(2);
  const { decisions } = measureTraining({
    ...(sizes ? { sizes: sizes.split(",").map(Number) } : {}),
    seeds: Number(seeds ?? 1),
    large: Number(large ?? 8000),
    onRow: (row) =>
      console.log(
        `${row.what}, ${row.labels} labels, seed ${row.seed}: ${(100 * row.accuracy).toFixed(2)} % right, ${row.processorSeconds.toFixed(2)} s of the processor, ${row.seconds.toFixed(2)} s, ridge ${row.ridge}, ${row.kilobytes.toFixed(0)} KiB`,
      ),
  });
  for (const { what, microseconds } of decisions) console.log(`${what}: ${microseconds.toFixed(1)} µs a decision`);
}
