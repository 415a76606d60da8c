/** The least of a smooth convex function: L-BFGS (Nocedal 1980) around a given rough inverse of the curvature. */

import type { Precondition } from "./preconditioner.ts";

export interface Minimised {
  readonly point: Float64Array;
  readonly value: number;
  readonly evaluations: number;
  /** Whether the estimated rest was below the tolerance; else the evaluations ran out or no step led down. */
  readonly converged: boolean;
}

export interface MinimiseOptions {
  /** Ends when what can still be gained, by the quadratic model, is below this share of the value. */
  readonly tolerance: number;
  readonly mostEvaluations: number;
}

/** Steps remembered: each costs two vectors of the point's size. */
const MEMORY = 6;

/** `evaluate` returns the value at a point and writes its gradient. `start` is not changed. */
export function minimise(
  evaluate: (point: Float64Array, gradient: Float64Array) => number,
  precondition: Precondition,
  start: Float64Array,
  { tolerance, mostEvaluations }: MinimiseOptions,
): Minimised {
  const size = start.length;
  let point = Float64Array.from(start);
  let gradient = new Float64Array(size);
  let nextPoint = new Float64Array(size);
  let nextGradient = new Float64Array(size);
  const direction = new Float64Array(size);
  const steps: Float64Array[] = [];
  const turns: Float64Array[] = [];
  const inverseProducts: number[] = [];
  const shares = new Float64Array(MEMORY);
  let value = evaluate(point, gradient);
  let evaluations = 1;
  const work = new Float64Array(size);
  while (evaluations < mostEvaluations) {
    work.set(gradient);
    for (let index = steps.length - 1; index >= 0; index--) {
      shares[index] = inverseProducts[index]! * inner(steps[index]!, work);
      add(work, -shares[index]!, turns[index]!);
    }
    precondition(work, direction);
    for (let index = 0; index < steps.length; index++) {
      const share = inverseProducts[index]! * inner(turns[index]!, direction);
      add(direction, shares[index]! - share, steps[index]!);
    }
    const slope = -inner(gradient, direction);
    // With a direction that fits the curvature, half the slope is what a full step gains.
    if (-slope / 2 <= tolerance * Math.abs(value)) return { point, value, evaluations, converged: true };
    let length = 1;
    let found = false;
    while (evaluations < mostEvaluations) {
      for (let index = 0; index < size; index++) nextPoint[index] = point[index]! - length * direction[index]!;
      const next = evaluate(nextPoint, nextGradient);
      evaluations++;
      if (next <= value + 1e-4 * length * slope) {
        found = true;
        value = next;
        break;
      }
      // The parabola through both values and the slope here has its least at this length.
      const parabola = (-slope * length * length) / (2 * (next - value - slope * length));
      length = Number.isFinite(parabola) ? Math.min(length / 2, Math.max(length / 10, parabola)) : length / 10;
      if (length < 1e-10) break;
    }
    if (!found) break;
    remember(point, gradient, nextPoint, nextGradient, steps, turns, inverseProducts);
    [point, nextPoint] = [nextPoint, point];
    [gradient, nextGradient] = [nextGradient, gradient];
  }
  return { point, value, evaluations, converged: false };
}

function remember(
  point: Float64Array,
  gradient: Float64Array,
  nextPoint: Float64Array,
  nextGradient: Float64Array,
  steps: Float64Array[],
  turns: Float64Array[],
  inverseProducts: number[],
): void {
  const isFull = steps.length === MEMORY;
  const step = isFull ? steps.shift()! : new Float64Array(point.length);
  const turn = isFull ? turns.shift()! : new Float64Array(point.length);
  if (isFull) inverseProducts.shift();
  for (let index = 0; index < step.length; index++) {
    step[index] = nextPoint[index]! - point[index]!;
    turn[index] = nextGradient[index]! - gradient[index]!;
  }
  const product = inner(step, turn);
  // Without upward curvature along the step there is nothing to learn from it.
  if (product <= 1e-14 * inner(turn, turn)) return;
  steps.push(step);
  turns.push(turn);
  inverseProducts.push(1 / product);
}

function inner(a: Float64Array, b: Float64Array): number {
  let s0 = 0;
  let s1 = 0;
  let index = 0;
  for (; index + 1 < a.length; index += 2) {
    s0 += a[index]! * b[index]!;
    s1 += a[index + 1]! * b[index + 1]!;
  }
  return index < a.length ? s0 + s1 + a[index]! * b[index]! : s0 + s1;
}

function add(to: Float64Array, scale: number, x: Float64Array): void {
  for (let index = 0; index < to.length; index++) to[index]! += scale * x[index]!;
}
