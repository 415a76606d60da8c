/**
 * The life of a promise, for one question and one version: which threshold is in force, how often what it accepts is
 * audited, and when it is taken back. A pure fold: `next(state, event)`; the same events give the same state again.
 *
 *     COLD ── certificate ─▶ PROBATION ── e-value ─▶ CERTIFIED ── soft alarm ─▶ WATCH ── e-value ─▶ back
 *     any ── hard alarm ─▶ REVOKED ── certificate on labels after the alarm ─▶ PROBATION
 *     any ── another version, or a certificate too old ─▶ COLD
 *
 * Nothing is accepted without a certificate in force. To tighten is always free. To loosen takes a new certificate,
 * or, for the one step that WATCH had tightened, new evidence at a level of its own. CERTIFIED is ever shown for an
 * error that stays at or above the promise with probability delta at most, however often one looks.
 */

import { UsageError } from "../core/errors.ts";
import { alarmProcess, certificateProcess, type EProcess, observe, reaches, riseDetector } from "./e-process.ts";

export type Status = "cold" | "probation" | "certified" | "watch" | "revoked";

export interface PromiseSettings {
  /** Largest share of wrong answers among the accepted. */
  readonly risk: number;
  /** Chance that a certificate claims too much. */
  readonly delta: number;
  /** Audits per accepted decision in the states that accept. */
  readonly auditRates: { readonly probation: number; readonly certified: number; readonly watch: number };
  /** Audits that the rise detector takes at least, on average, to a false alarm at the promised error. */
  readonly riseLimit: number;
  /** How long after its last label a certificate still counts, in the unit of `at`. */
  readonly maxAge: number;
  /** Largest weight of an audit (see `auditWeight`); 1 when all of a state are drawn at one rate. */
  readonly weightBound: number;
}

/** Rates and limits unless told otherwise. The risk and the age limit have no default. */
export const usualSettings: Omit<PromiseSettings, "risk" | "maxAge"> = {
  delta: 0.05,
  auditRates: { probation: 0.1, certified: 0.02, watch: 0.25 },
  riseLimit: 1000,
  weightBound: 1,
};

/** A passed offline certificate that is in force. */
export interface CertificateInForce {
  readonly id: string;
  /** Thresholds from strict to loose, so descending; fixed before any of its labels was opened. */
  readonly grid: readonly number[];
  /** Index in the grid of the loosest threshold that it covers. */
  readonly step: number;
  readonly delta: number;
  /** Since when what it accepts has been accepted; a renewal does not change it. */
  readonly since: number;
}

/** Why an event did not have the effect that it asked for. */
export type Refusal =
  | "other_version"
  | "in_the_past"
  | "not_accepting"
  | "audit_before_certificate"
  | "weight_out_of_range"
  | "bad_grid"
  | "labels_out_of_order"
  | "labels_before_alarm"
  | "delta_spent"
  | "would_loosen"
  | "unknown_alarm";

/** Plain data: survives JSON. Times are numbers that never fall, such as milliseconds or journal positions. */
export interface PromiseState {
  readonly question: string;
  readonly version: string;
  readonly settings: PromiseSettings;
  readonly status: Status;
  /** Never `null` in a state that accepts, always `null` in the others. */
  readonly certificate: CertificateInForce | null;
  /** Index in the certificate's grid of the threshold in force, before WATCH takes a step off; -1 accepts nothing. */
  readonly step: number;
  /** When the latest event happened; `null` before the first. */
  readonly now: number | null;
  /** Only labels of decisions after this count towards a certificate. */
  readonly labelsAfter: number | null;
  /** When the latest labelled decision that speaks for the certificate was made. */
  readonly lastLabelAt: number | null;
  /** Evidence since the certificate that the error is below the promise, and whether it was ever enough. */
  readonly evidence: EProcess;
  readonly isProven: boolean;
  /** The same since the latest soft alarm, for the way out of WATCH. */
  readonly calm: EProcess;
  /** Evidence that the error is above the promise, and that it has risen above it. */
  readonly alarm: EProcess;
  readonly rise: EProcess;
  /** Soft alarms that have not ended, by monitor. */
  readonly alarms: readonly string[];
  /** When the latest soft alarm was raised; `null` outside of WATCH. */
  readonly watchSince: number | null;
  /** Soft alarms so far under this certificate: each return from WATCH has a smaller level. */
  readonly watches: number;
  /** Audits answered under this certificate. One without an answer is no event: it is neither right nor wrong. */
  readonly answered: number;
  /** Why the latest event was refused, or `null`. */
  readonly refused: Refusal | null;
}

