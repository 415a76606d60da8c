/** Several promises at once: of many step types, or of single dangerous answers apart from the rest. */

import { UsageError } from "../core/errors.ts";
import { type Certificate, type CertifyOptions, certify, mayStand } from "./certificate.ts";
import { gridFrom } from "./grid.ts";
import { calibrationSample, type LabelledItem, refuseOddShare, type ScoredItem, unlabelledSample } from "./samples.ts";

/**
 * `together`: with confidence 1 - delta all promises hold; each gets delta / K (Bonferroni), which costs about log K
 * more labels. `apart`: each holds with confidence 1 - delta, and among many some may fail.
 */
export type Joint = "together" | "apart";

export interface Family {
  readonly joint: Joint;
  readonly delta: number;
  /** The delta of each certificate. */
  readonly each: number;
  readonly certificates: ReadonlyMap<string, Certificate>;
  /** The confidence in words. */
  readonly wording: string;
}

/** A certificate for each step type, by name. Those that are not certifiable count in K as well: they were tried. */
export function certifyFamily(
  types: ReadonlyMap<string, Omit<CertifyOptions, "delta">>,
  options: { readonly delta: number; readonly joint: Joint },
): Family {
  const { delta, joint } = options;
  refuseOddShare("delta", delta);
  const each = levelOfEach(types.size, delta, joint);
  const certificates = new Map([...types].map(([name, type]) => [name, certify({ ...type, delta: each })]));
  return { joint, delta, each, certificates, wording: wordingOf(types.size, delta, joint) };
}

function levelOfEach(count: number, delta: number, joint: Joint): number {
  return joint === "together" ? delta / Math.max(1, count) : delta;
}

function wordingOf(count: number, delta: number, joint: Joint): string {
  const confidence = `${Number(((1 - delta) * 100).toPrecision(6))} %`;
  if (count === 1) return `The promise holds with probability at least ${confidence}.`;
  return joint === "together"
    ? `With probability at least ${confidence} all ${count} promises hold at once.`
    : `Each of the ${count} promises holds with probability at least ${confidence}, taken by itself; that all of them hold is not promised.`;
}

export interface PredictedItem extends ScoredItem {
  /** The answer that would stand. */
  readonly predicted: string;
}

export type PredictedLabel = PredictedItem & LabelledItem;

export interface ClassOptions {
  /** Recent traffic with its predicted answers: gives each group its own grid. */
  readonly unlabelled: readonly PredictedItem[];
  readonly labelled: readonly PredictedLabel[];
  /** For all answers not named in `dangerous`, as one group. */
  readonly risk: number;
  /** The risk of each dangerous answer, at most the general one: P(wrong | accepted, predicted = it). */
  readonly dangerous: ReadonlyMap<string, number>;
  readonly delta: number;
  readonly joint: Joint;
  /** Thresholds in each grid; 50. */
  readonly size?: number;
}

/** Certificates by predicted answer, also called Mondrian: each group is counted by itself. */
export interface ClassCertificates extends Family {
  /** Answers that the certificate of the rest speaks of: those that had a label. */
  readonly rest: ReadonlySet<string>;
}

const REST = "";

/** The name of the rest in `certificates` is the empty string. */
export function certifyClasses(options: ClassOptions): ClassCertificates {
  const { unlabelled, labelled, risk, dangerous, delta, joint, size = 50 } = options;
  refuseOddShare("delta", delta);
  for (const [name, own] of dangerous) {
    if (own <= risk && name !== REST) continue;
    throw new UsageError("class_risk", `"${name}" is dangerous, so its risk is at most the general ${risk}`, {
      value: own,
    });
  }
  const groupOf = ({ predicted }: PredictedItem): string => (dangerous.has(predicted) ? predicted : REST);
  const types = new Map(
    [...dangerous, [REST, risk] as const].map(([group, groupRisk]) => {
      const grid = gridFrom(unlabelledSample(unlabelled.filter((item) => groupOf(item) === group)), { size });
      const sample = calibrationSample(labelled.filter((item) => groupOf(item) === group));
      return [group, { grid, sample, risk: groupRisk }];
    }),
  );
  const rest = new Set(labelled.filter((item) => groupOf(item) === REST).map(({ predicted }) => predicted));
  return { ...certifyFamily(types, { delta, joint }), rest };
}

/** Whether an answer stands under its group's certificate. An answer that no label was seen for never does. */
export function mayStandInClass(classes: ClassCertificates, item: PredictedItem): boolean {
  const own = item.predicted === REST ? undefined : classes.certificates.get(item.predicted);
  const certificate = own ?? (classes.rest.has(item.predicted) ? classes.certificates.get(REST) : undefined);
  return certificate !== undefined && mayStand(certificate, item);
}
