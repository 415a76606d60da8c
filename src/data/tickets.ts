/** The demo's tickets: real bank support messages, which ship with the package (see fixtures/tickets/NOTICE). */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { messageOf, StorageError } from "../core/errors.ts";
import { readRows } from "./read.ts";

export interface Ticket {
  /** `train-` or `test-` and the record's number in BANKING77's file of that name. */
  readonly id: string;
  readonly text: string;
  /** One of BANKING77's 77 intents: the true label. */
  readonly intent: string;
}

/** The fold of the 77 intents into 8 teams, as every banking8 figure uses it. */
export interface Banking8 {
  readonly ask: string;
  readonly cue: string;
  /** Team to description, in the order in which they are asked. */
  readonly options: Readonly<Record<string, string>>;
  /** Intent to team. */
  readonly fold: Readonly<Record<string, string>>;
  /** SHA-256 of the file, hexadecimal. */
  readonly sha256: string;
}

/** Where the demo's data file of that name lies. `src/data` and `dist/data` are equally deep in the package. */
export function ticketFile(name: "train.csv.gz" | "test.csv.gz" | "banking8.json"): string {
  return fileURLToPath(new URL(`../../fixtures/tickets/${name}`, import.meta.url));
}

/** All 10,003 training or 1,000 test tickets, in an order that mixes the intents. Throws a `StorageError` `E_FIXTURE`. */
export async function loadTickets(split: "train" | "test"): Promise<readonly Ticket[]> {
  const file = ticketFile(`${split}.csv.gz`);
  const tickets: Ticket[] = [];
  try {
    for await (const row of readRows(file)) {
      if (row.kind === "bad") throw new Error(`line ${row.line}: ${row.reason}`);
      const { id, text, intent } = row.value;
      tickets.push({ id: String(id), text: String(text), intent: String(intent) });
    }
  } catch (thrown) {
    throw broken(file, thrown);
  }
  return tickets;
}

/** The teams of the demo. Throws a `StorageError` `E_FIXTURE`. */
export function banking8(): Banking8 {
  const file = ticketFile("banking8.json");
  try {
    const bytes = readFileSync(file);
    const { ask, cue, options, fold } = JSON.parse(bytes.toString("utf8")) as Omit<Banking8, "sha256">;
    return { ask, cue, options, fold, sha256: createHash("sha256").update(bytes).digest("hex") };
  } catch (thrown) {
    throw broken(file, thrown);
  }
}

function broken(file: string, cause: unknown): StorageError {
  const message = `the package is incomplete, ${file} cannot be read: ${messageOf(cause)}; install pawl again`;
  return new StorageError("E_FIXTURE", message, { cause, value: file });
}