/** What can happen. `at` is when; `version` is the version that it is about. */
export type PromiseEvent = { readonly at: number; readonly version: string } & (
  | {
      readonly type: "certificate_passed";
      readonly id: string;
      readonly grid: readonly number[];
      /** Loosest grid index that passed. */
      readonly step: number;
      /** Level that was spent. */
      readonly delta: number;
      readonly labels: {
        /** When the first and the last of the decisions were made that the labels are about. */
        readonly from: number;
        readonly to: number;
        /** The label book's count: 1 when no label has served before, j when one of them serves for the j-th time. */
        readonly attempt: number;
      };
    }
  | {
      /** An audit's answer. In WATCH, the coin is thrown for all above the certified threshold, accepted or not. */
      readonly type: "audit_answered";
      /** When the audited decision was made. */
      readonly decidedAt: number;
      readonly wrong: boolean;
      /** See `auditWeight`; 1 unless propensities differ inside a state. */
      readonly weight?: number;
    }
  | { readonly type: "soft_alarm_raised"; readonly monitor: string }
  | { readonly type: "soft_alarm_ended"; readonly monitor: string }
  /** From outside, such as a person, or a fingerprint of the model that no longer fits. */
  | { readonly type: "hard_alarm_raised"; readonly reason: string }
  | { readonly type: "threshold_tightened"; readonly step: number }
  | { readonly type: "version_changed"; readonly to: string }
  | { readonly type: "time_passed" }
);

/** Accepts nothing yet. */
export function coldState(question: string, version: string, settings: PromiseSettings): PromiseState {
  const { risk, delta, auditRates, riseLimit, maxAge, weightBound } = settings;
  for (const [status, rate] of Object.entries(auditRates)) {
    if (rate > 0 && rate <= 1) continue;
    throw new UsageError("E_PROPENSITY", `accepted decisions are audited, also in ${status}: not at ${rate}`, {
      value: auditRates,
    });
  }
  if (!(delta > 0 && delta < 1 && riseLimit > 1 && maxAge > 0)) {
    throw new UsageError("E_SETTINGS", "delta lies between 0 and 1, the rise limit above 1, the age limit above 0");
  }
  return {
    question,
    version,
    settings,
    status: "cold",
    certificate: null,
    step: -1,
    now: null,
    labelsAfter: null,
    lastLabelAt: null,
    evidence: certificateProcess(risk, weightBound),
    isProven: false,
    calm: certificateProcess(risk, weightBound),
    alarm: alarmProcess(risk, weightBound),
    rise: riseDetector(risk, weightBound),
    alarms: [],
    watchSince: null,
    watches: 0,
    answered: 0,
    refused: null,
  };
}

/** The least score that stands now; `null` when nothing may. WATCH is one grid step stricter. */
export function thresholdInForce({ status, certificate, step }: PromiseState): number | null {
  if (certificate === null) return null;
  return certificate.grid[status === "watch" ? step - 1 : step] ?? null;
}

/** Whether an answer with this score stands. A score that is no number does not. */
export function accepts(state: PromiseState, score: number): boolean {
  const threshold = thresholdInForce(state);
  return threshold !== null && score >= threshold;
}

/** Probability that a decision at or above the certified threshold is audited now; 0 where none is accepted. */
export function auditRate({ status, settings }: PromiseState): number {
  return status === "cold" || status === "revoked" ? 0 : settings.auditRates[status];
}

/**
 * The level that a certificate may spend on labels that serve for the `attempt`-th time: all of delta on the first, then
 * delta * 6 / (pi^2 attempt^2).
 */
export function allowedDelta(delta: number, attempt: number): number {
  return attempt === 1 ? delta : shareOfDelta(delta, attempt);
}

