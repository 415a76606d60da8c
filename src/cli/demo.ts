/** The demo on the screen: models fetched, a threshold chosen, a live bar, a table, and what to try next. */

import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { noCounts } from "../batch/counts.ts";
import { count, duration } from "../batch/figures.ts";
import { Progress } from "../batch/progress.ts";
import { formatShare } from "../core/wilson.ts";
import { type DemoReport, runDemo } from "../demo/demo.ts";
import demo from "../demo/loop.ts";
import type { Journal } from "../journal/journal.ts";
import { openJournal } from "../journal/sqlite.ts";
import { type ExitCode, log, print, printJson } from "./command.ts";
import { Interrupts } from "./interrupts.ts";
import { shortPath } from "./load.ts";
import { rememberLoop } from "./session.ts";
import { cleanStyled, columns } from "./text.ts";

export interface DemoCommandOptions {
  readonly journal: string;
  readonly limit: number;
  readonly compare: number;
  readonly json?: true;
  readonly quiet?: true;
}

const endedNote = "demo/ended";

/** Runs the demo. Returns the exit code: 0 even though items wait, for that is how the demo ends. */
export async function runDemoCommand(options: DemoCommandOptions): Promise<ExitCode> {
  const file = resolve(options.journal);
  const journal = openDemoJournal(file);
  const interrupts = new Interrupts();
  const counts = noCounts();
  const quiet = options.quiet ?? false;
  const progress = new Progress({
    stream: process.stderr,
    total: options.limit,
    totalBytes: null,
    currency: "USD",
    durable: true,
    quiet,
  });
  // Only the main run can be drained. Before it (models, threshold) and after it (comparison) the first stops at once.
  const halt = new AbortController();
  let isRunning = false;
  interrupts.listen((signal) => {
    if (signal === "second") return;
    if (isRunning) progress.say("draining; Ctrl-C again stops at once");
    else halt.abort();
  });
  rememberLoop(journal, demo.name, fileURLToPath(import.meta.resolve("../demo/loop.ts")));
  try {
    const work = runDemo({
      journal,
      limit: options.limit,
      compare: options.compare,
      say: quiet ? () => {} : (line) => progress.say(cleanStyled(line)),
      counts,
      onRun: (running) => {
        isRunning = true;
        progress.start(running);
      },
      onRunEnd: () => {
        isRunning = false;
        progress.stop();
        if (interrupts.drain.aborted) halt.abort();
      },
      drain: interrupts.drain,
      stop: AbortSignal.any([interrupts.stop, halt.signal]),
    });
    const report = await interrupts.unlessInterrupted(work, halt.signal);
    if (!report.complete) {
      log(`interrupted; the same command goes on: pawl ${process.argv.slice(2).join(" ")}`);
      return 130;
    }
    journal.notes.set(endedNote, new Date().toISOString());
    if (options.json) printJson(report);
    else for (const line of reportLines(report, journal, shortPath(file))) print(line);
    return 0;
  } catch (thrown) {
    if (!interrupts.drain.aborted) throw thrown;
    log(`interrupted; the same command begins again where it was: pawl ${process.argv.slice(2).join(" ")}`);
    return 130;
  } finally {
    interrupts.end();
    await journal.close();
  }
}

/** The journal of an interrupted demo, or a new one. */
function openDemoJournal(file: string): Journal {
  const journal = openJournal(file);
  if (journal.notes.get(endedNote) === undefined) return journal;
  log(`The demo in ${shortPath(file)} had ended: it is begun anew.`);
  void journal.close();
  for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
  return openJournal(file);
}

function reportLines(report: DemoReport, journal: Journal, file: string): readonly string[] {
  const [waiting] = journal.waiting();
  const kept = [...journal.runs({ status: "done" })][0];
  const { tickets, seconds, inputTokens, outputTokens } = report;
  return [
    "",
    `kept local   ${formatShare(report.local)} of ${count(tickets)} tickets`,
    `escalated    ${count(report.waiting)} wait for a person`,
    `promise      none yet: the threshold ${report.acceptAt.toFixed(3)} is a plain number, chosen on ${count(report.trainedOn)} training tickets`,
    `time         ${duration(seconds)}, ${count(Math.round((tickets - report.earlier) / seconds))} tickets a second${report.earlier > 0 ? `; ${count(report.earlier)} were settled before the interruption` : ""}`,
    `tokens       ${count(inputTokens)} read, ${count(outputTokens)} written, all on this machine`,
    "",
    ...columns(
      [
        ["right, against the known teams", "tickets", "share (95 % interval)"],
        ...report.rows.map(({ who, tickets: of, share }) => [who, count(of), formatShare(share)]),
      ],
      [1],
    ),
    "",
    "Labels are known here, so that you can check. Nothing was learned but the threshold; a stronger model is one line of config.",
    "",
    "Next:",
    ...columns([
      ...(kept ? [[`  pawl explain ${kept.number} --journal ${file}`, "why this one was kept"]] : []),
      ...(waiting ? [[`  pawl review --journal ${file}`, "answer what waits, with single keys"]] : []),
      ["  pawl models list", "what is on this machine, and what takes its place"],
    ]),
    ...(import.meta.url.endsWith(".ts") ? ["In this repository, `pawl` is `npm run pawl --`."] : []),
  ];
}
