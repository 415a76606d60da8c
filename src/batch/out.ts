/** `--out FILE`: a batch's rows as the journal knows them, in the order of the input. */

import type { RunOutcome } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import { openTable, writeAtomically } from "../data/write.ts";
import { unanswered } from "../journal/fold.ts";
import type { BatchResult, Journal } from "../journal/journal.ts";
import type { Loop } from "../loop/loop.ts";

/** What a row came to; `unfinished`: begun, and neither ended nor waiting for anything. */
export type RowStatus = "done" | "failed" | "limit" | "waiting" | "sleeping" | "unfinished" | "held" | "quarantined";

/** A row of the output. */
export interface OutRow {
  /** Id of the item; `null` where the row has none. */
  readonly id: string | null;
  readonly status: RowStatus;
  /** What the loop returned; `null` unless done. */
  readonly output: Json;
  /** Why it is not done; `null` where it is. */
  readonly reason: string | null;
  /** Number of the run, as `pawl explain` takes it. */
  readonly run: number | null;
}

const fixed: readonly string[] = ["id", "status", "reason", "run"];

/**
 * Writes the batch's rows to a file, whole or not at all; `-` is standard output. In a table the loop's output takes
 * a column a field, those that its schema names first; a field called like one of ours becomes `output.NAME`. JSON
 * Lines keep it in one piece. Returns how many rows. Throws as `writeAtomically` and `openTable` do.
 */
export async function writeOut(path: string, journal: Journal, batch: string, loop: Loop): Promise<number> {
  const { format } = openTable(path, []);
  if (format === "jsonl") {
    const table = openTable(path, ["id", "status", "output", "reason", "run"]);
    return write(path, journal, batch, table.head, (row) => table.row({ ...row }));
  }
  const fields = fieldsOf(journal, batch, loop);
  const columnOf = new Map(fields.map((field) => [field, fixed.includes(field) ? `output.${field}` : field]));
  const table = openTable(path, ["id", "status", ...columnOf.values(), "reason", "run"]);
  return write(path, journal, batch, table.head, ({ output, ...row }) => {
    const cells = Object.entries(parts(output)).map(([field, value]) => [columnOf.get(field) ?? field, value]);
    return table.row({ ...Object.fromEntries(cells), ...row });
  });
}

async function write(
  path: string,
  journal: Journal,
  batch: string,
  head: string,
  toText: (row: OutRow) => string,
): Promise<number> {
  let count = 0;
  await writeAtomically(path, async (append) => {
    if (head !== "") await append(head);
    for (const row of outRows(journal, batch)) {
      count++;
      await append(toText(row));
    }
  });
  return count;
}

/** The rows of a batch, as they stand. */
export function* outRows(journal: Journal, batch: string): Iterable<OutRow> {
  for (const row of journal.rows(batch)) yield toOutRow(row, journal);
}

function toOutRow({ line, item, run, reason, record }: BatchResult, journal: Journal): OutRow {
  const row = { id: item, run, output: null };
  if (!record) return { ...row, status: "quarantined", reason: `line ${line}: ${reason ?? "no run"}` };
  if (reason !== null) return { ...row, status: "held", reason };
  const { status, outcome } = record;
  switch (status) {
    case "ready":
    case "running":
      return { ...row, status: "unfinished", reason: "run the same command again" };
    case "sleeping":
      return { ...row, status, reason: `until ${new Date(record.wakes ?? 0).toISOString()}` };
    case "waiting": {
      const paths = unanswered(journal.events(record.number)).map((step) => step.path);
      return { ...row, status, reason: `a person is asked: ${paths.join(", ")}` };
    }
    case "done":
    case "failed":
    case "limit":
      return { ...row, status, output: outcome?.kind === "done" ? outcome.output : null, reason: why(outcome) };
  }
}

/** Why a run ended otherwise than done. */
export function why(outcome: RunOutcome | null): string | null {
  if (outcome?.kind === "failed") return `${outcome.code}: ${outcome.message}`;
  if (outcome?.kind === "limit")
    return `the limit of ${outcome.allowed} ${outcome.limit} was reached at ${outcome.path}`;
  return null;
}

/** An output's fields; one that is no object is a field called `output`. */
function parts(output: Json): { readonly [field: string]: Json | undefined } {
  if (output === null) return {};
  return typeof output === "object" && !Array.isArray(output)
    ? (output as { readonly [field: string]: Json | undefined })
    : { output };
}

/** Fields of the loop's output: those of its schema, then whatever else stands in the batch, so that none is lost. */
function fieldsOf(journal: Journal, batch: string, loop: Loop): readonly string[] {
  const fields = new Set(Object.keys((loop.outputJson?.properties ?? {}) as object));
  for (const { record } of journal.rows(batch)) {
    if (record?.outcome?.kind !== "done") continue;
    for (const field of Object.keys(parts(record.outcome.output))) fields.add(field);
  }
  return [...fields];
}
