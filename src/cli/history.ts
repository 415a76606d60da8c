/** A labelled past as examples of one question: what the loop would have asked about each row, and the row's answer. */

import { cellReader, requireColumns } from "../batch/cells.ts";
import { makeParts } from "../config/parts.ts";
import { UsageError } from "../core/errors.ts";
import { type Json, toJson } from "../core/json.ts";
import { namesOf, type Question } from "../core/question.ts";
import { noUsage } from "../core/usage.ts";
import type { ReadOptions } from "../data/read.ts";
import type { GoodRow } from "../data/row.ts";
import { memoryJournal } from "../journal/memory.ts";
import { clusterKey } from "../learn/clusters.ts";
import type { Loop } from "../loop/loop.ts";
import { type RunEnd, runItem } from "../loop/run.ts";
import { isClosed } from "../policy/met-question.ts";
import type { Policy } from "../policy/policy.ts";
import { person } from "../rung/person.ts";
import type { Rung } from "../rung/rung.ts";
import { openData } from "./data.ts";

export interface HistoryOptions extends ReadOptions {
  /** Column that holds the answers. */
  readonly label: string;
  /** Name of the step; by default the one that asks for a promise. */
  readonly step?: string | undefined;
  readonly signal: AbortSignal;
  readonly onRow?: (rows: number) => void;
}

/** A row that became an example. */
export interface Example {
  readonly line: number;
  readonly about: string;
  /** Rows of one cluster are one example: the first. */
  readonly cluster: string;
  readonly value: string;
}

export interface History {
  readonly question: Question;
  readonly risk: number;
  /** One a cluster, in the order of the file. */
  readonly examples: readonly Example[];
  readonly rows: number;
  /** Rows that say what an earlier one said, and those among them with another answer. */
  readonly duplicates: number;
  readonly contradictions: number;
  /** Rows without an answer. */
  readonly unlabelled: number;
  /** Answers that are none of the question's, with how many rows have them, most first. */
  readonly strangers: readonly { readonly label: string; readonly rows: number }[];
  /** Rows that are no example for another reason. */
  readonly setAside: readonly { readonly line: number; readonly reason: string }[];
}

/** A question that a row came to, and whether its author wants a promise for it. */
interface Asked {
  readonly question: Question;
  readonly risk: number | null;
}

/** Rows that are looked at to find out which step is meant. */
const LOOKED_AT = 20;

/**
 * Reads a history and asks the loop what it would ask about each row: nothing that changes the world is called, nothing
 * is kept. Throws a `UsageError`: those of `openData`, `E_NO_COLUMN`, `E_STEP` (which step is meant is not clear, or it
 * asks for no promise), `E_NOT_CLOSED` (its answers are no list of names).
 */
export async function readHistory(loop: Loop, file: string, options: HistoryOptions): Promise<History> {
  const data = await openData(file, options);
  if (!data.first) throw new UsageError("E_NO_ROWS", `no record of ${file} can be read`, { value: file });
  const columns = Object.keys(data.first.value);
  if (data.isTable) {
    if (!columns.includes(options.label)) {
      const message = `there is no column "${options.label}" in ${file}; it has ${columns.map((name) => `"${name}"`).join(", ")}`;
      throw new UsageError("E_NO_COLUMN", message, { value: options.label });
    }
    requireColumns(data.first.value, loop.inputJson);
  }
  const read = data.hasCells ? cellReader(loop.inputJson) : (row: GoodRow["value"]) => row;
  // A loop that is told the answer would be asked another question than tomorrow's.
  const isInput = Object.hasOwn((loop.inputJson.properties ?? {}) as object, options.label);
  const inputOf = (row: GoodRow["value"]): Json => {
    const { [options.label]: _, ...rest } = row;
    return toJson(read(isInput ? row : rest));
  };
  const found = new Found();
  const waiting: { row: GoodRow; label: string }[] = [];
  let step = options.step;
  const take = async ({ row, label }: { row: GoodRow; label: string }): Promise<void> => {
    const { asked, end } = await ask(loop, inputOf(row.value), options.signal);
    found.take(row.line, label, asked.find(({ question }) => question.name === step) ?? null, () => why(asked, end));
  };
  for await (const row of data.rows) {
    options.signal.throwIfAborted();
    found.rows++;
    options.onRow?.(found.rows);
    if (row.kind === "bad") {
      found.setAside.push({ line: row.line, reason: row.reason });
      continue;
    }
    const label = labelIn(row.value[options.label]);
    if (label === null) {
      found.unlabelled++;
      continue;
    }
    if (step !== undefined) {
      await take({ row, label });
      continue;
    }
    waiting.push({ row, label });
    if (waiting.length < LOOKED_AT) continue;
    step = await stepMeant(loop, waiting, inputOf, options.signal);
    for (const one of waiting.splice(0)) await take(one);
  }
  if (waiting.length > 0) {
    step = await stepMeant(loop, waiting, inputOf, options.signal);
    for (const one of waiting) await take(one);
  }
  return found.end(file, step);
}

