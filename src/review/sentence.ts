/** Why a step came out as it did, in one sentence that code makes from the journal. */

import type { Attempt, Origin } from "../core/answer.ts";
import type { SleepStarted, ToolCalled, ToolStarted, ValueDrawn } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import { describeOutcome } from "../core/outcome.ts";
import type { ProposedCall } from "../core/question.ts";
import { reasonsOf } from "../gate/reason.ts";

interface Asked {
  readonly trail: readonly Attempt[];
  /** `null` while it waits. */
  readonly rung: string | null;
  readonly value?: Json;
  readonly origin?: Origin | undefined;
  readonly by: string | null;
  /** While it waits: the rung that answers by itself. */
  readonly awaits?: string | undefined;
}

/** Such as: model:x said shipping, but confidence 0.41 is below the threshold 0.9; ana answered billing. */
export function askedReason({ trail, rung, value, origin, by, awaits }: Asked): string {
  const clauses = trail.filter(isTelling).map(whyUp);
  if (by !== null) clauses.push(`${by} answered ${shownValue(value ?? null, inSentence)}`);
  else if (rung === null) clauses.push(awaits === undefined ? "a person is asked" : `${awaits} is awaited`);
  else {
    const standing = trail.find((attempt) => attempt.verdict?.stands);
    const from = origin ? ` (first given by ${origin.rung} in ${origin.run} at ${origin.path})` : "";
    const because = standing?.verdict && standing.verdict.checks.length > 0 ? `: ${reasonsOf(standing.verdict)}` : "";
    clauses.push(`${rung} answered ${shownValue(value ?? null, inSentence)}${from}, which stands${because}`);
  }
  return `${clauses.join("; ")}.`;
}

/** An attempt that did not stand; that a cache has not seen the question before goes without saying. */
function isTelling({ kind, verdict, rung }: Attempt): boolean {
  return kind !== "waiting" && !verdict?.stands && !(rung === "cache" && kind === "escalated");
}

/** Why an attempt did not stand. */
function whyUp(attempt: Attempt): string {
  const { rung, kind, value, fault, reason = "no reason given", verdict, repaired } = attempt;
  const again = repaired ? " at its second try" : "";
  if (fault === "rung_failed") return `${rung} failed${again}: ${reason}`;
  if (kind === "escalated") return `${rung}: ${ownReason(attempt)}`;
  const said = `${rung} said ${shownValue(value ?? null, inSentence)}${again}`;
  if (fault) return `${said}, which does not fit (${fault}): ${reason}`;
  return verdict ? `${said}, but ${reasonsOf(verdict)}` : said;
}

/** An attempt's reason; some rungs put their name before it, which stands there anyway. */
export function ownReason({ rung, reason = "no reason given" }: Attempt): string {
  return reason.startsWith(`${rung}: `) ? reason.slice(rung.length + 2) : reason;
}

export function calledReason(event: ToolCalled, key: string | null): string {
  const under = key === null ? "" : ` under the key ${key}`;
  const { tool, outcome, milliseconds } = event;
  if (outcome.kind === "refused") return `${tool} was not called, ${describeOutcome(outcome)}.`;
  const came = outcome.kind === "ok" ? "answered" : describeOutcome(outcome);
  return `${tool} was called${under} and ${came} after ${milliseconds} ms.`;
}

export function startedReason({ tool, key }: ToolStarted): string {
  return `${tool} was begun under the key ${key} and is not known to have ended: it is called again under that key.`;
}

export function drawnReason({ kind, value }: ValueDrawn): string {
  return kind === "now" ? `The time was ${new Date(value).toISOString()}.` : `The number ${value} was drawn.`;
}

export function sleptReason({ until }: SleepStarted): string {
  return `It slept until ${new Date(until).toISOString()}.`;
}

/** A raw answer, in at most so many letters: a name as it is, a call as `tool({...})`, the rest as JSON. */
export function shownValue(value: Json, most = 160): string {
  if (typeof value === "string") return shortened(value, most);
  if (isCall(value)) return shortened(`${value.tool}(${JSON.stringify(value.args ?? {})})`, most);
  return shortened(JSON.stringify(value), most);
}

/** Most letters of a value in the middle of a sentence. */
const inSentence = 80;

function isCall(value: Json): value is ProposedCall & { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && "tool" in value && typeof value.tool === "string";
}

function shortened(text: string, most: number): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}
