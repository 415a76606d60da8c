/** The learning curve of a labelled past: by the words alone, and with the numbers of a rung that gives some. */

import { count } from "../batch/figures.ts";
import { namesOf, type Question } from "../core/question.ts";
import { type CurvePoint, type LearningCurve, learningCurve } from "../learn/curve.ts";
import type { Foretold } from "../learn/power-law.ts";
import { trainInBackground } from "../learn/trainer.ts";
import type { TrainingSet } from "../learn/training-set.ts";
import { metQuestion, questionAbout } from "../policy/met-question.ts";
import type { Features, Rung } from "../rung/rung.ts";
import type { Example } from "./history.ts";
import { share } from "./promise-text.ts";
import { columns } from "./text.ts";

export interface PastCurve {
  /** What it learns from: `words`, or `words + ` the rung's name. */
  readonly from: string;
  readonly points: readonly CurvePoint[];
  /** What so many labels beside those there are would bring. */
  readonly more: readonly { readonly labels: number; readonly accuracy: Foretold }[];
}

export interface PastCurveOptions {
  readonly question: Question;
  readonly examples: readonly Example[];
  readonly risk: number;
  readonly seed: number;
  /** The first that gives numbers; open. */
  readonly rung: Rung | null;
  readonly signal: AbortSignal;
  readonly progress: (text: () => string) => void;
}

/** Draws both. Rejects with a `UsageError` `E_LEARN` where the examples teach nothing. */
export async function pastCurves(options: PastCurveOptions): Promise<readonly PastCurve[]> {
  const { question, examples, rung } = options;
  const words: TrainingSet = {
    options: namesOf(question),
    texts: examples.map(({ about }) => about),
    labels: examples.map(({ value }) => value),
    clusters: examples.map(({ cluster }) => cluster),
  };
  const curves = [await curveOf("words", words, options)];
  if (!rung) return curves;
  const features = await featuresOf(rung, options);
  const known = [...features.keys()].filter((row) => features[row]);
  if (known.length === 0) return curves;
  const picked = known.map((row) => features[row]!);
  const width = picked[0]!.values.length;
  const values = new Float32Array(picked.length * width);
  for (const [row, one] of picked.entries()) values.set(one.values, row * width);
  const names = words.options.length;
  const scored = picked.every(({ scores }) => scores?.length === names);
  const both: TrainingSet = {
    options: words.options,
    texts: known.map((row) => words.texts[row]!),
    labels: known.map((row) => words.labels[row]!),
    clusters: known.map((row) => words.clusters![row]!),
    dense: { width, values },
    ...(scored && { zeroShot: Float32Array.from(picked.flatMap(({ scores }) => scores ?? [])) }),
  };
  return [...curves, await curveOf(`words + ${rung.name}`, both, options)];
}

async function curveOf(from: string, past: TrainingSet, options: PastCurveOptions): Promise<PastCurve> {
  const { risk, seed, signal, progress } = options;
  const curve: LearningCurve = await learningCurve(past, {
    seed,
    risks: [risk],
    signal,
    onProgress: ({ labels }, done, of) => progress(() => `curve by ${from}: ${count(labels)} labels, ${done} of ${of}`),
    trainWith: (set, warm) => trainInBackground(set, { warm, signal, staysAlive: true }),
  });
  const more = [1, 3].flatMap((times) => {
    const labels = past.texts.length * times;
    const accuracy = curve.withMore(labels);
    return accuracy ? [{ labels, accuracy }] : [];
  });
  return { from, points: curve.points, more };
}

/** Texts that are with the rung at a time. */
const IN_FLIGHT = 16;

async function featuresOf(rung: Rung, options: PastCurveOptions): Promise<readonly (Features | null)[]> {
  const { question, examples, signal, progress } = options;
  const met = metQuestion(question);
  const found = new Array<Features | null>(examples.length).fill(null);
  let [next, done] = [0, 0];
  const work = async (): Promise<void> => {
    while (next < examples.length) {
      signal.throwIfAborted();
      const place = next++;
      found[place] = (await rung.features?.(questionAbout(met, examples[place]!.about), signal)) ?? null;
      done++;
      progress(() => `${rung.name}: ${count(done)} of ${count(examples.length)} texts read`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  return found;
}

/** The curves as a table, with what more labels would buy. */
export function curveLines(curves: readonly PastCurve[], risk: number): readonly string[] {
  const lines: string[] = [];
  for (const { from, points, more } of curves) {
    const rows = points.map(({ labels, accuracy, keptInHindsight, how }) => [
      count(labels),
      interval(accuracy),
      share(keptInHindsight[0]?.share ?? 0, 0),
      how,
    ]);
    lines.push(
      `${from}`,
      ...columns([["labels", "right", `kept at ${share(risk)}, in hindsight`, "measured"], ...rows], [0, 2]).map(
        (line) => `  ${line}`,
      ),
    );
    for (const { labels, accuracy } of more) {
      lines.push(
        `  ${count(labels)} more labels would bring some ${interval(accuracy)} right, if the curve goes on like this`,
      );
    }
  }
  return lines;
}

function interval(found: { readonly share: number; readonly low: number; readonly high: number }): string {
  return `${share(found.share, 1)} (${share(found.low, 1)} to ${share(found.high, 1)})`;
}