/** An answer as its name; `null` for none. */
function labelIn(cell: unknown): string | null {
  if (typeof cell === "string") return cell.trim() === "" ? null : cell.trim();
  return typeof cell === "number" || typeof cell === "boolean" ? String(cell) : null;
}

/** The option that a label names, or `null`. */
export function optionNamed(question: Pick<Question, "verb" | "options" | "otherwise">, label: string): string | null {
  const names = namesOf(question);
  if (names.includes(label)) return label;
  if (question.verb !== "judge") return null;
  const said = { true: "yes", false: "no" }[label.toLowerCase()] ?? label.toLowerCase();
  return names.includes(said) ? said : null;
}

class Found {
  rows = 0;
  unlabelled = 0;
  readonly setAside: { line: number; reason: string }[] = [];
  readonly #strangers = new Map<string, number>();
  readonly #versions = new Map<string, { readonly asked: Asked; readonly examples: (Example & { label: string })[] }>();

  take(line: number, label: string, asked: Asked | null, why: () => string): void {
    if (!asked) {
      this.setAside.push({ line, reason: why() });
      return;
    }
    const { question } = asked;
    const value = optionNamed(question, label);
    if (value === null && isClosed(question)) {
      this.#strangers.set(label, (this.#strangers.get(label) ?? 0) + 1);
      return;
    }
    const { about } = question;
    const version = this.#versions.get(question.version) ?? { asked, examples: [] };
    this.#versions.set(question.version, version);
    version.examples.push({ line, about, cluster: clusterKey(about), value: value ?? label, label });
  }

