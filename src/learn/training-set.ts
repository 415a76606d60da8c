/** What a question's learned rung is trained on, checked and brought into shape. */

import { UsageError } from "../core/errors.ts";
import { clusterKey } from "./clusters.ts";
import type { WordSettings } from "./words.ts";

/** Numbers that stand with each text, one behind the other, `width` a row. */
export interface Dense {
  readonly width: number;
  readonly values: Float32Array;
}

/** A stretch of the dense numbers that is scaled as one. */
export interface Block {
  readonly name: string;
  readonly width: number;
  /**
   * `"unit"`: unit vectors, taken twice (engine.md 6.4). `"standard"`: each number less its mean, over the block's
   * spread so that a row's usual length is 2: for numbers on a scale of their own, such as log-probabilities.
   */
  readonly scaling: "unit" | "standard";
}

export interface TrainingSet {
  /** All options of the question, in its order; those without an example stay unlearned. */
  readonly options: readonly string[];
  readonly texts: readonly string[];
  /** The label of each text: one of the options. */
  readonly labels: readonly string[];
  /** Who said so, such as `person`, `frontier`, `known`: counted, and kept with what is learned. */
  readonly sources?: readonly string[];
  /** How much each text counts, 1 if not given; an audit that was drawn with probability pi counts 1 / pi. */
  readonly weights?: readonly number[];
  /** Texts with the same key stay on one side of each fold. Default: `clusterKey` of the text. */
  readonly clusters?: readonly string[];
  readonly dense?: Dense;
  /** How `dense` is made up; default one `"unit"` block. */
  readonly blocks?: readonly Block[];
  /** Scores of each option without any label, `options.length` a row: cosines or corrected log-probabilities. */
  readonly zeroShot?: Float32Array;
  readonly words?: WordSettings;
  /** Names the division into folds; default `folds`. The same salt gives a cluster the same fold in each training. */
  readonly salt?: string;
}

/** The blocks of a set's dense numbers; none without any. */
export function blocksOf({ dense, blocks }: TrainingSet): readonly Block[] {
  if (!dense) return [];
  return blocks ?? [{ name: "vector", width: dense.width, scaling: "unit" }];
}

export function clustersOf({ clusters, texts }: TrainingSet): readonly string[] {
  return clusters ?? texts.map(clusterKey);
}

/** Throws a `UsageError` `E_LEARN` that says what does not fit together. */
export function checkTrainingSet(set: TrainingSet): void {
  const { options, texts, labels, sources, weights, clusters, dense, zeroShot } = set;
  const fault = (what: string, value?: unknown): never => {
    throw new UsageError("E_LEARN", `this cannot be learned from: ${what}`, { value });
  };
  const rows = texts.length;
  if (new Set(options).size !== options.length) fault("an option is named twice", options);
  for (const [name, list] of Object.entries({ labels, sources, weights, clusters })) {
    if (list && list.length !== rows) fault(`${rows} texts and ${list.length} ${name}`);
  }
  const known = new Set(options);
  const stranger = labels.find((label) => !known.has(label));
  if (stranger !== undefined) fault(`the label ${JSON.stringify(stranger)} is none of the options`, stranger);
  if (new Set(labels).size < 2) fault("fewer than two options have an example");
  if (new Set(clustersOf(set)).size < 5) fault("fewer than five different texts");
  const bad = weights?.find((weight) => !(weight > 0 && Number.isFinite(weight)));
  if (bad !== undefined) fault(`a weight is a positive number, not ${bad}`, bad);
  if (dense && dense.values.length !== rows * dense.width) {
    fault(`${dense.values.length} dense numbers for ${rows} texts of ${dense.width}`);
  }
  const widths = blocksOf(set).reduce((sum, block) => sum + block.width, 0);
  if (dense && widths !== dense.width) fault(`blocks of ${widths} numbers together, and ${dense.width} a text`);
  if (zeroShot && zeroShot.length !== rows * options.length) {
    fault(`${zeroShot.length} zero-shot scores for ${rows} texts and ${options.length} options`);
  }
  for (const list of [dense?.values, zeroShot]) {
    const wrong = list?.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) fault("a dense number or a zero-shot score is not finite", wrong);
  }
}

/** What is taken off each dense number, and what it is multiplied with then. */
export interface Scaling {
  readonly centre: Float64Array;
  readonly scale: Float64Array;
}

export function scalingOf(dense: Dense, blocks: readonly Block[]): Scaling {
  const { width, values } = dense;
  const rows = values.length / width;
  const centre = new Float64Array(width);
  const scale = new Float64Array(width).fill(2);
  let from = 0;
  for (const block of blocks) {
    if (block.scaling === "standard") {
      let squares = 0;
      for (let number = from; number < from + block.width; number++) {
        let [sum, sumOfSquares] = [0, 0];
        for (let row = 0; row < rows; row++) {
          const value = values[row * width + number]!;
          sum += value;
          sumOfSquares += value * value;
        }
        centre[number] = sum / rows;
        squares += Math.max(0, sumOfSquares / rows - (sum / rows) ** 2);
      }
      // A block that never changes says nothing, and must not be blown up.
      scale.fill(squares > 1e-12 ? 2 / Math.sqrt(squares) : 0, from, from + block.width);
    }
    from += block.width;
  }
  return { centre, scale };
}

export function scaled({ width, values }: Dense, { centre, scale }: Scaling): Float64Array {
  const to = new Float64Array(values.length);
  for (let at = 0; at < to.length; at += width) {
    for (let number = 0; number < width; number++) {
      to[at + number] = (values[at + number]! - centre[number]!) * scale[number]!;
    }
  }
  return to;
}
