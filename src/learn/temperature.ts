/** One number that softens or sharpens scores until their probabilities fit the labels (Guo 2017). */

/** Scores of rows, `options` a row. */
export interface Scores {
  readonly options: number;
  readonly values: Float64Array;
  readonly labels: Int32Array;
  readonly weights: Float64Array;
}

/** Temperatures looked at. At the ends the scores say nothing, or are nearly always right. */
const [LEAST, MOST] = [0.02, 50];
/** No single row may cost more than this probability would: one bad label must not choose the temperature. */
const FLOOR = 1e-6;

/** Weighted mean of -ln p(label), p = softmax(scores / temperature), p at least 1e-6. 0 without rows. */
export function lossAt({ options, values, labels, weights }: Scores, temperature: number): number {
  let [sum, total] = [0, 0];
  for (let row = 0; row < labels.length; row++) {
    const at = row * options;
    let top = Number.NEGATIVE_INFINITY;
    for (let index = at; index < at + options; index++) top = Math.max(top, values[index]!);
    let exponentials = 0;
    for (let index = at; index < at + options; index++) exponentials += Math.exp((values[index]! - top) / temperature);
    const lost = Math.log(exponentials) - (values[at + labels[row]!]! - top) / temperature;
    sum += weights[row]! * Math.min(lost, -Math.log(FLOOR));
    total += weights[row]!;
  }
  return total === 0 ? 0 : sum / total;
}

/** The temperature of the least loss, by golden section on its logarithm; three digits are exact. */
export function temperatureOf(scores: Scores): { readonly temperature: number; readonly loss: number } {
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(LEAST), Math.log(MOST)];
  const at = (logarithm: number): number => lossAt(scores, Math.exp(logarithm));
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
  return { temperature, loss: lossAt(scores, temperature) };
}
