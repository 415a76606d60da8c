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
import { type Identifier, identifier } from "../data/identity.ts";
import type { Format, ReadOptions } from "../data/read.ts";
import { openTable } from "../data/write.ts";
import { type BatchRun, brokenRungs, exitCodeOf, runWithProgress } from "./batch-run.ts";
import { type ExitCode, log, print, printJson, printJsonLine } from "./command.ts";
import { type DataSize, type OpenedData, openData, sizeOf } from "./data.ts";
import { Interrupts } from "./interrupts.ts";
import { type LoadedLoop, loadLoop, shortPath } from "./load.ts";
import { openSession, rememberLoop, type Session } from "./session.ts";

/** What `pawl run` takes. */
export interface RunOptions {
  readonly out?: string;
  readonly id?: string;
  readonly limit?: number;
  readonly dryRun?: true;
  readonly concurrency: number;
  readonly config?: string;
  readonly journal?: string;
  readonly changed: Changed;
  readonly encoding?: string;
  readonly format?: Format;
  readonly delimiter?: string;
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
  readonly options: RunOptions;
}

/** Runs a loop over a data file. Returns the exit code. */
export async function run(loopFile: string, dataFile: string, options: RunOptions): Promise<ExitCode> {
  const job = await prepare(loopFile, dataFile, options);
  const { loop, from } = job.loaded;
  const interrupts = new Interrupts();
  const plainly = options.quiet ? () => {} : log;
  let say = plainly;
  const session = await openSession({
    ...options,
    dryRun: options.dryRun ?? false,
    stop: interrupts.stop,
    say: (line) => say(line),
  });
  try {
    for (const line of intentLines(job, session)) say(line);
    rememberLoop(session.journal, loop.name, from);
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
    await session.close();
  }
}

async function prepare(loopFile: string, dataFile: string, options: RunOptions): Promise<Job> {
  await checkOut(options.out, dataFile);
  const loaded = await loadLoop(loopFile);
  const { encoding, format, delimiter } = options;
  const reading: ReadOptions = { encoding, format, delimiter };
  const data = await openData(dataFile, reading);
  if (data.first && data.isTable) requireColumns(data.first.value, loaded.loop.inputJson);
  const identity = data.first ? identifier(data.first.value, { id: options.id }) : null;
  const size = await sizeOf(dataFile, reading, options.limit);
  return { loaded, dataFile, data, size, identity, batch: batchName(loaded.loop.name, dataFile), options };
}

/** Writes the output, then the summary. */
async function report(job: Job, session: Session, result: BatchRun, say: (line: string) => void): Promise<void> {
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
  };
  if (json) {
    const summary = summaryOf(counts, setting);
    if (out === "-") printJsonLine(summary, true);
    else printJson(summary);
  } else {
    for (const line of summaryLines(counts, setting)) (out === "-" ? log : print)(line);
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
function intentLines({ loaded, dataFile, size, identity, options }: Job, session: Session): readonly string[] {
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
      : `         from ${basename(session.configFile)}; thresholds are plain numbers (no promise yet)`,
    `at once  ${options.concurrency} runs${options.dryRun ? "; dry run: no tool that changes the world is called" : ""}`,
  );
  return lines;
}

function ladderLine({ parts }: Session, step: string): string {
  return parts
    .ladder(step)
    .map(({ name, acceptAt }) => (acceptAt === null ? name : `${name} from ${acceptAt}`))
    .join(" > ");
}

function quoted(argument: string): string {
  return /^[\w./:=@#%+,-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
