/** What the gateway counts. */

import type { Event } from "../core/event.ts";
import type { Usage } from "../core/usage.ts";
import type { Admission } from "./admission.ts";
import { type Counter, type Histogram, Registry } from "./prometheus.ts";
import type { View } from "./view.ts";

/** Seconds. A rule takes less than a millisecond, a frontier model half a minute. */
const latencies = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter;
  readonly #seconds: Histogram;
  readonly #answers: Counter;
  readonly #escalations: Counter;
  readonly #writes: Counter;
  readonly #cost: Counter;
  readonly #unpriced: Counter;

  constructor(admission: Admission, currency: string) {
    const registry = this.#registry;
    this.#requests = registry.counter("pawl_requests_total", "Requests by route and status.");
    this.#seconds = registry.histogram("pawl_request_seconds", "Time from a request to its reply.", latencies);
    this.#answers = registry.counter("pawl_answers_total", "Answers by the rung that gave them and their standing.");
    this.#escalations = registry.counter("pawl_escalations_total", "Questions that a rung passed on, by that rung.");
    registry.gauge("pawl_in_flight", "Runs under way.", () => admission.inFlight);
    registry.gauge("pawl_queue", "Requests that wait for a place.", () => admission.queued);
    registry.counted("pawl_refused_total", "Requests refused because there was no place.", () => admission.refused);
    this.#writes = registry.counter("pawl_journal_writes_total", "Records written to the journal.");
    this.#cost = registry.counter("pawl_cost_total", `Money paid for replies, in ${currency}.`);
    this.#unpriced = registry.counter("pawl_unpriced_total", "Replies whose price is not known.");
    const memory = "process_resident_memory_bytes";
    registry.gauge(memory, "Memory of the process.", () => process.memoryUsage.rss());
    registry.gauge("process_heap_bytes", "Of it, what JavaScript uses.", () => process.memoryUsage().heapUsed);
  }

  get text(): string {
    return this.#registry.text();
  }

  request(route: string, status: number, seconds: number): void {
    this.#requests.add({ route, status: String(status) });
    this.#seconds.observe({ route }, seconds);
  }

  /** What a reply cost. */
  paid({ cost }: Usage): void {
    if (cost === null) this.#unpriced.add();
    else this.#cost.add({}, cost);
  }

  /** A run that left, with those of its events that are new. */
  run(view: View, fresh: readonly Event[]): void {
    // Beside its events: that it was taken, and that it was given back where it did not end.
    this.#writes.add({}, fresh.length + (view.run.outcome ? 1 : 2));
    for (const event of fresh) {
      if (!("trail" in event)) continue;
      for (const { rung, kind, verdict, usage } of event.trail) {
        const stood = verdict?.stands === true;
        if (!stood && kind !== "waiting") this.#escalations.add({ rung });
        if (usage) this.paid(usage);
      }
    }
    const paths = new Set(fresh.flatMap((event) => ("path" in event ? [event.path] : [])));
    for (const { path, rung, standing } of view.given) {
      if (paths.has(path)) this.#answers.add({ rung: rung ?? "none", standing });
    }
  }
}
