/** Every item of a file through a loop, resumable at any moment. */

import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { cellReader, requireColumns } from "../batch/cells.ts";
import { count } from "../batch/figures.ts";
import { writeOut } from "../batch/out.ts";
import type { Changed } from "../batch/plan.ts";
import { type Setting, summaryLines, summaryOf } from "../batch/summary.ts";
import { UsageError } from "../core/errors.ts";
import { shortHash } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import { shadowOf, shadowVersion } from "../core/shadow.ts";
import { type Identifier, identifier } from "../data/identity.ts";
import type { Format, ReadOptions } from "../data/read.ts";
import { openTable } from "../data/write.ts";
import { type BatchRun, brokenRungs, exitCodeOf, runWithProgress } from "./batch-run.ts";
import { type ExitCode, log, print, printJson, printJsonLine } from "./command.ts";
import { type DataSize, type OpenedData, openData, sizeOf } from "./data.ts";
import { Interrupts } from "./interrupts.ts";
import { type LoadedLoop, loadLoop, shortPath } from "./load.ts";
import { openSession, type RunningSession, rememberConfig, rememberLoop } from "./session.ts";
import { shadowLines, shadowReport } from "./shadow.ts";
import { shadowParts, type Truths } from "./shadow-parts.ts";

/** What `pawl run` takes. */
export interface RunOptions {
  readonly out?: string;
  readonly id?: string;
  readonly limit?: number;
  readonly dryRun?: true;
  readonly shadow?: true;
  /** `COLUMN` or `COLUMN=STEP`. */
  readonly truth?: readonly string[];
  readonly concurrency: number;
  readonly config?: string;
  readonly journal?: string;
  readonly changed: Changed;
  readonly encoding?: string;
  readonly format?: Format;
  readonly delimiter?: string;
  readonly localOnly?: true;
  readonly json?: true;
  readonly quiet?: true;
}

/** What was looked at before anything runs. */
interface Job {
  readonly loaded: LoadedLoop;
  readonly dataFile: string;
  readonly data: OpenedData;
  readonly size: DataSize;
  /** `null` where no row can be read. */
  readonly identity: Identifier | null;
  /** Name under which the journal keeps the rows. */
  readonly batch: string;
  /** Columns of known answers; `null` where this is no shadow run. */
  readonly truths: Truths | null;
  readonly options: RunOptions;
}

/** Runs a loop over a data file. Returns the exit code. */
export async function run(loopFile: string, dataFile: string, options: RunOptions): Promise<ExitCode> {
  const job = await prepare(loopFile, dataFile, options);
  const { loop, from } = job.loaded;
  const interrupts = new Interrupts();
  const plainly = options.quiet ? () => {} : log;
  let say = plainly;
  const opened = await openSession({
    ...options,
    dryRun: options.dryRun ?? false,
    shadow: job.truths !== null,
    stop: interrupts.stop,
    say: (line) => say(line),
  });
  const inShadow = job.truths && shadowParts(opened.parts, job.truths, (line) => say(line));
  const session: RunningSession = inShadow ? { ...opened, parts: inShadow } : opened;
  try {
    for (const line of intentLines(job, session)) say(line);
    rememberLoop(session.journal, loop.name, from);
    rememberConfig(session.journal, session.configFile);
    await interrupts.unlessInterrupted(session.parts.open());
    const result = await runWithProgress({
      loop,
      rows: job.data.rows,
      batch: job.batch,
      identify: (row) => job.identity!.identify(row),
      ...(job.data.hasCells && { read: cellReader(loop.inputJson) }),
      concurrency: options.concurrency,
      ...(options.limit !== undefined && { limit: options.limit }),
      changed: options.changed,
      session,
      interrupts,
      total: job.size.total,
      totalBytes: job.size.bytes,
      quiet: options.quiet ?? false,
      again: again(),
      onProgressReady: (through) => {
        if (!options.quiet) say = through;
      },
    });
    say = plainly;
    await report(job, session, result, say);
    return exitCodeOf(result);
  } finally {
    interrupts.end();
    await opened.close();
  }
}

async function prepare(loopFile: string, dataFile: string, options: RunOptions): Promise<Job> {
  await checkOut(options.out, dataFile);
  const truths = truthsOf(options);
  const loaded = inShadow(await loadLoop(loopFile), truths);
  const { encoding, format, delimiter } = options;
  const reading: ReadOptions = { encoding, format, delimiter };
  const data = await openData(dataFile, reading);
  if (data.first && data.isTable) requireColumns(data.first.value, loaded.loop.inputJson);
  for (const column of truths?.values() ?? []) requireColumn(column, data);
  const identity = data.first ? identifier(data.first.value, { id: options.id }) : null;
  const size = await sizeOf(dataFile, reading, options.limit);
  const batch = batchName(`${loaded.loop.name}${shadowOf(loaded.loop.version)}`, dataFile);
  return { loaded, dataFile, data, size, identity, batch, truths, options };
}

/** The loop under the version of its shadow runs: other known answers are other runs. */
function inShadow(loaded: LoadedLoop, truths: Truths | null): LoadedLoop {
  if (!truths) return loaded;
  const variant =
    truths.size === 0 ? "" : shortHash(canonicalJson([...truths].map(([step, column]) => [step, column])));
  return { ...loaded, loop: { ...loaded.loop, version: shadowVersion(loaded.loop.version, variant.slice(0, 6)) } };
}

