/** A run's events, folded into the counts of its batch. */

import type { Attempt, StandingRecord } from "../core/answer.ts";
import type { Event } from "../core/event.ts";
import type { Counts, QuestionCounts, RungCounts } from "./counts.ts";

/** Whether the rung of that name is local. */
export type IsLocal = (rung: string) => boolean;

/** Adds a run's questions, rungs, faults, tool calls and usage. The first `old` events are older than this command. */
export function tally(events: readonly Event[], counts: Counts, isLocal: IsLocal, old: number = events.length): void {
  addRungs(events, counts.rungs);
  addRungs(events.slice(old), counts.rungsNow);
  /** By path: a question that was asked again counts as it stands now. */
  const last = new Map<string, Decided>();
  for (const event of events) {
    switch (event.type) {
      case "step_answered": {
        const origin = event.origin?.rung ?? event.rung;
        last.set(event.path, { by: whoDecided(origin, isLocal), standing: event.standing });
        addTrail(event.trail, counts);
        break;
      }
      case "step_waiting":
        last.set(event.path, { by: event.awaits === undefined ? "waiting" : "later" });
        addTrail(event.trail, counts);
        break;
      case "person_answered":
        last.set(event.path, { by: "person" });
        break;
      case "tool_called":
        counts.calls[event.outcome.kind] = (counts.calls[event.outcome.kind] ?? 0) + 1;
        break;
      case "step_reopened":
      case "tool_started":
      case "value_drawn":
      case "sleep_started":
      case "run_ended":
        break;
    }
  }
  for (const { by, standing } of last.values()) {
    counts.questions[by]++;
    if (by !== "local" || !standing) continue;
    counts.questions.promised++;
    if (standing.audited) counts.questions.audited++;
  }
}

function whoDecided(rung: string, isLocal: IsLocal): Decided["by"] {
  if (rung === "person" || rung === "overflow") return rung;
  return isLocal(rung) ? "local" : "remote";
}

/** How a question stands, and under which promise. */
interface Decided {
  readonly by: Exclude<keyof QuestionCounts, "promised" | "audited">;
  readonly standing?: StandingRecord | undefined;
}

function addTrail(trail: readonly Attempt[], counts: Counts): void {
  for (const { usage, fault, repaired } of trail) {
    if (fault) counts.faults[fault] = (counts.faults[fault] ?? 0) + 1;
    if (repaired) counts.repaired++;
    if (!usage) continue;
    counts.usage.inputTokens += usage.inputTokens;
    counts.usage.outputTokens += usage.outputTokens;
    if (usage.cost === null) counts.usage.unpriced++;
    else counts.usage.cost += usage.cost;
  }
}

function addRungs(events: readonly Event[], rungs: Counts["rungs"]): void {
  for (const event of events) {
    if (event.type === "step_answered") rungOf(rungs, event.rung).decided++;
    if (event.type === "person_answered") rungOf(rungs, "person").decided++;
    if (event.type !== "step_answered" && event.type !== "step_waiting") continue;
    for (const { rung, usage, fault, skipped, reason = null } of event.trail) {
      const of = rungOf(rungs, rung);
      if (skipped) {
        of.skipped[skipped] = (of.skipped[skipped] ?? 0) + 1;
        continue;
      }
      of.asked++;
      of.milliseconds += usage?.milliseconds ?? 0;
      if (fault !== "rung_failed") continue;
      of.broken++;
      of.trouble = reason;
    }
  }
}

function rungOf(rungs: Counts["rungs"], name: string): RungCounts {
  let rung = rungs[name];
  if (!rung) {
    rung = { asked: 0, skipped: {}, decided: 0, broken: 0, trouble: null, milliseconds: 0 };
    rungs[name] = rung;
  }
  return rung;
}

/** Calls that were begun and whose end is not on record. */
export function openCalls(events: readonly Event[]): number {
  const open = new Set<string>();
  for (const event of events) {
    if (event.type === "tool_started") open.add(event.path);
    else if (event.type === "tool_called") open.delete(event.path);
  }
  return open.size;
}

/** Calls that change the world and were at least begun. */
export function startedCalls(events: readonly Event[]): number {
  return events.filter((event) => event.type === "tool_started").length;
}
