// What learning costs: seconds a training, and microseconds a learned decision takes beyond the encoder's pass.
import { median, type Row } from "../bench.ts";
import { formatInterval, medianInterval } from "../engine/statistics.ts";
import type { Measured } from "../parts.ts";
import type { Setup } from "./setup.ts";
import { measureTraining, type TrainingMeasured, type TrainingRow } from "./training.ts";

/** Labels of the training that has a target. */
const LABELS = 2000;
const WORDS = "8 options, words";
const HEAD = "8 options, words and vector";
const WARM = "8 options, warm from 1,600";

export async function measureCost(setup: Setup): Promise<Measured> {
  const rounds = setup.quick ? 1 : 7;
  const found: TrainingMeasured[] = [];
  for (let round = 0; round < rounds; round++) {
    // Each round trains all of them in turn, on another draw of labels.
    found.push(measureTraining({ folder: setup.folder, sizes: [LABELS], seeds: 1, first: round + 1, large: 0 }));
    const last = found.at(-1)!.training;
    console.log(
      `  round ${round + 1}: ${last.map(({ what, seconds }) => `${what} ${seconds.toFixed(2)} s`).join("; ")}`,
    );
  }
  const series = (what: string, read: (row: TrainingRow) => number): number[] =>
    found.flatMap(({ training }) => training.filter((row) => row.what === what).map(read));
  const rows: Row[] = [WORDS, HEAD, WARM].map((what) => ({
    what: `training: ${what}, ${LABELS.toLocaleString("en")} labels`,
    cpu: `${formatInterval(medianInterval(series(what, ({ processorSeconds }) => processorSeconds)))} s`,
    wall: `${formatInterval(medianInterval(series(what, ({ seconds }) => seconds)))} s`,
    right: 100 * median(series(what, ({ accuracy }) => accuracy)),
    rounds,
  }));
  const decisions = (what: string): number[] =>
    found.flatMap((one) => one.decisions.filter((row) => row.what === what).map(({ microseconds }) => microseconds));
  const [words, head] = [decisions("words, 8 options"), decisions("words and vector, 8 options")];
  const decision = (what: string, times: readonly number[]): Row => ({
    what: `a decision: ${what}, beyond the encoder's pass`,
    wall: `${formatInterval(medianInterval(times), 1)} µs`,
    rounds,
  });
  rows.push(decision("words", words), decision("words and vector", head));
  const seconds = (what: string): number =>
    Math.max(median(series(what, (row) => row.processorSeconds)), median(series(what, (row) => row.seconds)));
  return {
    title: "What learning costs",
    columns: {
      what: "what",
      cpu: "of one core (95 %)",
      wall: "of the clock (95 %)",
      right: "right of the test tickets, %",
      rounds: "rounds",
    },
    rows,
    values: {
      // The worse of processor and clock. As in use: a first training is on 300 labels, and each later one starts warm.
      "training-seconds": seconds(WARM),
      "words-decision-us": median(words),
      "head-decision-us": median(head),
    },
  };
}