function truthsOf({ shadow, truth = [] }: RunOptions): Truths | null {
  if (!shadow) {
    if (truth.length === 0) return null;
    throw new UsageError("E_USAGE", "--truth means something only with --shadow", { value: truth[0] });
  }
  const truths = new Map<string | null, string>();
  for (const text of truth) {
    const at = text.lastIndexOf("=");
    const [column, step] = at < 1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
    if (truths.has(step)) {
      const whose = step === null ? "without a step" : `of the step ${step}`;
      throw new UsageError("E_USAGE", `--truth ${text}: there is a column ${whose} already; write COLUMN=STEP`, {
        value: text,
      });
    }
    truths.set(step, column);
  }
  return truths;
}

function requireColumn(column: string, { first, isTable }: OpenedData): void {
  // A record of JSON Lines may lack what the next one has.
  if (!first || !isTable || Object.hasOwn(first.value, column)) return;
  const there = Object.keys(first.value).map((name) => `"${name}"`);
  throw new UsageError("E_NO_COLUMN", `--truth: there is no column "${column}"; there are ${there.join(", ")}`, {
    value: column,
  });
}

/** Writes the output, then the summary. */
async function report(job: Job, session: RunningSession, result: BatchRun, say: (line: string) => void): Promise<void> {
  const { out, json, dryRun = false } = job.options;
  const { loop } = job.loaded;
  const { counts, complete, interrupted, seconds } = result;
  if (out !== undefined) {
    // A file that looks whole and is not would be worse than the old one.
    if (complete) await writeOut(out, session.journal, job.batch, loop);
    else say(`${out} is not written: it is when the data is through`);
  }
  for (const { name, trouble } of brokenRungs(counts)) log(`pawl: ${name} failed every time it was asked: ${trouble}`);
  const setting: Setting = {
    loop: loop.name,
    version: loop.version,
    journal: session.journalFile,
    batch: job.batch,
    identity: job.identity?.by ?? null,
    out: out ?? null,
    currency: session.currency,
    dryRun,
    seconds,
    complete,
    hosts: session.egress.contacted(),
  };
  const shadow = job.truths && shadowReport(session.journal, job.batch);
  if (json) {
    const summary = { ...summaryOf(counts, setting), ...(shadow && { shadow }) };
    if (out === "-") printJsonLine(summary, true);
    else printJson(summary);
  } else {
    const lines = shadow ? shadowLines(shadow, counts, seconds) : summaryLines(counts, setting);
    for (const line of lines) (out === "-" ? log : print)(line);
  }
  if (out !== undefined && out !== "-" && complete) say(`written: ${out}`);
  if (interrupted && !dryRun) say(`interrupted; the same command resumes: ${again()}`);
}

/** This command, as it can be typed again. */
function again(): string {
  return `pawl ${process.argv.slice(2).map(quoted).join(" ")}`;
}

/** The name under which the journal keeps the rows: what comes through a pipe is never the same twice. */
function batchName(loop: string, file: string): string {
  return file === "-"
    ? `${loop}/stdin-${Date.now().toString(36)}-${process.pid}`
    : `${loop}/${shortHash(resolve(file))}`;
}

/** Hours later would be a bad moment to learn that the output has no place. */
async function checkOut(out: string | undefined, data: string): Promise<void> {
  if (out === undefined || out === "-") return;
  openTable(out, []);
  if (resolve(out) === resolve(data)) {
    throw new UsageError("E_OUT", `--out ${out} is the data itself: name another file`, { value: out });
  }
  const folder = dirname(resolve(out));
  const found = await stat(folder).catch(() => null);
  if (!found?.isDirectory()) {
    throw new UsageError("E_NO_FOLDER", `--out ${out}: the folder ${folder} is not there`, { value: out });
  }
}

/** What is about to happen. */
function intentLines(job: Job, session: RunningSession): readonly string[] {
  const { loaded, dataFile, size, identity, options, truths } = job;
  const { loop, from } = loaded;
  const rows = size.total === null ? "" : `${count(size.total)} records${options.limit ? " at most" : ""}, `;
  const known =
    identity === null ? (size.total === 0 ? "no rows" : "no row can be read") : `items known by ${identity.by}`;
  const where = session.journalFile === null ? "in memory: a dry run keeps nothing" : shortPath(session.journalFile);
  const lines = [
    `loop     ${loop.name}, version ${loop.version} (${shortPath(from)})`,
    `data     ${dataFile === "-" ? "standard input" : dataFile}: ${rows}${known}`,
    `journal  ${where}${session.isNew ? " (new)" : ""}`,
    `ladder   ${ladderLine(session, "")}`,
  ];
  for (const step of Object.keys(session.config.questions ?? {})) {
    lines.push(`         ${step}: ${ladderLine(session, step)}`);
  }
  lines.push(
    session.configFile === null
      ? "         no config here: this is the default ladder; its thresholds were not chosen on your data (no promise yet)"
      : `         from ${basename(session.configFile)}; thresholds are plain numbers (no promise yet) where a step asks for no risk`,
    `at once  ${options.concurrency} runs${options.dryRun ? "; dry run: no tool that changes the world is called" : ""}`,
  );
  if (truths) {
    const known = [...truths].map(([step, column]) => (step === null ? column : `${column} for ${step}`));
    const against = known.length === 0 ? "no known answers (--truth COLUMN)" : `known answers: ${known.join(", ")}`;
    lines.push(
      `shadow   decides and does nothing: no tool that changes the world, nobody asked, nothing paid; ${against}`,
    );
  }
  return lines;
}

function ladderLine({ parts }: RunningSession, step: string): string {
  return parts
    .ladder(step)
    .map(({ name, acceptAt }) => (acceptAt === null ? name : `${name} from ${acceptAt}`))
    .join(" > ");
}

function quoted(argument: string): string {
  return /^[\w./:=@#%+,-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
