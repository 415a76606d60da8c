/** What a shadow run came to: what would have stayed local, and how that compares with what people did. */

import type { Counts } from "../batch/counts.ts";
import { settledRows } from "../batch/counts.ts";
import { count, counted, duration, percent } from "../batch/figures.ts";
import type { Attempt } from "../core/answer.ts";
import type { StepAnswered } from "../core/event.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import { formatShare, type Share, wilson } from "../core/wilson.ts";
import { type Kept, riskCoverage } from "../guarantee/risk-coverage.ts";
import type { Journal } from "../journal/journal.ts";
import { sameAnswer } from "../policy/met-question.ts";
import { shownValue } from "../review/sentence.ts";
import { approval, noSuchAnswer, shadowName, underCertificate, wouldStand } from "./shadow-parts.ts";
import { cleanLine, columns } from "./text.ts";

/** Cases out of others, with the interval of their share; `share` is `null` without a single case. */
export interface Part {
  readonly count: number;
  readonly of: number;
  readonly share: Share | null;
}

/** What would have stayed local, and what of it was wrong among those with a known answer. */
export interface Stayed {
  readonly stayed: Part;
  readonly wrong: Part;
}

/** Had the least confidence of one rung been chosen on these very items. A limit of what is possible, no promise. */
export interface Hindsight extends Stayed {
  readonly rung: string;
  /** Largest share of wrong answers allowed. */
  readonly risk: number;
  readonly confidence: number | null;
}

/** One question of the loop in a shadow run. */
export interface ShadowQuestion {
  /** Its steps' path without numbers, and the version of the question. */
  readonly step: string;
  readonly version: string;
  readonly risk: number | null;
  readonly decisions: number;
  /** Decisions with a known answer, and those whose known answer is no answer of the question, with an example. */
  readonly known: number;
  readonly unfit: { readonly count: number; readonly example: string | null };
  /** By the thresholds and promises in force when each was decided. */
  readonly inForce: Stayed;
  /** The same of those decisions that a certificate was in force for. */
  readonly certified: Stayed;
  readonly hindsight: readonly Hindsight[];
  /** Known answers that the local rungs gave too, of those that they had an answer for. */
  readonly agreement: Part;
  readonly confusions: readonly { readonly known: Json; readonly local: Json; readonly count: number }[];
}

export interface ShadowReport {
  readonly questions: readonly ShadowQuestion[];
}

const risks = [0.01, 0.02, 0.05, 0.1] as const;
const mostConfusions = 8;

/** One decision as its record tells it. */
interface Decision {
  readonly verb: StepAnswered["verb"];
  readonly truth: Json | undefined;
  /** The first local reply that would have stood. */
  readonly stood: Attempt | undefined;
  /** What the local rungs would have said at best, whether it would have stood or not. */
  readonly said: Attempt | undefined;
  readonly replies: readonly Attempt[];
  readonly isCertified: boolean;
}

interface Gathered {
  readonly step: string;
  readonly version: string;
  readonly risk: number | null;
  readonly decisions: Decision[];
  unfit: number;
  example: string | null;
}

/** Folds the runs of a batch of shadow runs, those of earlier commands among them. */
export function shadowReport(journal: Pick<Journal, "rows" | "events">, batch: string): ShadowReport {
  const questions = new Map<string, Gathered>();
  for (const { record } of journal.rows(batch)) {
    if (!record) continue;
    for (const event of journal.events(record.number)) {
      if (event.type === "step_answered" && event.verb !== "write") gather(questions, event);
    }
  }
  return { questions: [...questions.values()].map(toQuestion) };
}

