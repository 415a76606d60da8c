/**
 * Temperature scaling (Guo and others 2017): p = softmax(z / T), one number that makes probabilities bolder (below 1)
 * or more careful (above 1) and never changes which option is best.
 */

import { UsageError } from "../core/errors.ts";
import { crossFitted, foldsOf } from "./folds.ts";
import { sigmoid } from "./logistic.ts";
import { type ScoredLabel, weightsOf } from "./scored.ts";

/** A temperature outside of this says that the logits carry nothing, or everything. */
const LEAST = 0.01;
const MOST = 100;

/** Labels at which the own temperature and the pooled one count alike (escalation.md c.2). */
const HALF_TRUSTED = 100;

/** Least probability whose logarithm is taken. */
const CLIP = 1e-6;

/** The softmax of `logits` / `temperature`; log-probabilities are logits too. */
export function tempered(logits: readonly number[], temperature: number): number[] {
  const most = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp((logit - most) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** The T with the least negative log-likelihood. `logits`: n × options; `truths`: index of the right option of each. */
export function fitTemperature(logits: readonly (readonly number[])[], truths: readonly number[]): number {
  refuseUnusable(logits, truths);
  return coldest((temperature) => {
    let slope = 0;
    for (const [index, row] of logits.entries()) {
      const p = tempered(row, temperature);
      slope += row.reduce((sum, logit, at) => sum + p[at]! * logit, 0) - row[truths[index]!]!;
    }
    return slope;
  });
}

/** The same for scores, which are log-odds of being right: p = 1 / (1 + exp(-score / T)). */
export function fitScoreTemperature(items: readonly ScoredLabel[]): number {
  const weights = weightsOf(items);
  return coldest((temperature) =>
    items.reduce(
      (sum, { score, correct }, index) =>
        sum + weights[index]! * score * (sigmoid(score / temperature) - (correct ? 1 : 0)),
      0,
    ),
  );
}

/** Between the own temperature and the pooled one, on the scale of logarithms: the own counts n / (n + 100). */
export function shrunkTemperature(fitted: number, pooled: number, labels: number): number {
  const own = labels / (labels + HALF_TRUSTED);
  return Math.exp(own * Math.log(fitted) + (1 - own) * Math.log(pooled));
}

/** Scores of rows, `options` a row, with the right option of each and what the row weighs. */
export interface Scores {
  readonly options: number;
  readonly values: Float64Array;
  readonly labels: Int32Array;
  readonly weights: Float64Array;
}

/** Where the search among many rows looks. */
const [COLD, HOT] = [0.02, 50];

/**
 * The temperature of many weighted rows with the least mean of -ln p(right option), p at least 1e-6, by golden section on
 * its logarithm; three digits are exact. Unlike `fitTemperature` it bounds what a row may cost, so that one bad label does not
 * choose the temperature; the loss is not convex then.
 */
export function temperatureOf(scores: Scores): { readonly temperature: number; readonly loss: number } {
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(COLD), Math.log(HOT)];
  const at = (logarithm: number): number => meanLoss(scores, Math.exp(logarithm));
  let [left, right] = [high - golden * (high - low), low + golden * (high - low)];
  let [lossLeft, lossRight] = [at(left), at(right)];
  while (high - low > 2e-3) {
    if (lossLeft <= lossRight) {
      [high, right, lossRight] = [right, left, lossLeft];
      left = high - golden * (high - low);
      lossLeft = at(left);
    } else {
      [low, left, lossLeft] = [left, right, lossRight];
      right = low + golden * (high - low);
      lossRight = at(right);
    }
  }
  const temperature = Math.exp((low + high) / 2);
  return { temperature, loss: meanLoss(scores, temperature) };
}

/** Weighted; 0 without rows. In one pass over the numbers: a training asks for it some hundred times. */
function meanLoss({ options, values, labels, weights }: Scores, temperature: number): number {
  let [sum, total] = [0, 0];
  for (let row = 0; row < labels.length; row++) {
    const at = row * options;
    let top = Number.NEGATIVE_INFINITY;
    for (let index = at; index < at + options; index++) top = Math.max(top, values[index]!);
    let exponentials = 0;
    for (let index = at; index < at + options; index++) exponentials += Math.exp((values[index]! - top) / temperature);
    const lost = Math.log(exponentials) - (values[at + labels[row]!]! - top) / temperature;
    sum += weights[row]! * Math.min(lost, -Math.log(CLIP));
    total += weights[row]!;
  }
  return total === 0 ? 0 : sum / total;
}

export interface AdoptedTemperature {
  /** 1 where it was not adopted. */
  readonly temperature: number;
  readonly adopted: boolean;
  /** Mean negative log-likelihood of the right option, nats, clipped at 1e-6: as it was, and held out at the fitted T. */
  readonly rawNll: number;
  readonly nll: number;
}

export interface AdoptTemperatureOptions {
  /** Shrinks towards this one, by the number of labels; no shrinking unless told. */
  readonly pooled?: number;
  readonly folds?: number;
  readonly seed?: number;
  /** Cluster of each item. */
  readonly clusters?: readonly string[];
}

/** Fits a temperature and adopts it only where it lowers the cross-validated negative log-likelihood. */
export function adoptTemperature(
  logits: readonly (readonly number[])[],
  truths: readonly number[],
  options: AdoptTemperatureOptions = {},
): AdoptedTemperature {
  const { pooled, folds = 10, seed = 1, clusters } = options;
  const learn = (indexes: readonly number[]): number => {
    const rows = indexes.map((index) => logits[index]!);
    const labels = indexes.map((index) => truths[index]!);
    const fitted = fitTemperature(rows, labels);
    return pooled === undefined ? fitted : shrunkTemperature(fitted, pooled, indexes.length);
  };
  const lossOf = (temperature: number, index: number): number =>
    -Math.log(Math.max(CLIP, tempered(logits[index]!, temperature)[truths[index]!]!));
  const all = [...logits.keys()];
  const temperature = learn(all);
  const rawNll = mean(all.map((index) => lossOf(1, index)));
  const held = crossFitted(
    foldsOf(logits.length, folds, seed, (index) => clusters?.[index]),
    learn,
    lossOf,
  );
  const nll = held ? mean(held) : Number.POSITIVE_INFINITY;
  return nll < rawNll ? { temperature, adopted: true, rawNll, nll } : { temperature: 1, adopted: false, rawNll, nll };
}

/**
 * Where the loss is flat in 1 / T. It is convex there, and `slope` (its derivative) grows with 1 / T, so halving the
 * interval finds the place, to 1e-9; at an end of it when there is none inside.
 */
function coldest(slope: (temperature: number) => number): number {
  let [low, high] = [Math.log(LEAST), Math.log(MOST)];
  // Nothing to learn from: every temperature fits alike.
  if (slope(LEAST) === 0 && slope(MOST) === 0) return 1;
  for (let halving = 0; halving < 34; halving++) {
    const middle = (low + high) / 2;
    if (slope(Math.exp(middle)) > 0) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function refuseUnusable(logits: readonly (readonly number[])[], truths: readonly number[]): void {
  if (logits.length !== truths.length || logits.length === 0) {
    const value = { logits: logits.length, truths: truths.length };
    throw new UsageError("temperature_lengths", "a temperature needs items, and a right option for each", { value });
  }
  for (const [index, row] of logits.entries()) {
    const truth = truths[index]!;
    if (!row.every(Number.isFinite) || !Number.isInteger(truth) || truth < 0 || truth >= row.length) {
      throw new UsageError("temperature_row", `item ${index} has no finite logits with a right option among them`, {
        value: { row, truth },
      });
    }
  }
}
