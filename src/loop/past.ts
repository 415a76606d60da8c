/** What the journal knows of a run, by path: the memory that makes resume and replay one and the same. */

import type { Attempt } from "../core/answer.ts";
import type { Event, StepAnswered, StepWaiting, ToolCalled, ToolStarted, ValueDrawn } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import { chargeOf } from "../core/usage.ts";

/** A question's journaled state. */
export type PastAnswer =
  | { readonly kind: "answered"; readonly event: StepAnswered }
  /** A person answered what had been waiting. */
  | { readonly kind: "by person"; readonly value: Json; readonly by: string; readonly waiting: StepWaiting }
  | { readonly kind: "waiting"; readonly waiting: StepWaiting };

/** A fold of a run's events. */
export class Past {
  readonly answers: Map<string, PastAnswer> = new Map();
  readonly calls: Map<string, ToolCalled> = new Map();
  /** Questions that waited for a rung which need not be awaited any more. */
  readonly reopened: Map<string, StepWaiting> = new Map();
  /** Calls that change the world and were started, but whose end is not on record. */
  readonly started: Map<string, ToolStarted> = new Map();
  readonly values: Map<string, ValueDrawn> = new Map();
  readonly sleeps: Map<string, number> = new Map();
  /** Every step on record. Limits let it pass again, whatever a resumed run comes to first. */
  readonly paths: Set<string> = new Set();
  /** Calls by tool, interrupted ones among them. */
  readonly called: Map<string, number> = new Map();
  /** Time that the run was at work, and money that its steps took. */
  milliseconds = 0;
  spent = 0;

  constructor(events: readonly Event[]) {
    for (const event of events) this.#add(event);
  }

  #add(event: Event): void {
    if (event.type !== "run_ended") {
      this.paths.add(event.path);
      this.milliseconds = Math.max(this.milliseconds, event.elapsed ?? 0);
    }
    switch (event.type) {
      case "step_answered":
        this.answers.set(event.path, { kind: "answered", event });
        this.#pay(event.trail);
        break;
      case "step_waiting":
        this.answers.set(event.path, { kind: "waiting", waiting: event });
        this.#pay(event.trail);
        break;
      case "step_stopped":
        this.#pay(event.trail);
        break;
      case "person_answered": {
        const asked = this.answers.get(event.path);
        if (asked?.kind === "waiting") {
          const { value, by } = event;
          this.answers.set(event.path, { kind: "by person", value, by, waiting: asked.waiting });
        }
        break;
      }
      case "step_reopened": {
        const asked = this.answers.get(event.path);
        if (asked?.kind === "waiting") this.reopened.set(event.path, asked.waiting);
        this.answers.delete(event.path);
        break;
      }
      case "tool_started":
        this.started.set(event.path, event);
        this.#count(event.tool);
        break;
      case "tool_called":
        if (!this.started.delete(event.path) && event.outcome.kind !== "refused") this.#count(event.tool);
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

  #count(tool: string): void {
    this.called.set(tool, (this.called.get(tool) ?? 0) + 1);
  }

  #pay(trail: readonly Attempt[]): void {
    for (const attempt of trail) this.spent += chargeOf(attempt);
  }
}
