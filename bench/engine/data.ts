// The real tickets that this bench asks about, in one order on every machine.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "csv-parse/sync";
import { type Banking8, banking8 } from "../../src/data/tickets.ts";

/** A text and its true label. */
export interface Labelled {
  readonly text: string;
  readonly label: string;
}

export interface Split {
  readonly train: readonly Labelled[];
  readonly test: readonly Labelled[];
}

export interface Data {
  /** Where it was read from; parts that need more look there. */
  readonly folder: string;
  readonly banking77: Split;
  /** Where it is not in the folder, parts that need it say so. */
  readonly hwu64: Split | null;
  readonly banking8: Banking8;
  /** The 260K model of the tests, which is read in microseconds. */
  readonly tinyModel: string;
}

/** Reads the folder given, else `PAWL_DATA`, else the one beside the repository. */
export function readData(given: string | undefined): Data {
  const folder = resolve(given ?? process.env.PAWL_DATA ?? `${import.meta.dirname}/../../../shared/data`);
  const bank = `${folder}/open/tickets/banking77/banking_data`;
  if (!existsSync(`${bank}/test.csv`)) {
    throw new Error(
      `This bench reads BANKING77 (CC-BY-4.0, PolyAI-LDN/task-specific-datasets on GitHub) as open/tickets/banking77/banking_data/{train,test}.csv and HWU64 as open/tickets/hwu64/{train,test}/{seq.in,label}, and found neither in ${folder}. Name the folder with --data or PAWL_DATA.`,
    );
  }
  const hwu = `${folder}/open/tickets/hwu64`;
  return {
    folder,
    banking77: { train: readCsv(`${bank}/train.csv`), test: readCsv(`${bank}/test.csv`) },
    hwu64: existsSync(`${hwu}/test/label`)
      ? { train: readLines(`${hwu}/train`), test: readLines(`${hwu}/test`) }
      : null,
    banking8: banking8(),
    tinyModel: resolve(import.meta.dirname, "../../test/models/stories260K.gguf"),
  };
}

/** A label as words, as a model is offered it. */
export function words(label: string): string {
  return label.replaceAll(/[_?]+/g, " ").trim().toLowerCase();
}

/** The labels of a split, each once, in alphabetical order. */
export function labelsOf({ train, test }: Split): readonly string[] {
  return [...new Set([...train, ...test].map(({ label }) => label))].sort();
}

function readCsv(file: string): Labelled[] {
  const rows: { text: string; category: string }[] = parse(readFileSync(file), { columns: true });
  return seeded(rows.map(({ text, category }) => ({ text, label: category })));
}

function readLines(folder: string): Labelled[] {
  const lines = (name: string): string[] => readFileSync(`${folder}/${name}`, "utf8").trimEnd().split("\n");
  const labels = lines("label");
  return seeded(lines("seq.in").map((text, index) => ({ text: text.trim(), label: labels[index]!.trim() })));
}

// By hash, so that no label stands in a row and the first hundred are a sample of all.
function seeded(rows: readonly Labelled[]): Labelled[] {
  return rows
    .map((row) => ({ row, at: createHash("sha256").update(`7 ${row.text}`).digest("hex") }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ row }) => row);
}
