/** A receipt as a screen of text: the tree of steps, each with what was asked, thought, checked and done. */

import type { Attempt, Evidence, StandingRecord } from "../core/answer.ts";
import type { RunOutcome } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import { describeOutcome } from "../core/outcome.ts";
import { reasonOf } from "../gate/reason.ts";
import type { AskedReceipt, CalledReceipt, Receipt, StepReceipt } from "../review/receipt.ts";
import { ownReason, shownValue } from "../review/sentence.ts";
import { share } from "./promise-text.ts";
import { bar, clean, cleanLine, probability, styled } from "./text.ts";

/** Most options shown of one attempt; the others are counted. */
const mostOptions = 10;

export function receiptLines(receipt: Receipt): readonly string[] {
  const { run, loop, item, status, outcome, milliseconds } = receipt;
  const took = milliseconds === null ? "" : `, ${milliseconds} ms in steps`;
  const head = [
    styled("bold", `run ${run.number} · item ${cleanLine(item.id)} · loop ${loop.name}, version ${loop.version}`),
    `${run.id} · begun ${new Date(receipt.started).toISOString()}${took}`,
    ...inputLines(receipt.input),
    "",
  ];
  const body = receipt.steps.flatMap((step) => stepLines(step, ""));
  return [...head, ...(body.length === 0 ? ["no step yet"] : body), "", styled("bold", endLine(status, outcome))];
}

