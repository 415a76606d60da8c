/**
 * A rough inverse of the loss's curvature, which brings the number of evaluations from a hundred down to a dozen:
 * exact between the dense numbers (Cholesky), diagonal for the word columns, the same for every option. It holds
 * what the rows look like and never their labels, so one serves all folds.
 */

import { type Examples, INTERCEPT_RIDGE, layoutOf } from "./softmax-loss.ts";

/** Mean of p (1 - p) over options and rows at a good fit. Only speed depends on it. */
const CURVATURE = 0.05;
/** Rows that the dense part is estimated from: more does not make it better. */
const MOST_ROWS = 2000;

/** Sums of squares of the word columns, and of products of the dense numbers with a 1 behind them. */
export interface Moments {
  readonly sparse: Float64Array;
  readonly dense: Float64Array;
  readonly width: number;
}

export function momentsOf({ labels, weights, sparse, width, dense }: Examples): Moments {
  const rows = labels.length;
  const squares = new Float64Array(sparse.columns);
  for (let row = 0; row < rows; row++) {
    for (let entry = sparse.starts[row]!; entry < sparse.starts[row + 1]!; entry++) {
      squares[sparse.places[entry]!]! += weights[row]! * sparse.values[entry]! ** 2;
    }
  }
  const wide = width + 1;
  const products = new Float64Array(wide * wide);
  const step = Math.max(1, Math.ceil(rows / MOST_ROWS));
  // Rows times their own numbers, one weighted row at a time with a 1 behind; two rows share each pass.
  const a = new Float64Array(wide);
  const b = new Float64Array(wide);
  const fill = (to: Float64Array, row: number): void => {
    if (row >= rows) {
      to.fill(0);
      return;
    }
    const scale = Math.sqrt(weights[row]! * step);
    for (let index = 0; index < width; index++) to[index] = scale * dense[row * width + index]!;
    to[width] = scale;
  };
  for (let row = 0; row < rows; row += 2 * step) {
    fill(a, row);
    fill(b, row + step);
    for (let i = 0; i < wide; i++) {
      const [ai, bi, at] = [a[i]!, b[i]!, i * wide];
      for (let j = 0; j <= i; j++) products[at + j]! += ai * a[j]! + bi * b[j]!;
    }
  }
  return { sparse: squares, dense: products, width };
}

/** Writes an approximation of `curvature⁻¹ gradient` into `to`. */
export type Precondition = (gradient: Float64Array, to: Float64Array) => void;

export function preconditioner(examples: Examples, moments: Moments, ridge: number): Precondition {
  const { options, sparse, width } = examples;
  const layout = layoutOf(examples);
  const wide = width + 1;
  const inverse = moments.sparse.map((squares) => 1 / (CURVATURE * squares + ridge));
  const root = cholesky(moments.dense, wide, ridge);
  // The upper triangle as rows of its own: both substitutions then read memory in order.
  const turned = new Float64Array(wide * wide);
  for (let i = 0; i < wide; i++) for (let j = 0; j <= i; j++) turned[j * wide + i] = root[i * wide + j]!;
  const column = new Float64Array(wide);
  return (gradient, to) => {
    for (let place = 0; place < sparse.columns; place++) {
      const scale = inverse[place]!;
      for (let at = place * options; at < (place + 1) * options; at++) to[at] = scale * gradient[at]!;
    }
    for (let option = 0; option < options; option++) {
      const at = layout.dense + option * width;
      column.set(gradient.subarray(at, at + width));
      column[width] = gradient[layout.intercepts + option]!;
      for (let i = 0; i < wide; i++) {
        let sum = column[i]!;
        const row = i * wide;
        for (let j = 0; j < i; j++) sum -= root[row + j]! * column[j]!;
        column[i] = sum / root[row + i]!;
      }
      for (let i = wide - 1; i >= 0; i--) {
        let sum = column[i]!;
        const row = i * wide;
        for (let j = i + 1; j < wide; j++) sum -= turned[row + j]! * column[j]!;
        column[i] = sum / turned[row + i]!;
      }
      to.set(column.subarray(0, width), at);
      to[layout.intercepts + option] = column[width]!;
    }
  };
}

/** The lower root of CURVATURE * products + ridge, the intercept with its own. */
function cholesky(products: Float64Array, wide: number, ridge: number): Float64Array {
  const root = new Float64Array(wide * wide);
  for (let i = 0; i < wide; i++) {
    const rowI = i * wide;
    for (let j = 0; j <= i; j++) {
      const rowJ = j * wide;
      let s0 = CURVATURE * products[rowI + j]!;
      let s1 = i === j ? (i === wide - 1 ? ridge * INTERCEPT_RIDGE : ridge) : 0;
      let k = 0;
      for (; k + 1 < j; k += 2) {
        s0 -= root[rowI + k]! * root[rowJ + k]!;
        s1 -= root[rowI + k + 1]! * root[rowJ + k + 1]!;
      }
      if (k < j) s0 -= root[rowI + k]! * root[rowJ + k]!;
      const sum = s0 + s1;
      root[rowI + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / root[rowJ + j]!;
    }
  }
  return root;
}
