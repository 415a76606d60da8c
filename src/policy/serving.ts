/** A certificate in force: its version, its figures, and the life of its promise as audits come in. */

import type { ServingState } from "../core/answer.ts";
import type { Label } from "../core/label.ts";
import type { CertificateFigures } from "../core/policy-event.ts";
import {
  auditRate,
  coldState,
  loosened,
  next,
  type PromiseEvent,
  type PromiseState,
  thresholdInForce,
  usualSettings,
} from "../guarantee/states.ts";
import type { LocalVersion } from "./local-version.ts";

/** Time is counted in labels set aside, so that what came after an alarm is told apart for certain. */
type Position = number;

export class Serving {
  readonly version: LocalVersion;
  figures: CertificateFigures;
  /** When it was issued, in milliseconds since the epoch. */
  readonly issued: number;
  #state: PromiseState;

  constructor(name: string, version: LocalVersion, figures: CertificateFigures, since: Position, issued: number) {
    const { risk, delta, step } = figures;
    this.version = version;
    this.figures = figures;
    this.issued = issued;
    const settings = { ...usualSettings, risk, delta, maxAge: Number.MAX_SAFE_INTEGER };
    // Labels behind those that it was trained on: no certificate has used them before.
    const labels = { from: version.upTo + 1, to: Math.max(since, version.upTo + 1), attempt: 1 };
    const passed: PromiseEvent = {
      at: labels.to,
      version: version.key,
      type: "certificate_passed",
      id: `${version.key}@${since}`,
      grid: version.grid,
      step,
      delta,
      labels,
    };
    this.#state = next(coldState(name, version.key, settings), passed);
  }

  /** `null` once it was revoked. */
  get status(): ServingState | null {
    const { status } = this.#state;
    return status === "cold" || status === "revoked" ? null : status;
  }

  get state(): PromiseState {
    return this.#state;
  }

  /** Least probability that stands now: in WATCH one grid step stricter than certified. */
  get threshold(): number {
    return thresholdInForce(this.#state) ?? Number.POSITIVE_INFINITY;
  }

  /** The threshold that the certificate is about. */
  get certified(): number {
    return this.figures.threshold;
  }

  get auditRate(): number {
    return auditRate(this.#state);
  }

  /** Its own test has gone on and covers more. In a time of warning nothing is loosened. */
  loosen(figures: CertificateFigures): void {
    if (this.status === null || this.status === "watch") return;
    this.figures = figures;
    this.#state = loosened(this.#state, figures.step);
  }

  /** An audit's answer. */
  audit(label: Label, wrong: boolean): void {
    this.#apply({ type: "audit_answered", decidedAt: label.number, wrong }, label.number);
  }

  warn(monitor: string, isOver: boolean, after: Position): void {
    this.#apply({ type: isOver ? "soft_alarm_ended" : "soft_alarm_raised", monitor }, after);
  }

  #apply(what: Unplaced, position: Position): void {
    const at = Math.max(position, this.#state.now ?? position);
    this.#state = next(this.#state, { ...what, at, version: this.version.key } as PromiseEvent);
  }
}

type Unplaced =
  | { readonly type: "audit_answered"; readonly decidedAt: Position; readonly wrong: boolean }
  | { readonly type: "soft_alarm_raised" | "soft_alarm_ended"; readonly monitor: string };
