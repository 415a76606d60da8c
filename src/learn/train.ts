/** From labelled texts to a model, and what cross-validation says of it. Pure: the same set gives the same bytes. */

import { temperatureOf } from "../guarantee/temperature.ts";
import { foldOf } from "./clusters.ts";
import { type Basis, LearnedModel, type LearnedState } from "./learned.ts";
import { type Examples, layoutOf } from "./softmax-loss.ts";
import { type Fitted, fitCrossValidated, type Start, type TriedRidge } from "./softmax-regression.ts";
import {
  blocksOf,
  checkTrainingSet,
  clustersOf,
  type Scaling,
  scaled,
  scalingOf,
  type TrainingSet,
} from "./training-set.ts";
import { type WordTable, wordTable } from "./word-table.ts";
import { defaultWords } from "./words.ts";

const FOLDS = 5;
/** From so many texts on a gram of a single text is left out: half the time, and then no worse. */
const MANY_TEXTS = 1000;

/** What cross-validation says of one way to decide. */
export interface BasisReport {
  readonly basis: Basis;
  /** Weighted mean of -ln p(label) of texts that the fit had not seen. */
  readonly loss: number;
  readonly accuracy: number;
}

/** Where the next training of the same question may start. Kept in memory, not with the model. */
export interface WarmStart {
  readonly options: readonly string[];
  readonly buckets: Uint32Array;
  readonly width: number;
  readonly salt: string;
  readonly starts: Readonly<Partial<Record<Basis, Start>>>;
}

export interface Training {
  readonly state: LearnedState;
  /**
   * The probability of each option for each text, by the fit that did not see the text or its duplicates;
   * `options.length` a row. What thresholds may be tuned on: out of sample, and never for a certificate.
   */
  readonly outOfFold: Float32Array;
  /** The ways that were compared; the model's is the one with the least loss. */
  readonly compared: readonly BasisReport[];
  readonly tried: readonly TriedRidge[];
  readonly warm: WarmStart;
}

interface Candidate {
  readonly basis: Basis;
  /** Out-of-fold scores of the learned options. */
  readonly scores: Float64Array;
  readonly temperature: number;
  readonly loss: number;
  readonly fitted?: Fitted;
}

/** Trains words, and the dense numbers where there are any. Throws a `UsageError` `E_LEARN` for a set that cannot be. */
export function train(set: TrainingSet, warm?: WarmStart): Training {
  checkTrainingSet(set);
  const used = new Set(set.labels);
  const learned = [...set.options.keys()].filter((place) => used.has(set.options[place]!));
  const placeOf = new Map(learned.map((place, index) => [set.options[place]!, index]));
  const salt = set.salt ?? "folds";
  const words = set.words ?? defaultWords;
  const table = wordTable(set.texts, words, set.texts.length < MANY_TEXTS ? 1 : 2);
  const scaling = set.dense && scalingOf(set.dense, blocksOf(set));
  const examples: Examples = {
    options: learned.length,
    labels: Int32Array.from(set.labels, (label) => placeOf.get(label)!),
    weights: meanOne(set.weights, set.texts.length),
    sparse: table.rows,
    width: set.dense?.width ?? 0,
    dense: set.dense && scaling ? scaled(set.dense, scaling) : new Float64Array(0),
  };
  const folds = Uint8Array.from(clustersOf(set), (cluster) => foldOf(cluster, salt, FOLDS));
  const zeroShot = set.zeroShot && zeroShotOf(set.zeroShot, set.options.length, learned, examples);
  const shape = { options: learned.map((place) => set.options[place]!), buckets: table.buckets, width: examples.width };
  const candidateOf = (basis: Basis, offsets?: Float64Array): Candidate => {
    const start = warm && startFrom(warm, basis, { ...shape, salt });
    const fitted = fitCrossValidated(offsets ? { ...examples, offsets } : examples, folds, FOLDS, start);
    return { basis, scores: fitted.outOfFold, temperature: fitted.temperature, loss: fitted.loss, fitted };
  };
  const candidates = [candidateOf("learned")];
  if (zeroShot) {
    candidates.push(candidateOf("both", zeroShot.scores));
    candidates.push({ basis: "zero-shot", scores: zeroShot.scores, temperature: 1, loss: zeroShot.loss });
  }
  const best = candidates.reduce((least, one) => (one.loss < least.loss ? one : least));
  const { fitted } = best;
  const state: LearnedState = {
    options: [...set.options],
    learned,
    examples: set.options.map((option) => set.labels.filter((label) => label === option).length),
    sources: tally(set.sources ?? set.texts.map(() => "unknown")),
    basis: best.basis,
    words,
    ridge: fitted?.ridge ?? 0,
    temperature: best.temperature,
    zeroShotTemperature: zeroShot?.temperature ?? 0,
    ...(fitted ? weightsOf(fitted.coefficients, examples, table, scaling) : noWeights(learned.length)),
  };
  const starts = candidates.flatMap((one) => (one.fitted ? [[one.basis, one.fitted.start]] : []));
  return {
    state,
    outOfFold: outOfFoldOf(best, learned, set, zeroShot?.temperature),
    compared: candidates.map((one) => ({
      basis: one.basis,
      loss: one.loss,
      accuracy: accuracyOf(one.scores, examples),
    })),
    tried: (fitted ?? candidates[0]!.fitted!).tried,
    warm: { ...shape, salt, starts: Object.fromEntries(starts) },
  };
}

/** The model of a training. */
export function modelOf({ state }: Training): LearnedModel {
  return new LearnedModel(state);
}

/** Weights with a mean of 1, so that a ridge means the same whatever their unit. */
function meanOne(weights: readonly number[] | undefined, rows: number): Float64Array {
  if (!weights) return new Float64Array(rows).fill(1);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Float64Array.from(weights, (weight) => (weight * rows) / total);
}

