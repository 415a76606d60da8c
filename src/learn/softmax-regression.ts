/**
 * Multinomial logistic regression with a ridge, whose strength is found by cross-validation. Folds are given from
 * outside (by cluster, so that duplicates stand on one side), and each fold starts only from what never saw its
 * held-out rows: a fit that stops early must not carry over what it should not know.
 */

import { temperatureOf } from "../guarantee/temperature.ts";
import { minimise } from "./lbfgs.ts";
import { momentsOf, type Precondition, preconditioner } from "./preconditioner.ts";
import { type Examples, layoutOf, SoftmaxLoss } from "./softmax-loss.ts";

/** Strengths tried, strongest first; scikit-learn's C is the inverse. */
export const ridges: readonly number[] = [10, 3, 1, 0.3, 0.1, 0.03, 0.01];
/** Where the search begins: what mostly wins between 100 and 10,000 labels, or its neighbour. */
const FIRST = 5;
/** Multiply-adds of one evaluation above which the strength is chosen on one fold instead of all. */
const COSTLY = 2e6;
const [ROUGH, FINE] = [1e-2, 1e-3];
const MOST_EVALUATIONS = 300;

/** Where fits start: coefficients of an earlier training, for all rows and for each fold without its own. */
export interface Start {
  readonly ridge: number;
  readonly all: Float64Array;
  readonly folds: readonly Float64Array[];
}

export interface TriedRidge {
  readonly ridge: number;
  /** Mean of -ln p of the held-out labels, each strength at its own best temperature. */
  readonly loss: number;
}

export interface Fitted {
  readonly ridge: number;
  readonly tried: readonly TriedRidge[];
  /** In the layout of `layoutOf`. */
  readonly coefficients: Float64Array;
  /** Scores of each row by the fit that did not see it, before softmax and temperature, row by row. */
  readonly outOfFold: Float64Array;
  readonly temperature: number;
  /** Mean of -ln p of the out-of-fold probabilities at that temperature. */
  readonly loss: number;
  readonly converged: boolean;
  readonly evaluations: number;
  /** For the next training. */
  readonly start: Start;
}

/** One fit on the rows of `use`. */
export function fitSoftmax(
  examples: Examples,
  ridge: number,
  options: { readonly use?: Int32Array; readonly tolerance?: number; readonly start?: Float64Array } = {},
): { readonly coefficients: Float64Array; readonly loss: number; readonly converged: boolean } {
  const { use = allRows(examples), tolerance = FINE, start = new Float64Array(layoutOf(examples).size) } = options;
  const loss = new SoftmaxLoss(examples);
  const precondition = preconditioner(examples, momentsOf(examples), ridge);
  const { point, value, converged } = minimise(
    (at, gradient) => loss.at(at, use, ridge, gradient),
    precondition,
    start,
    { tolerance, mostEvaluations: 20 * MOST_EVALUATIONS },
  );
  return { coefficients: point, loss: value, converged };
}

/** Chooses the strength, fits all rows with it, and says what each row gets from the fit that did not see it. */
export function fitCrossValidated(examples: Examples, foldOfRow: Uint8Array, folds: number, start?: Start): Fitted {
  return new CrossValidation(examples, foldOfRow, folds, start).run();
}

class CrossValidation {
  readonly #examples: Examples;
  readonly #loss: SoftmaxLoss;
  readonly #folds: readonly { readonly inside: Int32Array; readonly outside: Int32Array }[];
  readonly #preconditioners = new Map<number, Precondition>();
  readonly #moments: ReturnType<typeof momentsOf>;
  readonly #start: Start | undefined;
  readonly #current: Float64Array[];
  readonly #isCostly: boolean;
  #evaluations = 0;

