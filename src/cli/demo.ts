/** The demo on the screen: what it is, a live stream, a table, what it saved, and what to try next. */

import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { extname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { count, duration, percent } from "../batch/figures.ts";
import type { StepAnswered } from "../core/event.ts";
import { formatShare } from "../core/wilson.ts";
import { type DemoReport, runDemo } from "../demo/demo.ts";
import demo, { demoRisk } from "../demo/loop.ts";
import { promiseText } from "../demo/news.ts";
import type { Journal } from "../journal/journal.ts";
import { openJournal } from "../journal/sqlite.ts";
import { type ExitCode, log, print, printJson } from "./command.ts";
import { DemoScreen } from "./demo-screen.ts";
import { Interrupts } from "./interrupts.ts";
import { shortPath } from "./load.ts";
import { rememberConfig, rememberLoop } from "./session.ts";
import { columns, styled } from "./text.ts";

export interface DemoCommandOptions {
  readonly journal: string;
  readonly tickets: number;
  readonly json?: true;
  readonly quiet?: true;
}

const endedNote = "demo/ended";

/**
 * The secret of a demo's coins, public, so that all demos audit the same tickets. No journal of real work may have one
 * that somebody knows: they could tell which answers nobody will look at.
 */
const openSecret = createHash("sha256").update("a demo has nothing to hide").digest();

/** Runs the demo. Returns the exit code: 0, or 130 where it was interrupted. */
export async function runDemoCommand(options: DemoCommandOptions): Promise<ExitCode> {
  const file = resolve(options.journal);
  const journal = await openDemoJournal(file);
  const interrupts = new Interrupts();
  const quiet = options.quiet ?? false;
  const screen = new DemoScreen({ stream: process.stderr, quiet });
  // Only the stream can be drained. While the model is fetched the first interrupt stops at once.
  const halt = new AbortController();
  let isRunning = false;
  interrupts.listen((signal) => {
    if (signal === "second") return;
    if (!isRunning) return halt.abort();
    screen.draining();
    screen.say("draining; Ctrl-C again stops at once");
  });
  rememberLoop(journal, demo.name, ownFile("loop"));
  rememberConfig(journal, ownFile("config"));
  const again = `pawl ${process.argv.slice(2).join(" ")}`;
  try {
    if (!quiet) for (const line of introduction(options.tickets)) log(line);
    const work = runDemo({
      journal,
      tickets: options.tickets,
      say: (line) => screen.say(line),
      onNews: (news, tickets) => screen.news(news, tickets),
      onStream: (look) => {
        isRunning = true;
        screen.start(look);
      },
      onEnd: () => {
        isRunning = false;
        screen.stop();
      },
      drain: interrupts.drain,
      stop: AbortSignal.any([interrupts.stop, halt.signal]),
    });
    const report = await interrupts.unlessInterrupted(work, halt.signal);
    if (!report.complete) {
      log(`interrupted; the same command goes on: ${again}`);
      return 130;
    }
    journal.notes.set(endedNote, new Date().toISOString());
    if (options.json) printJson(report);
    else for (const line of reportLines(report, journal, shortPath(file))) print(line);
    return 0;
  } catch (thrown) {
    if (!interrupts.drain.aborted) throw thrown;
    log(`interrupted; the same command begins again where it was: ${again}`);
    return 130;
  } finally {
    screen.stop();
    interrupts.end();
    await journal.close();
  }
}

/** The journal of an interrupted demo, or a new one. */
async function openDemoJournal(file: string): Promise<Journal> {
  const journal = openJournal(file, { secret: openSecret });
  if (journal.notes.get(endedNote) === undefined) return journal;
  log(`The demo in ${shortPath(file)} had ended: it is begun anew.`);
  await journal.close();
  for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
  return openJournal(file, { secret: openSecret });
}

function introduction(tickets: number): readonly string[] {
  return [
    `${count(tickets)} real bank tickets, one question: which of eight teams? The ladder:`,
    ...columns([
      ["  words", "learns from the words alone, in microseconds"],
      ["  encoder:minilm", "learns too, on a 25 MB model in this process"],
      ["  known-answers", "SIMULATED: known labels, for a strong model or a person"],
    ]),
    "At first every ticket goes up. Each answer from above is a label to learn from,",
    `and what stays local must hold a promise: at most ${demoRisk * 100} % of it wrong.`,
    "",
  ];
}

function reportLines(report: DemoReport, journal: Journal, file: string): readonly string[] {
  const { tickets, earlier, seconds, promise, error, kept, rows } = report;
  const { test } = promise;
  const worked = tickets - earlier;
  const certificate =
    test === null
      ? `none: ${promise.why}`
      : `${promiseText(promise.risk, promise.delta)} (${promise.state.toUpperCase()})`;
  return [
    ...columns(
      [
        ["tickets", "kept so far", "last 500", "wrong of what was kept", "labels bought"],
        ...rows.map((row) => [
          count(row.tickets),
          percent(row.kept / row.tickets),
          percent(row.last.kept / row.last.tickets),
          row.error === null ? "-" : formatShare(row.error),
          count(row.labels),
        ]),
      ],
      [0, 1, 2, 3, 4],
    ),
    "",
    ...columns([
      ["promise", certificate],
      ...(test === null
        ? []
        : [
            [
              "",
              `tested on ${count(test.labels)} labels: ${count(test.wrong)} of ${count(test.accepted)} kept were wrong`,
            ],
          ]),
      ["in fact", error === null ? "nothing was kept" : `${formatShare(error)} wrong of all that was kept`],
      ["kept", `${formatShare(kept)} of ${count(tickets)} tickets, the cold start included`],
      [
        "time",
        `${duration(seconds)}, ${count(Math.round(worked / seconds))} tickets a second${earlier > 0 ? `; ${count(earlier)} were settled before` : ""}`,
      ],
    ]),
    "",
    ...columns(
      [
        ["asked of the rung above", "calls", "wrong of all tickets"],
        ["  here, audits included", count(report.calls), formatShare(report.errorOfAll)],
        ["  every ticket", count(tickets), "none: the simulated rung knows"],
        ["  none, with nothing learned", "0", untrained(report)],
      ],
      [1],
    ),
    `${count(report.saved)} of ${count(tickets)} calls saved. What a call costs only you know: no money is shown.`,
    "The labels are known here, so that you can check it.",
    "",
    ...next(journal, file),
  ];
}

function untrained({ untrained: { tickets, error } }: DemoReport): string {
  return error === null ? "unknown" : `${formatShare(error)} of the first ${count(tickets)}`;
}

function next(journal: Journal, file: string): readonly string[] {
  const kept = lastKept(journal);
  return [
    styled("bold", `Next, each with --journal ${file}`),
    ...columns([
      ...(kept === null ? [] : [[`  pawl explain ${kept}`, "why this ticket stayed local"]]),
      ["  pawl status", "the promise, its audits, what would move it"],
      ["  pawl eval --report demo.html", "how good the local rungs are, with pictures"],
      ["  pawl label", "give labels yourself, with single keys"],
    ]),
    ...(import.meta.url.endsWith(".ts") ? ["In this repository, `pawl` is `npm run pawl --`."] : []),
  ];
}

/** A file of the demo, as this very process has it: source in the repository, else built. */
function ownFile(name: "loop" | "config"): string {
  return fileURLToPath(new URL(`../demo/${name}${extname(import.meta.url)}`, import.meta.url));
}

/** Number of the last run whose answer stood under the promise. */
function lastKept(journal: Journal): number | null {
  const { done } = journal.counts(demo.name);
  for (let number = done; number > 0; number--) {
    const answered = journal.events(number).find((event): event is StepAnswered => event.type === "step_answered");
    if (answered?.standing) return number;
  }
  return null;
}
