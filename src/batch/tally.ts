/** A run's events, folded into the counts of its batch. */

import type { Attempt } from "../core/answer.ts";
import type { Event } from "../core/event.ts";
import type { Counts, QuestionCounts } from "./counts.ts";

/** Whether the rung of that name is local. */
export type IsLocal = (rung: string) => boolean;

/** Adds a run's questions, rungs, faults, tool calls and usage. */
export function tally(events: readonly Event[], counts: Counts, isLocal: IsLocal): void {
  /** By path: a question that was asked again counts as it stands now. */
  const last = new Map<string, keyof QuestionCounts>();
  for (const event of events) {
    switch (event.type) {
      case "step_answered": {
        const origin = event.origin?.rung ?? event.rung;
        last.set(event.path, origin === "person" ? "person" : isLocal(origin) ? "local" : "remote");
        addTrail(event.trail, counts);
        rungOf(counts, event.rung).decided++;
        break;
      }
      case "step_waiting":
        last.set(event.path, "waiting");
        addTrail(event.trail, counts);
        break;
      case "person_answered":
        last.set(event.path, "person");
        rungOf(counts, "person").decided++;
        break;
      case "tool_called":
        counts.calls[event.outcome.kind] = (counts.calls[event.outcome.kind] ?? 0) + 1;
        break;
      case "tool_started":
      case "value_drawn":
      case "sleep_started":
      case "run_ended":
        break;
    }
  }
  for (const state of last.values()) counts.questions[state]++;
}

function addTrail(trail: readonly Attempt[], counts: Counts): void {
  for (const { rung, usage, fault, repaired, reason = null } of trail) {
    const of = rungOf(counts, rung);
    of.asked++;
    if (fault) counts.faults[fault] = (counts.faults[fault] ?? 0) + 1;
    if (fault === "rung_failed") {
      of.broken++;
      of.trouble = reason;
    }
    if (repaired) counts.repaired++;
    if (!usage) continue;
    of.milliseconds += usage.milliseconds;
    counts.usage.inputTokens += usage.inputTokens;
    counts.usage.outputTokens += usage.outputTokens;
    if (usage.cost === null) counts.usage.unpriced++;
    else counts.usage.cost += usage.cost;
  }
}

function rungOf(counts: Counts, name: string): Counts["rungs"][string] {
  let rung = counts.rungs[name];
  if (!rung) {
    rung = { asked: 0, decided: 0, broken: 0, trouble: null, milliseconds: 0 };
    counts.rungs[name] = rung;
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