  constructor(examples: Examples, foldOfRow: Uint8Array, folds: number, start: Start | undefined) {
    this.#examples = examples;
    this.#loss = new SoftmaxLoss(examples);
    this.#moments = momentsOf(examples);
    const rows = allRows(examples);
    this.#folds = Array.from({ length: folds }, (_, fold) => ({
      inside: rows.filter((row) => foldOfRow[row] !== fold),
      outside: rows.filter((row) => foldOfRow[row] === fold),
    }));
    this.#start = start;
    const { size } = layoutOf(examples);
    this.#current = this.#folds.map((_, fold) => start?.folds[fold] ?? new Float64Array(size));
    this.#isCostly = rows.length * examples.options * (examples.width + 24) > COSTLY;
  }

  run(): Fitted {
    const rows = allRows(this.#examples);
    const search = this.#search();
    const scores = search.scores ?? this.#outOfFold(search.ridge, this.#folds.keys());
    const { temperature, loss } = temperatureOf({ ...this.#examples, values: scores });
    // A fit on all rows is near the mean of those on most of them.
    const first = this.#start?.all ?? mean(search.folds ?? this.#current);
    const { point, converged } = this.#fit(rows, search.ridge, first, FINE);
    return {
      ridge: search.ridge,
      tried: search.tried,
      coefficients: point,
      outOfFold: scores,
      temperature,
      loss,
      converged,
      evaluations: this.#evaluations,
      start: { ridge: search.ridge, all: point, folds: search.folds ?? this.#current },
    };
  }

  /** Down the path of strengths from where it starts, while that helps; upwards when the first step did not. */
  #search(): { ridge: number; tried: TriedRidge[]; scores?: Float64Array; folds?: Float64Array[] } {
    const tried: TriedRidge[] = [];
    const used = this.#isCostly ? [0] : [...this.#folds.keys()];
    const from = this.#start ? Math.max(0, ridges.indexOf(this.#start.ridge)) : FIRST;
    let best: { place: number; loss: number; scores: Float64Array; folds: Float64Array[] } | undefined;
    const isBetter = (place: number): boolean => {
      const scores = this.#outOfFold(ridges[place]!, used);
      const { loss } = temperatureOf(this.#held(used, scores));
      tried.push({ ridge: ridges[place]!, loss });
      if (best && loss >= best.loss) return false;
      best = { place, loss, scores, folds: [...this.#current] };
      return true;
    };
    isBetter(from);
    for (let place = from + 1; place < ridges.length && isBetter(place); place++);
    if (best!.place === from) for (let place = from - 1; place >= 0 && isBetter(place); place--);
    const { place, scores, folds } = best!;
    const ridge = ridges[place]!;
    return this.#isCostly ? { ridge, tried } : { ridge, tried, scores, folds };
  }

  /** Fits the folds named, each from where it stands, and returns the scores of all rows; those of others are 0. */
  #outOfFold(ridge: number, folds: Iterable<number>): Float64Array {
    const { options, labels } = this.#examples;
    const all = new Float64Array(labels.length * options);
    for (const fold of folds) {
      const { inside, outside } = this.#folds[fold]!;
      this.#current[fold] = this.#fit(inside, ridge, this.#current[fold]!, ROUGH).point;
      const scores = this.#loss.scores(this.#current[fold]!, outside);
      for (const [place, row] of outside.entries()) {
        all.set(scores.subarray(place * options, (place + 1) * options), row * options);
      }
    }
    return all;
  }

  /** Only the rows of some folds. */
  #held(folds: readonly number[], scores: Float64Array) {
    const { options, labels, weights } = this.#examples;
    const rows = folds.flatMap((fold) => [...this.#folds[fold]!.outside]);
    const values = new Float64Array(rows.length * options);
    for (const [place, row] of rows.entries()) {
      values.set(scores.subarray(row * options, (row + 1) * options), place * options);
    }
    return {
      options,
      values,
      labels: Int32Array.from(rows, (row) => labels[row]!),
      weights: Float64Array.from(rows, (row) => weights[row]!),
    };
  }

  #fit(use: Int32Array, ridge: number, start: Float64Array, tolerance: number) {
    let precondition = this.#preconditioners.get(ridge);
    if (!precondition) {
      precondition = preconditioner(this.#examples, this.#moments, ridge);
      this.#preconditioners.set(ridge, precondition);
    }
    const fit = minimise((at, gradient) => this.#loss.at(at, use, ridge, gradient), precondition, start, {
      tolerance,
      mostEvaluations: MOST_EVALUATIONS,
    });
    this.#evaluations += fit.evaluations;
    return fit;
  }
}

function allRows({ labels }: Examples): Int32Array {
  return Int32Array.from(labels, (_, row) => row);
}

function mean(points: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(points[0]!.length);
  for (const point of points) for (let index = 0; index < sum.length; index++) sum[index]! += point[index]!;
  return sum.map((value) => value / points.length);
}
