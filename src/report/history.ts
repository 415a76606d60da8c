/** What became of a promise over time: its states, and the share that stayed local, decision by decision. */

import type { Event } from "../core/event.ts";
import type { Label, MetQuestion } from "../core/label.ts";
import type { PolicyEvent } from "../core/policy-event.ts";
import { sameAnswer } from "../policy/met-question.ts";
import type { VersionMade } from "../policy/recorded-version.ts";
import { Serving } from "../policy/serving.ts";
import { percent, whole } from "./figures.ts";

export type State = "cold" | "probation" | "certified" | "watch" | "revoked";

export interface StateChange {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly state: State;
  /** What happened, in words. */
  readonly what: string;
}

/**
 * The life of the promise as the record has it, audits included: a state may stay the same while something happens. The
 * fold is the one by which the policy itself finds its state again.
 */
export function stateChanges(
  met: MetQuestion,
  risk: number,
  events: readonly PolicyEvent[],
  labels: Iterable<Label>,
): readonly StateChange[] {
  const versions = new Map<string, VersionMade>();
  const waiting = [...labels];
  const changes: StateChange[] = [];
  let serving: Serving | null = null;
  let state: State = "cold";
  const say = (at: number, to: State, what: string): void => {
    state = to;
    changes.push({ at, state, what });
  };
  const readTo = (seq: number): void => {
    for (; waiting[0] && waiting[0].seq <= seq; waiting.shift()) {
      const label = waiting[0];
      if (!serving || label.sample !== "audit" || label.stood === null || label.key !== serving.version.key) continue;
      serving.audit(label, !sameAnswer(met, label.stood, label.answer.value));
      const now = serving.status ?? "revoked";
      if (now !== state) say(label.at, now, `${now}, by the answer to an audit`);
    }
  };
  for (const event of events) {
    if (event.version !== met.version) continue;
    readTo(event.seq);
    switch (event.type) {
      case "question_met":
        if (event.risk === risk && changes.length === 0) say(event.at, "cold", "the question was first met");
        break;
      case "version_made":
        versions.set(event.key, event);
        say(event.at, state, `a version was trained on ${whole(event.trainedOn)} labels`);
        break;
      case "certificate_issued": {
        const made = versions.get(event.key);
        if (!made || event.risk !== risk) break;
        serving = new Serving(met.name, { ...made, members: [] }, event, event.after, event.at);
        const what = `certified on ${whole(event.labels)} labels: ${event.wrong} of ${whole(event.accepted)} wrong`;
        say(event.at, serving.status ?? "revoked", `${what}, ${percent(event.coverage)} may stay local`);
        break;
      }
      case "trial_ended":
        say(event.at, state, `a trial ended: ${event.why}`);
        break;
      case "warning_raised":
      case "warning_over":
        if (!serving || serving.version.key !== event.key) break;
        serving.warn(event.monitor, event.type === "warning_over", event.after);
        say(
          event.at,
          serving.status ?? "revoked",
          `${event.monitor} ${event.type === "warning_over" ? "came to rest" : "moved"}`,
        );
        break;
      case "certificate_revoked":
        if (serving?.version.key !== event.key) break;
        serving = null;
        say(event.at, "revoked", `revoked: ${event.why}`);
        break;
    }
  }
  readTo(Number.POSITIVE_INFINITY);
  return changes;
}

/** One time that the question was decided, or left to wait for a person. */
export interface Decision {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly isLocal: boolean;
}

export interface PastRun {
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly events: readonly Event[];
}

/** Every decision of a question, oldest first. One that a person gave counts as not local, once. */
export function decisionsOf(
  met: Pick<MetQuestion, "name" | "version">,
  runs: Iterable<PastRun>,
  isLocal: (rung: string) => boolean,
): readonly Decision[] {
  const decisions: Decision[] = [];
  for (const { started, events } of runs) {
    const last = new Map<string, Decision>();
    for (const event of events) {
      if (event.type !== "step_answered" && event.type !== "step_waiting") continue;
      const version = event.type === "step_answered" ? event.question : event.question.version;
      if (version !== met.version || event.path.split("/")[0] !== met.name) continue;
      const local = event.type === "step_answered" && isLocal(event.origin?.rung ?? event.rung);
      last.set(event.path, { at: started + (event.elapsed ?? 0), isLocal: local });
    }
    decisions.push(...last.values());
  }
  return decisions.sort((a, b) => a.at - b.at);
}

export interface StateSpan {
  readonly state: State;
  /** In decisions. */
  readonly from: number;
  readonly to: number;
}

export interface History {
  readonly changes: readonly StateChange[];
  readonly decisions: number;
  /** Share of all decisions that stayed local; `null` without one. */
  readonly kept: number | null;
  /** The share among the last so many decisions, by how many there were. */
  readonly window: number;
  readonly share: readonly { readonly decisions: number; readonly share: number; readonly at: number }[];
  readonly spans: readonly StateSpan[];
}

/** Time is counted in decisions, so that nights and weekends take no room. */
export function historyOf(changes: readonly StateChange[], decisions: readonly Decision[]): History {
  const window = Math.min(decisions.length, Math.max(20, Math.round(decisions.length / 20)));
  const share: { decisions: number; share: number; at: number }[] = [];
  let local = 0;
  let all = 0;
  for (const [index, { at, isLocal }] of decisions.entries()) {
    local += Number(isLocal) - Number(decisions[index - window]?.isLocal ?? false);
    all += Number(isLocal);
    if (index + 1 >= window) share.push({ decisions: index + 1, share: local / window, at });
  }
  const spans: StateSpan[] = [];
  for (const { at, state } of changes) {
    const from = decisions.filter((decision) => decision.at <= at).length;
    const before = spans.pop();
    if (before && before.from < from) spans.push({ ...before, to: from });
    const previous = spans.at(-1);
    if (previous?.state === state) spans[spans.length - 1] = { ...previous, to: decisions.length };
    else spans.push({ state, from, to: decisions.length });
  }
  const kept = decisions.length === 0 ? null : all / decisions.length;
  return {
    changes,
    decisions: decisions.length,
    kept,
    window,
    share,
    spans: spans.filter(({ from, to }) => from < to),
  };
}
