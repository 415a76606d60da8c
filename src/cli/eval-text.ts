/** An evaluation as the terminal shows it. */

import { count } from "../batch/figures.ts";
import { formatShare } from "../core/wilson.ts";
import type { Flip } from "../report/comparison.ts";
import type { Evaluation } from "../report/evaluation.ts";
import { percent } from "../report/figures.ts";
import {
  calibrationInWords,
  comparisonInWords,
  coverageInWords,
  labelsInWords,
  priceInWords,
  type QuestionFacts,
} from "../report/report.ts";
import { thinned } from "../report/svg.ts";
import { cleanLine, columns } from "./text.ts";

const SHOWN_CONFUSIONS = 5;
const SHOWN_FLIPS = 20;
const SHOWN_POINTS = 6;

export function evaluationLines(facts: QuestionFacts): readonly string[] {
  const { question, state, evaluation, notEvaluated, comparison } = facts;
  if (!evaluation) return [`${question} (${state}): ${notEvaluated}`, ""];
  const lines = [
    `${question} (${state}): version ${evaluation.key}`,
    labelsInWords(evaluation),
    "",
    `right if nothing went up  ${formatShare(evaluation.accuracy)}`,
    ...certifiedLines(evaluation),
    "",
    ...classLines(evaluation),
    ...reliabilityLines(evaluation),
    calibrationInWords(evaluation),
    "",
    coverageInWords(evaluation),
    "",
    ...frontierLines(evaluation),
    priceInWords(evaluation),
    "",
  ];
  if (!comparison) return [...lines, "No other version can be compared on these labels.", ""];
  lines.push(`${comparison.after} against ${comparison.before}`, comparisonInWords(comparison));
  return [...lines, ...flipLines(comparison.flips), ""];
}

function certifiedLines({ certified }: Evaluation): readonly string[] {
  if (!certified) return ["no certificate of this version"];
  const { threshold } = certified.figures;
  return [
    `kept at the certified threshold ${threshold.toFixed(3)}  ${formatShare(certified.kept)}`,
    `wrong among those  ${formatShare(certified.wrong)}`,
  ];
}

function classLines({ classes }: Evaluation): readonly string[] {
  if (!classes) return [];
  const cell = (value: number | null): string => (value === null ? "–" : percent(value));
  const rows = classes.classes
    .filter(({ support, claimed }) => support + claimed > 0)
    .map(({ name, support, precision, recall, f1 }) => [
      cleanLine(name),
      count(support),
      cell(precision),
      cell(recall),
      cell(f1),
    ]);
  const head = ["answer", "labels", "precision", "recall", "F1"];
  const mean = ["mean", count(classes.items), "", "", cell(classes.macroF1)];
  const confusions = classes.confusions
    .slice(0, SHOWN_CONFUSIONS)
    .map(({ truth, predicted, items }) => `  ${cleanLine(truth)} taken for ${cleanLine(predicted)}: ${count(items)}`);
  return [...columns([head, ...rows, mean], [1, 2, 3, 4]), ...confusions, ""];
}

function reliabilityLines({ reliability }: Evaluation): readonly string[] {
  const rows = reliability.map(({ items, meanConfidence, accuracy }) => [
    percent(meanConfidence),
    formatShare(accuracy),
    count(items),
  ]);
  return columns([["how sure", "right", "items"], ...rows], [0, 1, 2]);
}

function frontierLines({ frontier, price, upper }: Evaluation): readonly string[] {
  const rows = thinned(frontier, SHOWN_POINTS).map(({ escalated, error, cost }) => [
    percent(escalated),
    percent(error),
    cost === null ? "unpriced" : `${Number(cost.toPrecision(4))} ${price!.unit}`,
  ]);
  return columns([[`up to ${upper}`, "wrong of all", "for 1,000 items"], ...rows], [0, 1, 2]);
}

function flipLines(flips: readonly Flip[]): readonly string[] {
  if (flips.length === 0) return ["No item flipped."];
  const rows = flips
    .slice(0, SHOWN_FLIPS)
    .map(({ isFixed, decision, label, truth, before, after }) => [
      isFixed ? "fixed" : "broken",
      cleanLine(decision ?? `label ${label}`),
      cleanLine(truth),
      `${cleanLine(before ?? "nothing")} → ${cleanLine(after ?? "nothing")}`,
    ]);
  const left = flips.length - SHOWN_FLIPS;
  const shown = columns([["", "item", "label", "before → after"], ...rows]);
  return left > 0 ? [...shown, `and ${count(left)} more; --json lists all`] : shown;
}