function gather(questions: Map<string, Gathered>, event: StepAnswered): void {
  const { question: version, verb, risk, trail, value } = event;
  const closing = trail.at(-1);
  const note = closing?.rung === shadowName ? (closing.evidence?.note ?? "") : "";
  if (note === approval) return;
  const step = event.path.replace(/\/\d+(?=\/|$)/g, "");
  const key = `${step} ${version}`;
  const known = questions.get(key) ?? { step, version, risk, decisions: [], unfit: 0, example: null };
  questions.set(key, known);
  if (note.startsWith(noSuchAnswer)) {
    known.unfit++;
    known.example ??= note.slice(noSuchAnswer.length + 2);
  }
  const replies = trail.filter(isUsable);
  const stood = replies.find(({ verdict }) => verdict?.checks.some(({ have }) => have === wouldStand));
  known.decisions.push({
    verb,
    truth: closing?.rung === shadowName && closing.basis === "certain" ? value : undefined,
    stood,
    said: stood ?? replies.at(-1),
    replies,
    isCertified: note.startsWith(underCertificate),
  });
}

/** A local reply that is an answer: neither misshapen nor the way out, which never stands. */
function isUsable({ rung, kind, fault, verdict }: Attempt): boolean {
  if (rung === shadowName || kind !== "answered" || fault !== undefined || !verdict) return false;
  return !verdict.checks.some(({ check }) => check === "way out");
}

function toQuestion({ step, version, risk, decisions, unfit, example }: Gathered): ShadowQuestion {
  const known = decisions.filter(({ truth }) => truth !== undefined);
  const said = known.filter((decision) => decision.said);
  return {
    step,
    version,
    risk,
    decisions: decisions.length,
    known: known.length,
    unfit: { count: unfit, example },
    inForce: stayedOf(decisions),
    certified: stayedOf(decisions.filter(({ isCertified }) => isCertified)),
    hindsight: known.length === 0 ? [] : inHindsight(known),
    agreement: part(said.filter((decision) => isRight(decision, decision.said)).length, said.length),
    confusions: confusionsOf(said),
  };
}

function stayedOf(decisions: readonly Decision[]): Stayed {
  const stayed = decisions.filter(({ stood }) => stood);
  const judged = stayed.filter(({ truth }) => truth !== undefined);
  const wrong = judged.filter((decision) => !isRight(decision, decision.stood)).length;
  return { stayed: part(stayed.length, decisions.length), wrong: part(wrong, judged.length) };
}

function inHindsight(known: readonly Decision[]): Hindsight[] {
  const rungs = [...new Set(known.flatMap(({ replies }) => replies.map(({ rung }) => rung)))];
  return rungs.flatMap((rung) => {
    const items: Kept[] = known.flatMap((decision) => {
      const reply = decision.replies.find((attempt) => attempt.rung === rung);
      // A rung that needs no confidence is as sure as can be: it stands or falls as a whole.
      return reply ? [{ score: reply.confidence ?? 1, correct: isRight(decision, reply) }] : [];
    });
    const curve = riskCoverage(items);
    return risks.map((risk) => {
      const point = curve.findLast((one) => one.risk <= risk);
      const kept = Math.round((point?.coverage ?? 0) * items.length);
      const wrong = part(Math.round((point?.risk ?? 0) * kept), kept);
      return { rung, risk, confidence: point?.score ?? null, stayed: part(kept, known.length), wrong };
    });
  });
}

function confusionsOf(said: readonly Decision[]): ShadowQuestion["confusions"] {
  const pairs = new Map<string, { known: Json; local: Json; count: number }>();
  for (const decision of said) {
    if (isRight(decision, decision.said)) continue;
    const [known, local] = [decision.truth!, decision.said?.value ?? null];
    const key = canonicalJson([known, local]);
    const pair = pairs.get(key) ?? { known, local, count: 0 };
    pair.count++;
    pairs.set(key, pair);
  }
  return [...pairs.values()].sort((a, b) => b.count - a.count).slice(0, mostConfusions);
}

function isRight({ verb, truth }: Decision, attempt: Attempt | undefined): boolean {
  return truth !== undefined && attempt?.value !== undefined && sameAnswer({ verb }, attempt.value, truth);
}

function part(cases: number, of: number): Part {
  return { count: cases, of, share: wilson(cases, of) };
}

