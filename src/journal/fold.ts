/** Readings of a run's events that every journal needs. */

import type { Event, PersonAnswered, StepReopened, StepWaiting } from "../core/event.ts";
import type { NewLabel } from "../core/label.ts";
import { namesOf } from "../core/question.ts";
import type { RecalledAnswer } from "../rung/rung.ts";
import type { Until } from "./journal.ts";

const closing: ReadonlySet<Event["type"]> = new Set(["person_answered", "step_answered", "step_reopened"]);

/** The steps of a run that wait for a person or a rung. A step can wait again, when its answer did not fit. */
export function unanswered(events: readonly Event[]): readonly StepWaiting[] {
  const open = new Map<string, StepWaiting>();
  for (const event of events) {
    if (event.type === "step_waiting") open.set(event.path, event);
    // A question that changed while it waited may have found its answer lower down.
    else if (closing.has(event.type) && "path" in event) open.delete(event.path);
  }
  return [...open.values()];
}

/** Whether that ends the wait: only the rung that a step awaits reopens it. */
export function isAnswerable(waiting: StepWaiting, event: PersonAnswered | StepReopened): boolean {
  return event.type === "person_answered" || waiting.awaits === event.rung;
}

/** What becomes of a run that is given back: an answer that came in the meantime lets it go on at once. */
export function parked(events: readonly Event[], until: Until): "ready" | "sleeping" | "waiting" {
  const open = new Set(unanswered(events).map((step) => step.path));
  if (until.paths.some((path) => !open.has(path))) return "ready";
  return until.wakes === null ? "waiting" : "sleeping";
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
        key: event.origin?.key ?? event.standing?.key ?? null,
      };
    case "person_answered":
      return {
        value: event.value,
        confidence: null,
        basis: "certain",
        rung: "person",
        run,
        path: event.path,
        key: null,
      };
    default:
      return undefined;
  }
}

/** The label that a person's answer to a waiting step is, where its question is one that learns. */
export function labelOf(run: string, waiting: StepWaiting, given: PersonAnswered): NewLabel | null {
  const { question, label, path } = waiting;
  if (!label) return null;
  const { name, version, about } = question;
  const { value, by } = given;
  // What does not fit will be asked again, and is no label.
  if (question.options.length > 0 && question.verb !== "pick" && !namesOf(question).includes(String(value)))
    return null;
  const answer = { value, source: "person", by } as const;
  return { question: name, version, about, ...label, decision: `${run}/${path}`, answer };
}
