/** Promises and what happened to them, in words. */

import { count, counted } from "../batch/figures.ts";
import type { CertificateFigures, PolicyEvent } from "../core/policy-event.ts";
import { certifiedPromise, type PromiseInWords } from "../guarantee/promise.ts";
import type { NotYet } from "../policy/trial.ts";

/** A share as people write a promise: `5 %`, `0.25 %`; with so many decimals where they are said. */
export function share(value: number, decimals?: number): string {
  const percent = value * 100;
  return `${decimals === undefined ? Number(percent.toPrecision(3)) : percent.toFixed(decimals)} %`;
}

/** A moment in this machine's time, to the minute. */
export function moment(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** What a certificate promises. `upper` is the rung that gave the labels: its answers are no truth. */
export function promiseOf(step: string, key: string, figures: CertificateFigures, upper: string): PromiseInWords {
  const { risk, delta, labels: calibration, source } = figures;
  // A past that somebody labelled is as good as the people who did; a mixture is no better than its model.
  const isPeople = source === "person" || source === "known";
  const labels = isPeople ? ({ kind: "people" } as const) : ({ kind: "model", name: upper } as const);
  return certifiedPromise({ step, risk, delta, version: key, labels, calibration });
}

/** The counts behind a certificate, in a line. */
export function figuresText({ accepted, wrong, labels, upper, threshold, coverage }: CertificateFigures): string {
  const seen = `of ${counted(labels, "label")} ${count(accepted)} would have stood, ${count(wrong)} wrong`;
  return `${seen} (at most ${share(upper)}); from ${threshold.toFixed(3)} on, ${share(coverage)} of the items stand`;
}

/** How far a version is from a certificate, and what that takes for granted. */
export function missingText({ labels, moreLabels }: NotYet, risk?: number): string {
  const head = `not enough evidence yet${risk === undefined ? "" : ` for ${share(risk)}`}`;
  if (moreLabels === null) return `${head}: it erred too often in training for any number of labels to help`;
  const there = labels === 0 ? "" : ` beside ${count(labels)}`;
  return `${head}: ${counted(moreLabels, "more label")}${there}, if it errs as it did in training`;
}

/** One event of a question's promises. */
export function eventText(event: PolicyEvent): string {
  switch (event.type) {
    case "question_met":
      return `met for the first time, with a risk of ${share(event.risk)}`;
    case "version_made": {
      const names = event.members.map(({ name }) => name).join(", ");
      return `${event.key}: learned from ${counted(event.trainedOn, "label")} (${names})`;
    }
    case "certificate_issued":
      return `${event.key}: certified at ${share(event.risk)}; ${figuresText(event)}`;
    case "trial_ended":
      return `${event.key}: given up after ${counted(event.labels, "label")}: ${event.why}`;
    case "warning_raised":
      return `${event.key}: warning, ${event.monitor} moved`;
    case "warning_over":
      return `${event.key}: the warning of ${event.monitor} is over`;
    case "certificate_revoked":
      return `${event.key}: revoked, ${event.why}`;
  }
}
