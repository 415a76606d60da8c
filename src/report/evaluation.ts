/** How good a version is on labels that it has not been trained on: every figure that `pawl eval` prints and draws. */

import type { Json } from "../core/json.ts";
import type { Label, LabelSample, LabelSource, MetQuestion } from "../core/label.ts";
import type { CertificateFigures } from "../core/policy-event.ts";
import { namesOf } from "../core/question.ts";
import { type Share, wilson } from "../core/wilson.ts";
import {
  adaptiveEce,
  brierOf,
  type CalibrationError,
  type Predicted,
  type ReliabilityRow,
  reliabilityTable,
} from "../guarantee/calibration-metrics.ts";
import { type ClassReport, classReport } from "../guarantee/class-report.ts";
import type { CoveragePoint } from "../guarantee/risk-coverage.ts";
import type { LocalVersion, Reading, Said } from "../policy/local-version.ts";
import { isClosed, sameAnswer } from "../policy/met-question.ts";
import { areaUnder, coverageWithin, localCurve, pointAt } from "./local-curve.ts";

/** A label, and what the version says to its item. */
export interface ReadLabel {
  readonly label: Label;
  readonly reading: Reading;
}

/** What an answer from above costs: money, or minutes of a person. `null` where nobody says. */
export interface UpperPrice {
  readonly amount: number;
  readonly unit: string;
}

export interface EvaluationInput {
  readonly met: MetQuestion;
  readonly version: Pick<LocalVersion, "key" | "trainedOn">;
  readonly members: readonly string[];
  /** Labels that the version has not been trained on: `heldOut`. */
  readonly read: readonly ReadLabel[];
  readonly leftOut: LeftOut;
  /** The rung above, which the labels come from. */
  readonly upper: string;
  readonly price: UpperPrice | null;
  /** The certificate of this version, where it has one that holds. */
  readonly certificate: CertificateFigures | null;
}

/** Labels that say nothing here, by the reason. */
export interface LeftOut {
  /** The version was trained on them, on a duplicate of them, or at a time when they were there already. */
  readonly trained: number;
  /** Not drawn at random: they went up because they were hard, or were picked. They would show it worse than it is. */
  readonly picked: number;
}

export interface FrontierPoint {
  /** Share of the items that goes up, and share of all that is then wrong if what comes from above is right. */
  readonly escalated: number;
  readonly error: number;
  /** For a thousand items; `null` where unpriced. */
  readonly cost: number | null;
}

export interface Evaluation {
  readonly question: string;
  readonly key: string;
  readonly members: readonly string[];
  readonly trainedOn: number;
  readonly labels: {
    readonly heldOut: number;
    readonly leftOut: LeftOut;
    readonly samples: { readonly [sample in LabelSample]?: number };
    readonly sources: { readonly [source in LabelSource]?: number };
  };
  /** As if nothing could go up: the surest local rung answers, and no answer is a wrong one. */
  readonly accuracy: Share;
  /** `null` where the answers are no fixed list. */
  readonly classes: ClassReport | null;
  /** The probability of the surest rung beside what happened. */
  readonly reliability: readonly ReliabilityRow[];
  readonly calibration: CalibrationError | null;
  readonly brier: number | null;
  readonly curve: readonly CoveragePoint[];
  readonly area: number | null;
  /** In hindsight. */
  readonly coverageAt: readonly { readonly risk: number; readonly coverage: number }[];
  readonly frontier: readonly FrontierPoint[];
  readonly upper: string;
  readonly price: UpperPrice | null;
  /** What the certificate says, and how the held-out labels fall at its threshold. */
  readonly certified: Certified | null;
}

export interface Certified {
  readonly figures: CertificateFigures;
  readonly kept: Share;
  /** `null` where none of the labels stands. */
  readonly wrong: Share | null;
  readonly point: CoveragePoint | null;
}

const risks = [0.01, 0.02, 0.05, 0.1] as const;

/** Fewer held-out labels than this give figures that nobody can use. */
export const leastHeldOut = 30;

export interface HeldOut {
  readonly labels: readonly Label[];
  readonly leftOut: LeftOut;
}

