// What every bench shares: the machine in words, the targets, the table, results/latest.json and the README's figures.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

/** One line of a bench's table: a value for each column, null where nothing could be measured. */
export type Row = Readonly<Record<string, string | number | null>>;

/** A target as `bench/targets.json` defines it. */
export interface TargetDefinition {
  readonly name: string;
  readonly target: number;
  readonly better: "higher" | "lower";
}

/** A target with what was measured; null and unmet when it could not be. */
export interface Target extends TargetDefinition {
  readonly value: number | null;
  readonly met: boolean;
}

/** The machine a figure was measured on. No host name and no paths, since results are published. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Load average over 1, 5 and 15 minutes, when the bench began. */
  readonly load: readonly number[];
}

/** The content of `bench/NAME/results/latest.json`. */
export interface Results {
  readonly bench: string;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly machine: Machine;
  readonly rows: readonly Row[];
  readonly targets: readonly Target[];
}

/** What a bench hands over when it has measured. */
export interface Report {
  readonly bench: string;
  /** The table's columns: the row's key, then the heading. */
  readonly columns: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  /** The measured value for each target's name. A target left out counts as unmet. */
  readonly values: Readonly<Record<string, number | null>>;
  readonly machine: Machine;
  /** False when only a part was measured: the table is printed and nothing is written. */
  readonly complete: boolean;
}

const folder = import.meta.dirname;
const marks = { begin: "<!-- results: written by the bench -->", end: "<!-- end of results -->" };

/** Describes this machine; call it before measuring, so that the load is that of others. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    node: process.version,
    load: loadavg().map((each) => Math.round(each * 100) / 100),
  };
}

/** Prints the table and the targets, and, when all was measured, writes results/latest.json and the README's figures. */
export function report(given: Report): Results {
  const results: Results = {
    bench: given.bench,
    date: new Date().toISOString(),
    machine: given.machine,
    rows: given.rows.map(rounded),
    targets: definitions(given.bench).map((each) => judge(each, given.values[each.name] ?? null)),
  };
  const text = render(results, given.columns);
  console.log(`\n${text}`);
  if (given.complete) {
    mkdirSync(`${folder}/${given.bench}/results`, { recursive: true });
    writeFileSync(`${folder}/${given.bench}/results/latest.json`, `${JSON.stringify(results, null, 2)}\n`);
    updateReadme(given.bench, text);
  } else {
    console.log("\nOnly a part was measured, so results/latest.json stays as it was.");
  }
  return results;
}

/** The targets of one bench, from `bench/targets.json`. */
export function definitions(bench: string): readonly TargetDefinition[] {
  const all: Record<string, TargetDefinition[]> = JSON.parse(readFileSync(`${folder}/targets.json`, "utf8"));
  return all[bench] ?? [];
}

/** The middle value; the mean of the two middle ones for an even count. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A number as a reader wants it: three significant digits, and whole from 100 on. */
export function format(value: number): string {
  if (Math.abs(value) < 1) return value.toLocaleString("en", { maximumSignificantDigits: 3 });
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

/** Holds a measured value against its target. */
export function judge({ name, target, better }: TargetDefinition, measured: number | null): Target {
  const met = measured !== null && (better === "higher" ? measured >= target : measured <= target);
  return { name, value: measured === null ? null : round(measured), target, better, met };
}

/** A row as it is written down. */
export function rounded(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [key, typeof value === "number" ? round(value) : value]),
  );
}

// Five significant digits: more would be noise in every diff of results/latest.json.
function round(value: number): number {
  return Number(value.toPrecision(5));
}

/** When and where something was measured, the rows and the targets, in Markdown. */
export function render(
  { date, machine, rows, targets }: Pick<Results, "date" | "machine" | "rows" | "targets">,
  columns: Report["columns"],
): string {
  const { cpu, cores, memoryGiB, system, node, load } = machine;
  const where = `${cores} cores of ${cpu}, ${memoryGiB} GiB, ${system}, Node ${node}, load ${load[0]} at the start`;
  const body = rows.map((row) => Object.keys(columns).map((key) => cell(row[key])));
  return [
    `Measured ${date.slice(0, 10)} on ${where}.`,
    "",
    ...table(Object.values(columns), body),
    ...(targets.length > 0 ? ["", renderTargets(targets)] : []),
  ].join("\n");
}

/** The targets as a Markdown table. */
export function renderTargets(targets: readonly Target[]): string {
  const goals = targets.map(({ name, value, target, better, met }) => [
    name,
    cell(value),
    `${better === "lower" ? "at most" : "at least"} ${format(target)}`,
    met ? "met" : value === null ? "not measured" : "missed",
  ]);
  return table(["target", "measured", "wanted", ""], goals).join("\n");
}

function cell(value: string | number | null | undefined): string {
  return typeof value === "number" ? format(value) : (value ?? "–");
}

// A Markdown table that also reads well in a terminal.
function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = headings.map((heading, i) => Math.max(3, heading.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((each, i) => (i === 0 ? each.padEnd(widths[i]!) : each.padStart(widths[i]!))).join(" | ")} |`;
  const rule = line(widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)));
  return [line(headings), rule, ...rows.map(line)];
}

/** Puts the text between the two comments of the bench's README. */
export function updateReadme(bench: string, text: string): void {
  const file = `${folder}/${bench}/README.md`;
  if (!existsSync(file)) return;
  const readme = readFileSync(file, "utf8");
  const begin = readme.indexOf(marks.begin);
  const end = readme.indexOf(marks.end);
  if (begin === -1 || end === -1) return;
  writeFileSync(file, `${readme.slice(0, begin + marks.begin.length)}\n${text}\n${readme.slice(end)}`);
}
