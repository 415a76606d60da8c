/** How right a learned rung would be after so many labels, measured on a labelled past before anything runs. */

import { setImmediate } from "node:timers/promises";
import { thresholdFor } from "../core/threshold-for.ts";
import { type Share, wilson } from "../core/wilson.ts";
import { seededRandom, shuffle } from "../guarantee/random.ts";
import { LearnedModel } from "./learned.ts";
import { type Foretold, foretell, type Measured } from "./power-law.ts";
import { type Training, train, type WarmStart } from "./train.ts";
import { clustersOf, type TrainingSet } from "./training-set.ts";

export interface CurveOptions {
  /** Names the random order of the past; the same seed gives the same curve. */
  readonly seed?: number;
  /** Counts of labels; default 50, 100, 200, 400 and so on, and all there are. */
  readonly sizes?: readonly number[];
  /** Shares of wrong answers for which the share kept is told; default 5 % and 2 %. */
  readonly risks?: readonly number[];
  readonly onProgress?: (point: CurvePoint, done: number, of: number) => void;
  readonly signal?: AbortSignal;
  /** How to train; default in this thread, with a pause for the event loop after each. */
  readonly trainWith?: (set: TrainingSet, warm: WarmStart | undefined) => Training | Promise<Training>;
}

export interface CurvePoint {
  readonly labels: number;
  /**
   * `held-out`: on texts that were not trained on; `cross-validated`: where too few are left, by five fits that each
   * saw four fifths of these labels.
   */
  readonly how: "held-out" | "cross-validated";
  /** How many labels the fit behind the figure saw. */
  readonly trainedOn: number;
  readonly right: number;
  readonly of: number;
  readonly accuracy: Share;
  /** Shares that the best threshold would have kept, chosen on the very items it is told of: hindsight, no promise. */
  readonly keptInHindsight: readonly { readonly risk: number; readonly share: number }[];
  readonly basis: Training["state"]["basis"];
}

export interface LearningCurve {
  readonly points: readonly CurvePoint[];
  /** What so many more labels would buy; `null` with fewer than three points. */
  readonly withMore: (more: number) => Foretold | null;
}

/** With fewer texts left over than this, cross-validation says more. */
const ENOUGH_LEFT = 200;
/** Held-out texts that are decided for one point: the interval is then within 1.5 points at 90 %. */
const MOST_LEFT = 2000;

/** Trains at growing counts of labels in one random order. Rejects with the signal's reason when it is aborted. */
export async function learningCurve(past: TrainingSet, options: CurveOptions = {}): Promise<LearningCurve> {
  const { seed = 1, risks = [0.05, 0.02], onProgress, signal, trainWith = train } = options;
  const rows = [...past.texts.keys()];
  const order = shuffle(rows, seededRandom(seed));
  const sizes = options.sizes ?? defaultSizes(rows.length);
  const clusters = clustersOf(past);
  const points: CurvePoint[] = [];
  let warm: WarmStart | undefined;
  for (const size of sizes) {
    signal?.throwIfAborted();
    const used = order.slice(0, size);
    const training = await trainWith(part(past, used), warm);
    warm = training.warm;
    const seen = new Set(used.map((row) => clusters[row]!));
    const left = order.slice(size).filter((row) => !seen.has(clusters[row]!));
    const isHeldOut = left.length >= ENOUGH_LEFT;
    const scored = isHeldOut ? decided(training, past, left.slice(0, MOST_LEFT)) : outOfFold(training, past, used);
    const right = scored.filter((item) => item.right).length;
    const point: CurvePoint = {
      labels: size,
      how: isHeldOut ? "held-out" : "cross-validated",
      trainedOn: isHeldOut ? size : Math.round(0.8 * size),
      right,
      of: scored.length,
      accuracy: wilson(right, scored.length)!,
      keptInHindsight: risks.map((risk) => ({ risk, share: thresholdFor(scored, risk).kept / scored.length })),
      basis: training.state.basis,
    };
    points.push(point);
    onProgress?.(point, points.length, sizes.length);
    await setImmediate();
  }
  const measured: readonly Measured[] = points.map(({ trainedOn, right, of }) => ({ labels: trainedOn, right, of }));
  return { points, withMore: (more) => foretell(measured, rows.length + more, seed) };
}

/** 50, 100, 200 and so on below the number of texts, and all of them. */
export function defaultSizes(texts: number): readonly number[] {
  const sizes: number[] = [];
  for (let size = 50; size < texts; size *= 2) sizes.push(size);
  return [...sizes, texts];
}

/** Those rows of a set, in that order. */
export function part(set: TrainingSet, rows: readonly number[]): TrainingSet {
  const { texts, labels, sources, weights, clusters, dense, zeroShot, options } = set;
  const pick = <T>(list: readonly T[]): T[] => rows.map((row) => list[row]!);
  const wide = (list: Float32Array, width: number): Float32Array => {
    const picked = new Float32Array(rows.length * width);
    for (const [place, row] of rows.entries()) picked.set(list.subarray(row * width, (row + 1) * width), place * width);
    return picked;
  };
  return {
    ...set,
    texts: pick(texts),
    labels: pick(labels),
    ...(sources ? { sources: pick(sources) } : {}),
    ...(weights ? { weights: pick(weights) } : {}),
    ...(clusters ? { clusters: pick(clusters) } : {}),
    ...(dense ? { dense: { width: dense.width, values: wide(dense.values, dense.width) } } : {}),
    ...(zeroShot ? { zeroShot: wide(zeroShot, options.length) } : {}),
  };
}

interface Scored {
  readonly confidence: number;
  readonly right: boolean;
}

function decided({ state }: Training, past: TrainingSet, rows: readonly number[]): readonly Scored[] {
  const model = new LearnedModel(state);
  const { dense, zeroShot, options } = past;
  return rows.map((row) => {
    const { probabilities } = model.decide(past.texts[row]!, {
      dense: dense?.values.subarray(row * dense.width, (row + 1) * dense.width),
      zeroShot: zeroShot?.subarray(row * options.length, (row + 1) * options.length),
    });
    return scoredAs(probabilities, options.indexOf(past.labels[row]!));
  });
}

function outOfFold({ outOfFold: all }: Training, past: TrainingSet, rows: readonly number[]): readonly Scored[] {
  const width = past.options.length;
  return rows.map((row, place) =>
    scoredAs(all.subarray(place * width, (place + 1) * width), past.options.indexOf(past.labels[row]!)),
  );
}

function scoredAs(probabilities: Float32Array | Float64Array, label: number): Scored {
  let best = 0;
  for (let option = 1; option < probabilities.length; option++) {
    if (probabilities[option]! > probabilities[best]!) best = option;
  }
  return { confidence: probabilities[best]!, right: best === label };
}