  end(file: string, step: string | undefined): History {
    const versions = [...this.#versions.values()].toSorted((a, b) => b.examples.length - a.examples.length);
    const [main, ...others] = versions;
    if (!main) {
      const [first] = this.setAside;
      const reason = first
        ? `; line ${first.line}: ${first.reason}`
        : this.#strangers.size > 0
          ? `: no label is an answer of ${step}`
          : "";
      throw new UsageError("E_NO_EXAMPLES", `no row of ${file} is an example${reason}`, { value: file });
    }
    const { question, risk } = main.asked;
    if (risk === null) {
      const message = `step ${question.name} asks for no promise: give it a risk, such as risk: 0.02`;
      throw new UsageError("E_STEP", message, { value: question.name });
    }
    if (!isClosed(question)) {
      const message = `step ${question.name} is a ${question.verb}; only choose, judge and score are learned from a past`;
      throw new UsageError("E_NOT_CLOSED", message, { value: question.name });
    }
    for (const { examples } of others) {
      for (const { line } of examples) {
        this.setAside.push({ line, reason: "the question has other words or options for this row than for most" });
      }
    }
    const first = new Map<string, Example>();
    let [duplicates, contradictions] = [0, 0];
    for (const { label: _, ...example } of main.examples) {
      const before = first.get(example.cluster);
      if (!before) first.set(example.cluster, example);
      else {
        duplicates++;
        if (before.value !== example.value) contradictions++;
      }
    }
    const strangers = [...this.#strangers].map(([label, rows]) => ({ label, rows }));
    return {
      question,
      risk,
      examples: [...first.values()],
      rows: this.rows,
      duplicates,
      contradictions,
      unlabelled: this.unlabelled,
      strangers: strangers.toSorted((a, b) => b.rows - a.rows),
      setAside: this.setAside.toSorted((a, b) => a.line - b.line),
    };
  }
}

/**
 * Runs the loop over one row as far as it goes without an answer from anybody, and lists what it asked. `answer` may
 * answer a question, so that the loop goes on to the next.
 */
async function ask(
  loop: Loop,
  input: Json,
  stop: AbortSignal,
  answer: (question: Question) => string | null = () => null,
): Promise<{ readonly asked: readonly Asked[]; readonly end: RunEnd }> {
  const asked: Asked[] = [];
  const policy: Policy = {
    standing(question, risk) {
      asked.push({ question, risk });
      return null;
    },
    nudge() {},
  };
  const known: Rung = {
    name: "known",
    local: false,
    mostCost: 0,
    acceptAt: null,
    source: "known",
    decide(question) {
      const value = answer(question);
      if (value === null) return { kind: "escalated", reason: "the past does not say", usage: noUsage };
      return { kind: "answered", value, confidence: null, basis: "certain", evidence: {}, usage: noUsage };
    },
  };
  const journal = memoryJournal();
  const parts = { ...makeParts({ ladder: [known, person()] }, journal, { dryRun: true, stop }), policy };
  const taken = await journal.begin({ loop: loop.name, version: loop.version, item: "1", content: "", input });
  if (taken.kind !== "taken") throw new Error("a new run of a new journal is taken");
  const end = await runItem(loop, taken, parts);
  stop.throwIfAborted();
  return { asked, end };
}

/** Why a row never came to the step. */
function why(asked: readonly Asked[], end: RunEnd): string {
  if (end.kind === "ended" && end.outcome.kind === "failed") return end.outcome.message;
  if (end.kind === "waiting") {
    const paths = asked.map(({ question }) => question.path).join(", ");
    return `the loop first waits for an answer at ${paths}`;
  }
  return "the loop ends without asking this question";
}

/** The one step that asks for a promise and of which the labels are answers. */
async function stepMeant(
  loop: Loop,
  rows: readonly { readonly row: GoodRow; readonly label: string }[],
  inputOf: (row: GoodRow["value"]) => Json,
  signal: AbortSignal,
): Promise<string> {
  const promised = new Set<string>();
  const others = new Set<string>();
  let failure = "";
  for (const { row, label } of rows) {
    const { asked, end } = await ask(loop, inputOf(row.value), signal, (question) =>
      isClosed(question) ? optionNamed(question, label) : null,
    );
    for (const { question, risk } of asked) (risk === null ? others : promised).add(question.name);
    if (asked.length === 0) failure ||= `; line ${row.line}: ${why(asked, end)}`;
  }
  const [only, ...more] = promised;
  if (only !== undefined && more.length === 0) return only;
  const names = (set: ReadonlySet<string>): string => [...set].join(", ");
  if (more.length > 0) {
    const message = `several steps of loop ${loop.name} ask for a promise: ${names(promised)}; say which with --step`;
    throw new UsageError("E_STEP", message, { value: [...promised] });
  }
  const asks = others.size > 0 ? `; it asks ${names(others)} without one` : failure;
  const message = `no step of loop ${loop.name} asks for a promise: give it a risk, such as risk: 0.02${asks}`;
  throw new UsageError("E_STEP", message, { value: loop.name });
}
