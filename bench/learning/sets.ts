// The labelled texts that this bench streams, and where they come from.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "csv-parse/sync";

/** A text and its label, as published. */
export interface Labelled {
  readonly text: string;
  readonly label: string;
}

export const setNames = ["banking77", "banking77-oos", "hwu64"] as const;
export type SetName = (typeof setNames)[number];

/** The label of texts that no option fits. */
export const outOfScope = "out of scope";

/** The rows of a set, by the name of their part; `out-of-scope` texts have no true option. */
export type Parts = Readonly<Record<string, readonly Labelled[]>>;

/** The folder given, else `PAWL_DATA`, else the one beside the repository. Throws where it does not hold the data. */
export function dataFolder(given: string | undefined): string {
  const folder = resolve(given ?? process.env.PAWL_DATA ?? `${import.meta.dirname}/../../../shared/data`);
  if (existsSync(`${folder}/open/tickets/banking77/banking_data/train.csv`)) return folder;
  throw new Error(
    "This bench reads BANKING77 (CC-BY-4.0, PolyAI-LDN/task-specific-datasets on GitHub) as open/tickets/banking77/banking_data/{train,test}.csv, its out-of-scope form (jianguoz/Few-Shot-Intent-Detection) as open/tickets/banking77-oos, and HWU64 (xliuhw/NLU-Evaluation-Data) as open/tickets/hwu64. Name the folder that holds `open` with --data or PAWL_DATA.",
  );
}

/** Reads a set's parts, in the order of its files. */
export function readSet(folder: string, name: SetName): Parts {
  const tickets = `${folder}/open/tickets/${name}`;
  switch (name) {
    case "banking77":
      return { train: readCsv(`${tickets}/banking_data/train.csv`), test: readCsv(`${tickets}/banking_data/test.csv`) };
    case "banking77-oos":
      return {
        train: readLines(`${tickets}/train`),
        valid: readLines(`${tickets}/valid`),
        test: readLines(`${tickets}/test`),
        "near out-of-scope": ["train", "valid", "test"].flatMap((part) => texts(`${tickets}/id-oos/${part}`)),
        "far out-of-scope": ["valid", "test"].flatMap((part) => texts(`${tickets}/ood-oos/${part}`)),
      };
    case "hwu64":
      return {
        train: readLines(`${tickets}/train`),
        valid: readLines(`${tickets}/valid`),
        test: readLines(`${tickets}/test`),
      };
  }
}

function readCsv(file: string): Labelled[] {
  const rows: { text: string; category: string }[] = parse(readFileSync(file), { columns: true });
  return rows.map(({ text, category }) => ({ text, label: category }));
}

function lines(file: string): string[] {
  return readFileSync(file, "utf8").trimEnd().split("\n");
}

function texts(folder: string): Labelled[] {
  const rows = existsSync(`${folder}/seq.in`) ? lines(`${folder}/seq.in`).map((text) => text.trim()) : [];
  return rows.filter((text) => text !== "").map((text) => ({ text, label: outOfScope }));
}

function readLines(folder: string): Labelled[] {
  const labels = lines(`${folder}/label`);
  const rows = lines(`${folder}/seq.in`).map((text, index) => ({ text: text.trim(), label: labels[index]!.trim() }));
  // One row of the publisher's has no text at all, and an empty text has no vector.
  return rows.filter(({ text }) => text !== "");
}