/** The shares of all attempts together add up to delta. */
function shareOfDelta(delta: number, attempt: number): number {
  return (delta * 6) / (Math.PI * attempt) ** 2;
}

/**
 * The certificate's own test has gone on and now covers a looser threshold, at the level that it has: nothing new is
 * spent. What was gathered against the promise stays; what speaks for it was about less, and begins anew.
 */
export function loosened(state: PromiseState, step: number): PromiseState {
  const { certificate, settings, status } = state;
  if (certificate === null || status === "watch" || step <= state.step) return state;
  const evidence = certificateProcess(settings.risk, settings.weightBound);
  return { ...state, status: "probation", step, certificate: { ...certificate, step }, evidence };
}

/** The state after all these events. */
export function foldPromise(from: PromiseState, events: readonly PromiseEvent[]): PromiseState {
  return events.reduce(next, from);
}

/** The state after an event. Never throws for what an event says: what does not fit is refused, and says why. */
export function next(state: PromiseState, event: PromiseEvent): PromiseState {
  const isLater = Number.isFinite(event.at) && (state.now === null || event.at >= state.now);
  if (!isLater) return { ...state, refused: "in_the_past" };
  if (event.version !== state.version) return { ...state, refused: "other_version" };
  const now: PromiseState = { ...expired(state, event.at), now: event.at, refused: null };
  const refuse = (refused: Refusal): PromiseState => ({ ...now, refused });
  switch (event.type) {
    case "certificate_passed":
      return withCertificate(now, event);
    case "audit_answered":
      return withAudit(now, event);
    case "soft_alarm_raised":
      return watching(now, event.monitor, event.at);
    case "soft_alarm_ended":
      if (!now.alarms.includes(event.monitor)) return refuse("unknown_alarm");
      return calmed({ ...now, alarms: now.alarms.filter((name) => name !== event.monitor) });
    case "hard_alarm_raised":
      return revoked(now, event.at);
    case "threshold_tightened":
      if (now.certificate === null) return refuse("not_accepting");
      if (!(Number.isInteger(event.step) && event.step >= -1)) return refuse("bad_grid");
      return event.step > now.step ? refuse("would_loosen") : { ...now, step: event.step };
    case "version_changed":
      return { ...coldAgain(now), version: event.to };
    case "time_passed":
      return now;
  }
}

/** A certificate whose last label is too old ends; its labels cannot bring it back. */
function expired(state: PromiseState, at: number): PromiseState {
  const { certificate, lastLabelAt, settings } = state;
  if (certificate === null) return state;
  const last = lastLabelAt ?? certificate.since;
  if (at - last <= settings.maxAge) return state;
  return { ...coldAgain(state), labelsAfter: later(state.labelsAfter, last) };
}

/** Without certificate or evidence, but with the memory of which labels are too old. */
function coldAgain({ question, version, settings, now, labelsAfter }: PromiseState): PromiseState {
  return { ...coldState(question, version, settings), now, labelsAfter };
}

/** Everything escalates; only decisions from now on may speak for it again. */
function revoked(state: PromiseState, at: number): PromiseState {
  return { ...coldAgain(state), status: "revoked", labelsAfter: later(state.labelsAfter, at) };
}

function later(before: number | null, time: number): number {
  return before === null ? time : Math.max(before, time);
}