function inputLines(input: Json): readonly string[] {
  const lines =
    typeof input === "object" && input !== null && !Array.isArray(input)
      ? Object.entries(input).map(
          ([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
        )
      : [JSON.stringify(input)];
  const shown = lines.slice(0, 8).map((line) => styled("dim", `  ${shortened(cleanLine(line), 160)}`));
  return lines.length > 8 ? [...shown, styled("dim", `  and ${lines.length - 8} more fields`)] : shown;
}

/** How the run stands, in a line. */
export function endLine(status: string, outcome: RunOutcome | null): string {
  switch (outcome?.kind) {
    case "done":
      return `done: ${cleanLine(JSON.stringify(outcome.output))}`;
    case "limit":
      return `stopped: the limit of ${outcome.allowed} ${outcome.limit} was reached at ${outcome.path}`;
    case "failed":
      return `failed (${outcome.who}, ${outcome.code}): ${cleanLine(outcome.message)}`;
    default:
      return status === "waiting" ? "waiting for a person: pawl review" : `${status}: run the same command again`;
  }
}

function stepLines(step: StepReceipt, indent: string): readonly string[] {
  const { asked, called, other } = step;
  const below = `${indent}  `;
  const lines = [`${indent}${styled("bold", cleanLine(step.name))}${asked ? `  ${asked.verb}` : ""}${headOf(step)}`];
  if (asked) lines.push(...askedLines(asked, below));
  if (called) lines.push(...calledLines(called, below));
  if (other) lines.push(`${below}${other.reason}`);
  return [...lines, ...step.steps.flatMap((one) => stepLines(one, below))];
}

function headOf({ asked }: StepReceipt): string {
  if (!asked) return "";
  if (asked.value === undefined) return styled("yellow", "  waiting for a person");
  const sure = asked.confidence === null ? "" : ` ${probability(asked.confidence)}`;
  const from = asked.by ?? asked.origin?.rung ?? asked.rung;
  return `  → ${styled("green", cleanLine(shownValue(asked.value)))}${sure}  by ${from}${asked.origin ? ", cached" : ""}`;
}

function askedLines(asked: AskedReceipt, indent: string): readonly string[] {
  const { question, trail, reason, milliseconds } = asked;
  const lines: string[] = [];
  if (question) lines.push(`${indent}asked: ${cleanLine(question.ask)}`);
  for (const attempt of trail) lines.push(...attemptLines(attempt, indent));
  lines.push(`${indent}why: ${cleanLine(reason)}`);
  const took = milliseconds === null ? "" : ` · ${milliseconds} ms`;
  lines.push(`${indent}${styled("dim", `risk: ${riskText(asked)}${took}`)}`);
  return lines;
}

function riskText({ risk, standing }: AskedReceipt): string {
  if (standing) return standingText(standing);
  return risk.asked === null ? "no promise yet" : `no promise yet (asked: at most ${share(risk.asked)} wrong)`;
}

/** What an answer stood under, and what became of its coin. */
function standingText({ risk, delta, state, threshold, propensity, audited }: StandingRecord): string {
  const promise = `at most ${share(risk)} wrong of what stands (${share(1 - delta)} confidence)`;
  const coin = `${audited ? "audited" : "not audited"} (${share(propensity)} are)`;
  return `${promise}, ${state}, from ${probability(threshold)} on; ${coin}`;
}

function unpricedText({ atMost = 0 }: Attempt): string {
  return atMost > 0 ? `unpriced, at most ${atMost}` : "unpriced";
}

function attemptLines(attempt: Attempt, indent: string): readonly string[] {
  const { rung, kind, value, confidence = null, basis, evidence, usage, verdict, fault, repaired, reason } = attempt;
  const mark = verdict?.stands ? styled("green", "✓") : kind === "waiting" ? "…" : styled("yellow", "↑");
  const said =
    kind === "answered"
      ? `${cleanLine(shownValue(value ?? null))}  ${confidence === null ? "no confidence" : probability(confidence)} (${basis})`
      : cleanLine(ownReason(attempt));
  const cost = [
    usage && usage.milliseconds > 0 ? `${Math.round(usage.milliseconds * 10) / 10} ms` : "",
    usage && usage.inputTokens + usage.outputTokens > 0 ? `${usage.inputTokens}+${usage.outputTokens} tokens` : "",
    usage?.cost === null ? unpricedText(attempt) : usage && usage.cost > 0 ? `cost ${usage.cost}` : "",
  ].filter((part) => part !== "");
  const below = `${indent}    `;
  const lines = [`${indent}${mark} ${rung}: ${said}${cost.length > 0 ? styled("dim", ` · ${cost.join(" · ")}`) : ""}`];
  if (fault) lines.push(`${below}${styled("red", fault)}: ${cleanLine(reason ?? "")}`);
  if (repaired) lines.push(`${below}second try, after: ${cleanLine(`${repaired.path} ${repaired.message}`.trim())}`);
  lines.push(...evidenceLines(evidence, below));
  for (const check of verdict?.checks ?? []) {
    lines.push(`${below}${check.passes ? styled("green", "✓") : styled("red", "✗")} ${cleanLine(reasonOf(check))}`);
  }
  return lines;
}

function evidenceLines(evidence: Evidence | undefined, indent: string): readonly string[] {
  if (!evidence) return [];
  const lines: string[] = [];
  const options = (evidence.options ?? []).toSorted((a, b) => b.p - a.p);
  const width = options.slice(0, mostOptions).reduce((most, { name }) => Math.max(most, cleanLine(name).length), 0);
  for (const { name, p } of options.slice(0, mostOptions)) {
    lines.push(
      `${indent}${cleanLine(name).padEnd(width)}  ${probability(p).padStart(4)} ${styled("cyan", bar(p, 24))}`,
    );
  }
  if (options.length > mostOptions) lines.push(`${indent}and ${options.length - mostOptions} less likely options`);
  for (const [path, { confidence, how }] of Object.entries(evidence.fields ?? {})) {
    lines.push(
      `${indent}${cleanLine(path)}: ${confidence === null ? "no confidence" : probability(confidence)}, ${how}`,
    );
  }
  const facts = [
    evidence.mass === undefined ? "" : `mass on the options ${probability(evidence.mass)}`,
    evidence.margin === undefined ? "" : `margin ${evidence.margin.toFixed(2)}`,
    evidence.prior === undefined ? "" : priorNote(evidence.prior),
    evidence.pieces === undefined ? "" : `read in ${evidence.pieces} pieces`,
    evidence.note === undefined ? "" : cleanLine(evidence.note),
  ].filter((fact) => fact !== "");
  if (facts.length > 0) lines.push(`${indent}${styled("dim", facts.join(" · "))}`);
  const server = serverLine(evidence);
  if (server !== "") lines.push(`${indent}${styled("dim", server)}`);
  return lines;
}

/** Who was asked elsewhere, what was kept from it, and what was wrong with it: counts, never values. */
function serverLine({ host, model, votes, redacted, faults }: Evidence): string {
  const counts = Object.entries(redacted ?? {}).filter(([, count]) => count > 0);
  const kept = counts.map(([kind, count]) => `${count} ${count === 1 ? kind.slice(0, -1) : kind}`);
  return [
    host === undefined ? "" : cleanLine(`asked ${model ?? "a model"} at ${host}`),
    votes === undefined ? "" : `shares of ${votes} votes`,
    redacted === undefined ? "" : `kept from it: ${kept.length > 0 ? kept.join(", ") : "nothing found"}`,
    faults && faults.length > 0 ? `faults: ${faults.join(", ")}` : "",
  ]
    .filter((part) => part !== "")
    .join(" · ");
}

function priorNote({ items, corrected }: NonNullable<Evidence["prior"]>): string {
  return corrected ? `prior of ${items} items taken off` : `prior not taken off (${items} items so far)`;
}

function calledLines({ tool, args, key, outcome, reason }: CalledReceipt, indent: string): readonly string[] {
  const mark = outcome?.kind === "ok" ? styled("green", "✓") : styled(outcome ? "red" : "yellow", outcome ? "✗" : "…");
  const came = outcome ? describeOutcome(outcome) : "not known to have ended";
  const lines = [`${indent}${mark} ${cleanLine(shortened(`${tool}(${JSON.stringify(args)})`, 200))}`];
  lines.push(`${indent}    ${cleanLine(shortened(came, 200))}`);
  lines.push(`${indent}why: ${cleanLine(reason)}`);
  if (key !== null) lines.push(`${indent}${styled("dim", `key: ${clean(key)}`)}`);
  return lines;
}

function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
