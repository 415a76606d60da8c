/** Readings of a run's events that every journal needs. */

import type { Event, StepWaiting } from "../core/event.ts";
import type { RecalledAnswer } from "../rung/rung.ts";

/** The steps of a run that wait for a person. A step can wait again, when its answer did not fit. */
export function unanswered(events: readonly Event[]): readonly StepWaiting[] {
  const open = new Map<string, StepWaiting>();
  for (const event of events) {
    if (event.type === "step_waiting") open.set(event.path, event);
    else if (event.type === "person_answered") open.delete(event.path);
  }
  return [...open.values()];
}

/** What a cache may serve of an event: an answer that stood, with its origin. */
export function recalled(run: string, event: Event): RecalledAnswer | undefined {
  switch (event.type) {
    case "step_answered":
      return {
        value: event.value,
        confidence: event.confidence,
        basis: event.basis,
        rung: event.origin?.rung ?? event.rung,
        run: event.origin?.run ?? run,
        path: event.origin?.path ?? event.path,
      };
    case "person_answered":
      return { value: event.value, confidence: null, basis: "certain", rung: "person", run, path: event.path };
    default:
      return undefined;
  }
}