function withCertificate(
  state: PromiseState,
  { id, grid, step, delta, labels, at }: Extract<PromiseEvent, { type: "certificate_passed" }>,
): PromiseState {
  const refuse = (refused: Refusal): PromiseState => ({ ...state, refused });
  if (!(isDescending(grid) && Number.isInteger(step) && step in grid)) return refuse("bad_grid");
  if (!(labels.from <= labels.to && labels.to <= at)) return refuse("labels_out_of_order");
  // In WATCH, too, labels from before the alarm may be about a world that is gone.
  const after = state.watchSince === null ? state.labelsAfter : later(state.labelsAfter, state.watchSince);
  if (after !== null && labels.from <= after) return refuse("labels_before_alarm");
  const isCount = Number.isInteger(labels.attempt) && labels.attempt >= 1;
  const allowed = allowedDelta(state.settings.delta, labels.attempt);
  if (!(isCount && delta > 0 && delta <= allowed * (1 + 1e-12))) return refuse("delta_spent");

  const before = state.certificate;
  const lastLabelAt = later(state.lastLabelAt, labels.to);
  const inForce = before?.grid[state.step] ?? Number.POSITIVE_INFINITY;
  const isRenewal = before !== null && state.status !== "watch" && grid[step]! >= inForce;
  // A renewal that loosens nothing keeps the state and what the audits have shown, for and against.
  if (isRenewal) return { ...state, certificate: { id, grid, step, delta, since: before.since }, step, lastLabelAt };

  const fresh = coldState(state.question, state.version, state.settings);
  // Labels from before cannot wipe out what the audits have gathered against it since.
  const isOld = before !== null && labels.from <= before.since;
  return {
    ...fresh,
    status: "probation",
    certificate: { id, grid, step, delta, since: at },
    step,
    now: state.now,
    labelsAfter: state.labelsAfter,
    lastLabelAt,
    alarm: isOld ? state.alarm : fresh.alarm,
    rise: isOld ? state.rise : fresh.rise,
  };
}

function isDescending(grid: readonly number[]): boolean {
  return grid.every((tau, index) => Number.isFinite(tau) && (index === 0 || tau < grid[index - 1]!));
}

function withAudit(
  state: PromiseState,
  { decidedAt, wrong, weight = 1, at }: Extract<PromiseEvent, { type: "audit_answered" }>,
): PromiseState {
  const { certificate, settings, watchSince } = state;
  if (certificate === null) return { ...state, refused: "not_accepting" };
  // An answer about a decision that this certificate did not let stand says nothing about it.
  if (!(decidedAt >= certificate.since && decidedAt <= at)) return { ...state, refused: "audit_before_certificate" };
  // A weight that was not foreseen can be neither clipped nor left out; nothing stands until somebody has looked.
  if (!(weight > 0 && weight <= settings.weightBound)) return { ...revoked(state, at), refused: "weight_out_of_range" };
  const loss = wrong ? weight : 0;
  const evidence = observe(state.evidence, loss);
  const isProven = state.isProven || reaches(evidence, 1 / settings.delta);
  const isSinceAlarm = watchSince !== null && decidedAt >= watchSince;
  const seen: PromiseState = {
    ...state,
    status: state.status === "probation" && isProven ? "certified" : state.status,
    answered: state.answered + 1,
    lastLabelAt: later(state.lastLabelAt, decidedAt),
    evidence,
    isProven,
    calm: isSinceAlarm ? observe(state.calm, loss) : state.calm,
    alarm: observe(state.alarm, loss),
    rise: observe(state.rise, loss),
  };
  const isAbove = reaches(seen.alarm, 1 / settings.delta) || reaches(seen.rise, settings.riseLimit);
  return isAbove ? revoked(seen, at) : calmed(seen);
}

/** Each alarm that is new starts the evidence for a return again: what was seen before it cannot answer it. */
function watching(state: PromiseState, monitor: string, at: number): PromiseState {
  const { certificate, settings, alarms } = state;
  if (certificate === null) return { ...state, refused: "not_accepting" };
  if (alarms.includes(monitor)) return state;
  return {
    ...state,
    status: "watch",
    alarms: [...alarms, monitor],
    watchSince: at,
    watches: state.watches + 1,
    calm: certificateProcess(settings.risk, settings.weightBound),
  };
}

/**
 * Out of WATCH, when no soft alarm is left and the audits since the last one, drawn at one rate from all above the
 * certified threshold, show an error below the promise: an e-value of 1 / delta_j at the j-th alarm. So a monitor
 * that flickers keeps the step in WATCH, and its many returns together claim too much with probability delta at most.
 * A step that was never CERTIFIED goes back to PROBATION.
 */
function calmed(state: PromiseState): PromiseState {
  const { status, alarms, calm, watches, isProven, settings } = state;
  if (status !== "watch" || alarms.length > 0) return state;
  if (!reaches(calm, 1 / shareOfDelta(settings.delta, watches))) return state;
  return { ...state, status: isProven ? "certified" : "probation", watchSince: null };
}
