/** What the journal knows of a run, by path: the memory that makes resume and replay one and the same. */

import type { Event, StepAnswered, StepWaiting, ToolCalled, ValueDrawn } from "../core/event.ts";
import type { Json } from "../core/json.ts";

/** A question's journaled state. */
export type PastAnswer =
  | { readonly kind: "answered"; readonly event: StepAnswered }
  /** A person answered what had been waiting. */
  | { readonly kind: "by person"; readonly value: Json; readonly by: string; readonly waiting: StepWaiting }
  | { readonly kind: "waiting"; readonly waiting: StepWaiting };

/** A fold of a run's events. */
export class Past {
  readonly answers = new Map<string, PastAnswer>();
  readonly calls = new Map<string, ToolCalled>();
  /** Calls that change the world and were started, but whose end is not on record. */
  readonly started = new Set<string>();
  readonly values = new Map<string, ValueDrawn>();
  readonly sleeps = new Map<string, number>();

  constructor(events: readonly Event[]) {
    for (const event of events) this.#add(event);
  }

  get empty(): boolean {
    return this.answers.size + this.calls.size + this.values.size + this.sleeps.size + this.started.size === 0;
  }

  #add(event: Event): void {
    switch (event.type) {
      case "step_answered":
        this.answers.set(event.path, { kind: "answered", event });
        break;
      case "step_waiting":
        this.answers.set(event.path, { kind: "waiting", waiting: event });
        break;
      case "person_answered": {
        const asked = this.answers.get(event.path);
        if (asked?.kind === "waiting") {
          const { value, by } = event;
          this.answers.set(event.path, { kind: "by person", value, by, waiting: asked.waiting });
        }
        break;
      }
      case "tool_started":
        this.started.add(event.path);
        break;
      case "tool_called":
        this.started.delete(event.path);
        this.calls.set(event.path, event);
        break;
      case "value_drawn":
        this.values.set(event.path, event);
        break;
      case "sleep_started":
        this.sleeps.set(event.path, event.until);
        break;
      case "run_ended":
        break;
    }
  }
}