/** The lines that end a shadow run. */
export function shadowLines({ questions }: ShadowReport, counts: Counts, seconds: number): readonly string[] {
  const lines = [`${counted(settledRows(counts), "item")} in ${duration(seconds)}; nothing was done, nobody was asked`];
  const add = (name: string, value: number, more: string): void => {
    if (value > 0) lines.push(`  ${name.padEnd(12)} ${count(value)}  ${more}`.trimEnd());
  };
  if (counts.earlier > 0) add("earlier", counts.earlier, "in shadow before this command; they are in these figures");
  add("failed", counts.failed, "");
  for (const [code, { count: times, example }] of Object.entries(counts.failures)) {
    lines.push(`    ${code} ${count(times)}: ${example.split("\n")[0]}`);
  }
  add("cut short", counts.waiting, "they came to a step that only a person could have answered");
  add("asleep", counts.sleeping, "the same command goes on when their time has come");
  add("at a limit", counts.limit, "");
  add("set aside", counts.quarantined, "rows that were not run");
  for (const { line, reason } of counts.examples.quarantined) lines.push(`    line ${line}: ${reason}`);
  for (const question of questions) lines.push("", ...questionLines(question));
  return lines;
}

function questionLines(question: ShadowQuestion): readonly string[] {
  const { step, decisions, known, unfit, inForce, certified, agreement, hindsight, confusions, risk } = question;
  const lines = [`${cleanLine(step)}: ${counted(decisions, "decision")}, ${count(known)} with a known answer`];
  if (unfit.count > 0) {
    lines.push(
      `  ${count(unfit.count)} known answers are none of this question, such as: ${cleanLine(unfit.example ?? "")}`,
    );
  }
  lines.push(...stayedLines("would have stayed local", inForce));
  if (certified.stayed.of > 0 && certified.stayed.of < decisions) {
    lines.push(...stayedLines("of those under a certificate", certified));
  }
  if (certified.stayed.of === 0 && risk !== null) {
    lines.push(`  no certificate yet for "at most ${percent(risk)} wrong", so nothing would have stood by confidence`);
  }
  if (agreement.of > 0) {
    lines.push(`  local answer and known answer agree in ${formatShare(agreement.share)} of ${count(agreement.of)}`);
  }
  if (hindsight.length > 0) lines.push(...hindsightLines(hindsight));
  if (confusions.length > 0) {
    lines.push("  most often otherwise (known answer → local answer):");
    const rows = confusions.map(({ known: was, local, count: times }) => [
      count(times),
      `${cleanLine(shownValue(was))} → ${cleanLine(shownValue(local))}`,
    ]);
    lines.push(...columns(rows, [0]).map((line) => `    ${line}`));
  }
  if (known === 0) lines.push("  no known answers: name their column with --truth, or give some with pawl label");
  else if (risk !== null) lines.push(`  the known answers are labels of ${cleanLine(step)} now: pawl calibrate`);
  return lines;
}

function stayedLines(what: string, { stayed, wrong }: Stayed): readonly string[] {
  const lines = [`  ${what}: ${formatShare(stayed.share)}, ${count(stayed.count)} of ${count(stayed.of)}`];
  if (wrong.of > 0)
    lines.push(`    wrong of these: ${formatShare(wrong.share)}, ${count(wrong.count)} of ${count(wrong.of)}`);
  return lines;
}

function hindsightLines(hindsight: readonly Hindsight[]): readonly string[] {
  const rows = hindsight.map(({ rung, risk, confidence, stayed, wrong }) => [
    cleanLine(rung),
    percent(risk),
    confidence === null ? "–" : confidence.toFixed(3),
    formatShare(stayed.share),
    wrong.of === 0 ? "–" : formatShare(wrong.share),
  ]);
  const head = ["rung", "wrong at most", "confidence", "would have stayed", "wrong of these"];
  return [
    "  in hindsight, with each threshold chosen on these very items (no promise):",
    ...columns([head, ...rows], [1, 2]).map((line) => `    ${line}`),
  ];
}
