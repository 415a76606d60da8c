/** A batch under way: two live lines on a terminal, a plain line now and then elsewhere. */

import { type Counts, localShare, settledRows } from "./counts.ts";
import { count, duration, percent, rate, spend } from "./figures.ts";

export interface ProgressOptions {
  /** Where it is written: standard error. */
  readonly stream: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };
  /** Records of the data, if known before they are read. */
  readonly total: number | null;
  /** Length of the data in bytes, from which the total is estimated where it is not known. */
  readonly totalBytes: number | null;
  readonly currency: string;
  /** Whether the journal is on disk. */
  readonly durable: boolean;
  /** Nothing at all but `say`. */
  readonly quiet: boolean;
  /** Milliseconds, ever growing. */
  readonly now?: () => number;
}

/** Milliseconds between two drawings. */
const liveEvery = 100;
const plainEvery = 5_000;
/** The rate is that of the last so many milliseconds. */
const rateOver = 30_000;

export class Progress {
  readonly #options: ProgressOptions;
  readonly #now: () => number;
  readonly #live: boolean;
  #counts: Counts | null = null;
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When so many rows had been worked on by this process, oldest first. */
  #marks: { readonly at: number; readonly worked: number }[] = [];
  #draining = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#live = options.stream.isTTY === true && !options.quiet;
  }

  /** Starts drawing these counts, which go on changing. */
  start(counts: Counts): void {
    this.#counts = counts;
    this.#marks = [{ at: this.#now(), worked: worked(counts) }];
    if (this.#options.quiet) return;
    this.#timer = setInterval(() => this.#draw(), this.#live ? liveEvery : plainEvery).unref();
  }

  /** From now on says how many runs are still being ended. */
  draining(): void {
    this.#draining = true;
  }

  /** Writes a line without tearing the live ones. */
  say(line: string): void {
    this.#clear();
    this.#options.stream.write(`${line}\n`);
    if (this.#timer && this.#live) this.#draw();
  }

  /** Takes the live lines away. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#clear();
  }

  #draw(): void {
    const counts = this.#counts;
    if (!counts) return;
    const at = this.#now();
    if (at - this.#marks.at(-1)!.at >= 1000) this.#marks.push({ at, worked: worked(counts) });
    while (this.#marks.length > 2 && at - this.#marks[1]!.at > rateOver) this.#marks.shift();
    const first = this.#marks[0]!;
    const perSecond = at - first.at < 500 ? null : ((worked(counts) - first.worked) / (at - first.at)) * 1000;
    const { stream } = this.#options;
    const bar = this.#live ? 20 : 0;
    const lines = progressLines(counts, { ...this.#options, perSecond, draining: this.#draining, bar });
    if (!this.#live) {
      stream.write(`${lines.join(" · ")}\n`);
      return;
    }
    const width = (stream.columns ?? 80) - 1;
    this.#clear();
    stream.write(`${lines.map((line) => cut(line, width)).join("\n")}\n`);
    this.#drawn = lines.length;
  }

  #clear(): void {
    if (this.#drawn > 0) this.#options.stream.write(`\x1b[${this.#drawn}A\r\x1b[0J`);
    this.#drawn = 0;
  }
}

/** Rows that this process took to their end. Those settled before pass in no time and would spoil the rate. */
function worked(counts: Counts): number {
  return settledRows(counts) - counts.earlier - counts.quarantined - counts.held - counts.busy;
}

interface Moment extends Pick<ProgressOptions, "total" | "totalBytes" | "currency" | "durable"> {
  readonly perSecond: number | null;
  readonly draining: boolean;
  /** Cells of the bar; 0 for none. */
  readonly bar: number;
}

/** How far it is, and what came of it: two lines. */
export function progressLines(counts: Counts, moment: Moment): [string, string] {
  const { total, isEstimate } = totalOf(counts, moment);
  const settled = settledRows(counts);
  const share = total === null || total === 0 ? null : Math.min(1, settled / total);
  const cells = moment.bar;
  const bar = share === null || cells === 0 ? "" : `${"█".repeat(Math.floor(share * cells)).padEnd(cells, "░")} `;
  const of =
    total === null ? "" : `/${isEstimate ? "about " : ""}${count(total)} (${Math.floor((share ?? 0) * 100)} %)`;
  const far = [`${bar}${count(settled)}${of}`];
  if (moment.perSecond !== null) {
    far.push(rate(moment.perSecond));
    const left = total === null ? Number.NaN : (total - settled) / moment.perSecond;
    if (Number.isFinite(left) && left >= 0) far.push(`${duration(left)} left`);
  }
  if (moment.draining) far.push(`draining ${count(counts.rows - settled)}`);
  far.push(moment.durable ? "safe to close" : "nothing is kept");

  const { local, remote, person, waiting, later } = counts.questions;
  const kept = localShare(counts.questions);
  const what = [
    kept === null ? "nothing asked yet" : `kept local ${percent(kept)}`,
    `escalated ${count(remote + person + waiting + later)} of ${count(local + remote + person + waiting + later)}`,
    `waiting ${count(counts.waiting)}`,
    `failed ${count(counts.failed + counts.limit)}`,
  ];
  if (counts.quarantined > 0) what.push(`set aside ${count(counts.quarantined)}`);
  what.push(`spend ${spend(counts.usage, moment.currency)}`);
  return [far.join(" · "), what.join(" · ")];
}

function totalOf(counts: Counts, moment: Moment): { total: number | null; isEstimate: boolean } {
  if (moment.total !== null) return { total: moment.total, isEstimate: false };
  if (moment.totalBytes === null || counts.bytes === 0) return { total: null, isEstimate: false };
  const total = Math.round((counts.rows * moment.totalBytes) / counts.bytes);
  // Two figures are as many as an estimate is worth.
  const grain = 10 ** Math.max(0, Math.floor(Math.log10(total)) - 1);
  return { total: Math.max(counts.rows, Math.round(total / grain) * grain), isEstimate: true };
}

function cut(line: string, width: number): string {
  return line.length > width ? `${line.slice(0, Math.max(0, width - 1))}…` : line;
}