/**
 * The labels that may judge versions of which the last was trained on labels up to the number `upTo`: later, no
 * duplicate of an earlier one, and a sample of the traffic as it comes. One a cluster, in the order of their answers.
 */
export function heldOut(labels: Iterable<Label>, upTo: number): HeldOut {
  const all = [...labels];
  const clusters = new Set(all.filter(({ number }) => number <= upTo).map(({ cluster }) => cluster));
  const later = all.filter(({ number, cluster }) => number > upTo && !clusters.has(cluster));
  const drawn = later.filter(({ sample }) => sample === "random" || sample === "audit" || sample === "history");
  const fresh: Label[] = [];
  for (const label of drawn) {
    if (clusters.has(label.cluster)) continue;
    clusters.add(label.cluster);
    fresh.push(label);
  }
  return { labels: fresh, leftOut: { trained: all.length - later.length, picked: later.length - drawn.length } };
}

/** The surest reply of all rungs, the lowest among equals; `null` where none said anything. */
export function surest(reading: Reading): Said | null {
  return reading.reduce((best, said) => (said && said.p > (best?.p ?? -1) ? said : best), null);
}

/** All figures. Needs a label at least. */
export function evaluate(input: EvaluationInput): Evaluation {
  const { met, version, members, read, leftOut, upper, price, certificate } = input;
  const judge = (said: Said, label: Label): boolean => sameAnswer(met, said.value, label.answer.value);
  const answers = read.map(({ label, reading }) => ({ label, said: surest(reading) }));
  const right = answers.filter(({ label, said }) => said && judge(said, label)).length;
  const predicted: Predicted[] = answers.flatMap(({ label, said }) =>
    said ? [{ confidence: probability(said.p), correct: judge(said, label) }] : [],
  );
  const curve = localCurve(
    read.map(({ label, reading }) =>
      reading.map((said) => said && { p: probability(said.p), correct: judge(said, label) }),
    ),
  );
  return {
    question: met.name,
    key: version.key,
    members,
    trainedOn: version.trainedOn,
    labels: {
      heldOut: read.length,
      leftOut,
      samples: countBy(read.map(({ label }) => label.sample)),
      sources: countBy(read.map(({ label }) => label.answer.source)),
    },
    accuracy: wilson(right, read.length)!,
    classes: isClosed(met) ? classesOf(met, answers) : null,
    reliability: reliabilityTable(predicted),
    calibration: predicted.length === 0 ? null : adaptiveEce(predicted),
    brier: predicted.length === 0 ? null : brierOf(predicted),
    curve,
    area: areaUnder(curve),
    coverageAt: risks.map((risk) => ({ risk, coverage: coverageWithin(curve, risk) })),
    frontier: frontierOf(curve, price),
    upper,
    price,
    certified: certificate && certifiedOn(curve, certificate, read.length),
  };
}

/** Without the hair of jitter that may lift it above 1. */
function probability(p: number): number {
  return Math.min(1, Math.max(0, p));
}

function classesOf(
  met: MetQuestion,
  answers: readonly { readonly label: Label; readonly said: Said | null }[],
): ClassReport {
  const items = answers.map(({ label, said }) => ({
    truth: nameOf(label.answer.value),
    predicted: said && nameOf(said.value),
  }));
  return classReport(items, namesOf(met));
}

/** An answer in a word, for tables. */
export function nameOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** From everything goes up to nothing does that has an answer. */
function frontierOf(curve: readonly CoveragePoint[], price: UpperPrice | null): readonly FrontierPoint[] {
  return [{ coverage: 0, risk: 0 }, ...curve].map(({ coverage, risk }) => ({
    escalated: 1 - coverage,
    error: coverage * risk,
    cost: price && 1000 * (1 - coverage) * price.amount,
  }));
}

function certifiedOn(curve: readonly CoveragePoint[], figures: CertificateFigures, items: number): Certified {
  const point = pointAt(curve, figures.threshold);
  const kept = Math.round((point?.coverage ?? 0) * items);
  return { figures, kept: wilson(kept, items)!, wrong: wilson(Math.round((point?.risk ?? 0) * kept), kept), point };
}

function countBy<Name extends string>(names: readonly Name[]): { readonly [name in Name]?: number } {
  const counts: { [name in Name]?: number } = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
