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
import { brokenRungs, exitCodeOf, runWithProgress } from "./batch-run.ts";
import { type ExitCode, log, print, printJson } from "./command.ts";
import { openData, sizeOf } from "./data.ts";
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

/** Runs a loop over a data file. Returns the exit code. */
export async function run(loopFile: string, dataFile: string, options: RunOptions): Promise<ExitCode> {
  await checkOut(options.out, dataFile);
  const loaded = await loadLoop(loopFile);
  const { encoding, format, delimiter } = options;
  const reading: ReadOptions = { encoding, format, delimiter };
  const data = await openData(dataFile, reading);
  if (data.first && data.isTable) requireColumns(data.first.value, loaded.loop.inputJson);
  const identity = data.first ? identifier(data.first.value, { id: options.id }) : null;
  const size = await sizeOf(dataFile, reading, options.limit);

  const interrupts = new Interrupts();
  let say = options.quiet ? () => {} : log;
  const session = await openSession({
    ...options,
    dryRun: options.dryRun ?? false,
    stop: interrupts.stop,
    say: (line) => say(line),
  });
  try {
    if (!options.quiet) for (const line of plan(loaded, session, options, identity, dataFile, size.total)) log(line);
    rememberLoop(session.journal, loaded.loop.name, loaded.from);
    await interrupts.unlessInterrupted(session.parts.open());
    const batch = batchName(loaded.loop.name, dataFile);
    const result = await runWithProgress({
      loop: loaded.loop,
      rows: data.rows,
      batch,
      identify: (row) => identity!.identify(row),
      ...(data.isTable && { read: cellReader(loaded.loop.inputJson) }),
      concurrency: options.concurrency,
      ...(options.limit !== undefined && { limit: options.limit }),
      changed: options.changed,
      session,
      interrupts,
      total: size.total,
      totalBytes: size.bytes,
      quiet: options.quiet ?? false,
      again: `pawl ${process.argv.slice(2).map(quoted).join(" ")}`,
      onProgressReady: (through) => {
        if (!options.quiet) say = through;
      },
    });
    say = options.quiet ? () => {} : log;
    const { counts, complete, interrupted, seconds } = result;
    const setting: Setting = {
      loop: loaded.loop.name,
      version: loaded.loop.version,
      journal: session.journalFile,
      batch,
      identity: identity?.by ?? null,
      out: options.out ?? null,
      currency: session.currency,
      dryRun: options.dryRun ?? false,
      seconds,
      complete,
    };
    if (options.out !== undefined) {
      // A file that looks whole and is not would be worse than the old one.
      if (complete) await writeOut(options.out, session.journal, batch, loaded.loop);
      else say(`${options.out} is not written: it is when the data is through`);
    }
    for (const { name, trouble } of brokenRungs(counts))
      log(`pawl: ${name} failed every time it was asked: ${trouble}`);
    const write = options.out === "-" ? log : print;
    if (options.json && options.out !== "-") printJson(summaryOf(counts, setting));
    else if (options.json) log(JSON.stringify(summaryOf(counts, setting)));
    else for (const line of summaryLines(counts, setting)) write(line);
    if (options.out !== undefined && options.out !== "-" && complete) say(`written: ${options.out}`);
    if (interrupted && !options.dryRun) say(`interrupted; the same command resumes: ${againOf()}`);
    return exitCodeOf(result);
  } finally {
    interrupts.end();
    await session.close();
  }
}

function againOf(): string {
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

/** What is about to happen, in a few lines. */
function plan(
  { loop, from }: LoadedLoop,
  session: Session,
  options: RunOptions,
  identity: Identifier | null,
  dataFile: string,
  total: number | null,
): readonly string[] {
  const rows = total === null ? "" : `${count(total)} records${options.limit ? " at most" : ""}, `;
  const known = identity === null ? "no row can be read" : `items known by ${identity.by}`;
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
  const config = session.configFile === null ? null : basename(session.configFile);
  lines.push(
    config === null
      ? "         no config here: this is the default ladder; its thresholds were not chosen on your data (no promise yet)"
      : `         from ${config}; thresholds are plain numbers (no promise yet)`,
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
