/** What happened to the promise, in sentences for the screen. */

import type { PolicyEvent } from "../core/policy-event.ts";

/** One piece of news: a headline, and what it rests on. */
export interface News {
  readonly kind: "promised" | "certified" | "lost" | "other";
  readonly headline: string;
  readonly detail: string | null;
}

/** `null` for what is no news to the one who looks on. `isFirst`: no promise was given before. */
export function newsOf(event: PolicyEvent, isFirst: boolean): News | null {
  switch (event.type) {
    case "question_met":
    case "version_made":
      return null;
    case "certificate_issued": {
      const { risk, delta, labels, accepted, wrong, threshold } = event;
      const headline = `${isFirst ? "first promise" : "better promise"}: ${promiseText(risk, delta)}`;
      const of = `${count(wrong)} of ${count(accepted)} kept were wrong`;
      const tested = `tested on ${count(labels)} new labels: ${of}; threshold ${threshold.toFixed(3)}`;
      return { kind: "promised", headline, detail: tested };
    }
    case "trial_ended":
      return { kind: "other", headline: `a version was given up: ${event.why}`, detail: null };
    case "warning_raised":
      return { kind: "lost", headline: `the tickets look different (${event.monitor}): more audits`, detail: null };
    case "warning_over":
      return { kind: "other", headline: `${event.monitor} is calm again`, detail: null };
    case "certificate_revoked":
      return { kind: "lost", headline: `the promise is taken back: ${event.why}`, detail: "everything goes up again" };
  }
}

/** A promise in one line, such as `at most 5 % wrong of what stays local, 95 % confidence`. */
export function promiseText(risk: number, delta: number): string {
  return `at most ${share(risk)} wrong of what stays local, ${share(1 - delta)} confidence`;
}

function share(value: number): string {
  return `${Math.round(value * 1000) / 10} %`;
}

function count(value: number): string {
  return value.toLocaleString("en");
}