/** The zero-shot scores of the learned options at the temperature that fits the labels best: one number is fitted. */
function zeroShotOf(all: Float32Array, options: number, learned: readonly number[], examples: Examples) {
  const rows = examples.labels.length;
  const values = new Float64Array(rows * learned.length);
  for (let row = 0; row < rows; row++) {
    for (const [place, option] of learned.entries())
      values[row * learned.length + place] = all[row * options + option]!;
  }
  // Cosines lie close together: brought to a spread of 1 first, they are within the temperatures looked at.
  const spread = spreadOf(values, learned.length) || 1;
  const { temperature, loss } = temperatureOf({ ...examples, values: values.map((value) => value / spread) });
  return { temperature: temperature * spread, loss, scores: values.map((value) => value / (temperature * spread)) };
}

/** Root mean square distance of scores to their row's mean. */
function spreadOf(values: Float64Array, options: number): number {
  let squares = 0;
  for (let at = 0; at < values.length; at += options) {
    const row = values.subarray(at, at + options);
    const mean = row.reduce((sum, value) => sum + value, 0) / options;
    squares += row.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  }
  return Math.sqrt(squares / values.length);
}

/** The earlier coefficients, each at its place in the new layout; what is new starts at 0. */
function startFrom(warm: WarmStart, basis: Basis, shape: Omit<WarmStart, "starts">): Start | undefined {
  const start = warm.starts[basis];
  // Other folds would start from what has seen their held-out rows.
  if (!start || warm.salt !== shape.salt || warm.width !== shape.width) return undefined;
  const { buckets, width } = shape;
  const optionAt = shape.options.map((option) => warm.options.indexOf(option));
  const columnAt = new Map([...warm.buckets].map((bucket, column) => [bucket, column]));
  const before = warm.options.length;
  const now = optionAt.length;
  const moved = (from: Float64Array): Float64Array => {
    const to = new Float64Array(buckets.length * now + now * width + now);
    const [denseBefore, denseNow] = [warm.buckets.length * before, buckets.length * now];
    for (const [option, old] of optionAt.entries()) {
      if (old < 0) continue;
      for (const [column, bucket] of buckets.entries()) {
        const oldColumn = columnAt.get(bucket);
        if (oldColumn !== undefined) to[column * now + option] = from[oldColumn * before + old]!;
      }
      const at = denseBefore + old * width;
      to.set(from.subarray(at, at + width), denseNow + option * width);
      to[denseNow + now * width + option] = from[denseBefore + before * width + old]!;
    }
    return to;
  };
  return { ridge: start.ridge, all: moved(start.all), folds: start.folds.map(moved) };
}

type Weights = Pick<LearnedState, "width" | "buckets" | "frequencies" | "wordWeights" | "denseWeights" | "intercepts">;

/** The coefficients as a model keeps them: the scaling of the dense numbers goes into weights and intercepts. */
function weightsOf(
  coefficients: Float64Array,
  examples: Examples,
  table: WordTable,
  scaling: Scaling | undefined,
): Weights {
  const { options, width } = examples;
  const layout = layoutOf(examples);
  const denseWeights = new Float32Array(options * width);
  const intercepts = new Float32Array(options);
  for (let option = 0; option < options; option++) {
    let intercept = coefficients[layout.intercepts + option]!;
    for (let number = 0; scaling && number < width; number++) {
      const weight = coefficients[layout.dense + option * width + number]! * scaling.scale[number]!;
      denseWeights[option * width + number] = weight;
      intercept -= weight * scaling.centre[number]!;
    }
    intercepts[option] = intercept;
  }
  const wordWeights = Float32Array.from(coefficients.subarray(0, layout.dense));
  return { width, buckets: table.buckets, frequencies: table.weights, wordWeights, denseWeights, intercepts };
}

function noWeights(options: number): Weights {
  const none = new Float32Array(0);
  return {
    width: 0,
    buckets: new Uint32Array(0),
    frequencies: none,
    wordWeights: none,
    denseWeights: none,
    intercepts: new Float32Array(options),
  };
}

/** As a model decides: the unlearned options keep their zero-shot probability, the learned share the rest. */
function outOfFoldOf(
  { basis, scores, temperature }: Candidate,
  learned: readonly number[],
  { options, texts, zeroShot }: TrainingSet,
  zeroShotTemperature: number | undefined,
): Float32Array {
  const all = new Float32Array(texts.length * options.length);
  for (let row = 0; row < texts.length; row++) {
    const at = row * options.length;
    const from = row * learned.length;
    const own = softmax(scores.subarray(from, from + learned.length), basis === "zero-shot" ? 1 : temperature);
    let share = 1;
    if (zeroShot && zeroShotTemperature !== undefined && learned.length < options.length) {
      const prior = softmax(Float64Array.from(zeroShot.subarray(at, at + options.length)), zeroShotTemperature);
      share = learned.reduce((sum, option) => sum + prior[option]!, 0);
      all.set(prior, at);
    }
    for (const [place, option] of learned.entries()) all[at + option] = share * own[place]!;
  }
  return all;
}

function softmax(scores: Float64Array, temperature: number): Float64Array {
  const top = Math.max(...scores);
  const exponentials = scores.map((score) => Math.exp((score - top) / temperature));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}

/** Weighted share of rows whose best score is their label's. */
function accuracyOf(scores: Float64Array, { labels, weights, options }: Examples): number {
  let [right, total] = [0, 0];
  for (const [row, label] of labels.entries()) {
    const own = scores.subarray(row * options, (row + 1) * options);
    if (own.every((score, option) => option === label || score < own[label]!)) right += weights[row]!;
    total += weights[row]!;
  }
  return right / total;
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
