// A bench too long for one run: each part is measured when there is time, keeps a file of its own, and the files make the table.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import {
  definitions,
  describeMachine,
  judge,
  type Machine,
  type Report,
  type Results,
  type Row,
  render,
  renderTargets,
  rounded,
  updateReadme,
} from "./bench.ts";

/** What one part found. */
export interface Measured {
  /** Heading of its table. */
  readonly title: string;
  readonly columns: Report["columns"];
  readonly rows: readonly Row[];
  /** The measured value for each of its targets' names; `null` where it could not be measured. */
  readonly values: Report["values"];
}

/** The content of `bench/NAME/results/PART.json`: each part was measured on its own day and under its own load. */
interface PartFile extends Measured {
  readonly part: string;
  readonly date: string;
  readonly machine: Machine;
}

/** The content of `latest.json` where a bench has parts; date and machine are those of the part measured last. */
interface PartedResults extends Results {
  readonly parts: readonly Pick<PartFile, "part" | "date" | "machine">[];
}

const folder = import.meta.dirname;

/** Measures the parts that are wanted (`null`: all), each kept unless it is a smoke run, and makes the whole of them. */
export async function runParts<Setup extends { readonly quick: boolean }>(
  bench: string,
  all: { readonly [part: string]: (setup: Setup) => Promise<Measured> },
  setup: Setup,
  wanted: readonly string[] | null,
): Promise<void> {
  const names = Object.keys(all);
  for (const part of wanted === null ? names : wanted.flatMap((name) => select(name, names))) {
    console.log(`\n${part} ...`);
    const machine = describeMachine();
    try {
      reportPart(bench, part, machine, await all[part]!(setup), !setup.quick);
    } catch (error) {
      // What fails here costs its own figures only; the file of an earlier run stays as it was.
      console.log(`  ${part} failed: ${error instanceof Error ? error.stack : error}`);
      process.exitCode = 1;
    }
  }
  if (!setup.quick) assemble(bench, names);
  else console.log("\nA smoke run: nothing was written.");
}

/** A part by its name, or several by what their names begin with: `accuracy` is all three. */
function select(wanted: string, names: readonly string[]): readonly string[] {
  const found = names.filter((name) => name === wanted || name.startsWith(`${wanted}-`));
  if (found.length === 0) throw new Error(`There is no part "${wanted}". There are: ${names.join(", ")}.`);
  return found;
}

/** Prints what a part found and, when `keep`, writes it down. */
function reportPart(bench: string, part: string, machine: Machine, measured: Measured, keep: boolean): void {
  const date = new Date().toISOString();
  const file: PartFile = { part, date, machine, ...measured, rows: measured.rows.map(rounded) };
  const targets = definitions(bench)
    .filter(({ name }) => Object.hasOwn(measured.values, name))
    .map((each) => judge(each, measured.values[each.name] ?? null));
  console.log(`\n${measured.title}\n\n${render({ ...file, targets }, measured.columns)}`);
  if (!keep) return;
  mkdirSync(`${folder}/${bench}/results`, { recursive: true });
  writeFileSync(`${folder}/${bench}/results/${part}.json`, `${JSON.stringify(file, null, 2)}\n`);
}

/** Makes latest.json and the README's figures of all parts that were ever measured, in the order given. */
function assemble(bench: string, order: readonly string[]): void {
  const paths = order.map((part) => `${folder}/${bench}/results/${part}.json`).filter((path) => existsSync(path));
  const files: PartFile[] = paths.map((path) => JSON.parse(readFileSync(path, "utf8")));
  const newest = files.toSorted((a, b) => a.date.localeCompare(b.date)).at(-1);
  if (!newest) return;
  const values = Object.assign({}, ...files.map((file) => file.values)) as Report["values"];
  const targets = definitions(bench).map((each) => judge(each, values[each.name] ?? null));
  const results: PartedResults = {
    bench,
    date: newest.date,
    machine: newest.machine,
    parts: files.map(({ part, date, machine }) => ({ part, date, machine })),
    rows: files.flatMap(({ part, rows }) => rows.map((row) => ({ part, ...row }))),
    targets,
  };
  writeFileSync(`${folder}/${bench}/results/latest.json`, `${JSON.stringify(results, null, 2)}\n`);
  const sections = files.map((file) => `### ${file.title}\n\n${render({ ...file, targets: [] }, file.columns)}`);
  updateReadme(bench, [renderTargets(targets), ...sections].join("\n\n"));
}
