/** The demo under way: four live lines on a terminal, one line every few seconds elsewhere, news above them. */

import { count, duration, percent, rate } from "../batch/figures.ts";
import type { DemoMoment, DemoPromise } from "../demo/demo.ts";
import { type News, promiseText } from "../demo/news.ts";
import { errorOf } from "../demo/tally.ts";
import { cleanStyled, styled } from "./text.ts";

export interface ScreenOptions {
  /** Where it is drawn: standard error. */
  readonly stream: NodeJS.WriteStream;
  readonly quiet: boolean;
  /** Milliseconds, ever growing. */
  readonly now?: () => number;
}

const liveEvery = 100;
const plainEvery = 5_000;
/** The rate is that of the last so many milliseconds. */
const rateOver = 60_000;
const barCells = 16;

export class DemoScreen {
  readonly #options: ScreenOptions;
  readonly #now: () => number;
  readonly #live: boolean;
  #look: (() => DemoMoment) | null = null;
  #timer: NodeJS.Timeout | undefined;
  #drawn: readonly string[] = [];
  #marks: { readonly at: number; readonly done: number }[] = [];
  #isDraining = false;

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#live = options.stream.isTTY === true && !options.quiet;
  }

  /** Starts drawing what `look` tells. */
  start(look: () => DemoMoment): void {
    this.#look = look;
    if (this.#options.quiet) return;
    this.#timer = setInterval(() => this.#draw(), this.#live ? liveEvery : plainEvery).unref();
    if (this.#live) this.#draw();
  }

  draining(): void {
    this.#isDraining = true;
  }

  /** A line above the live ones; with its ticket while the stream runs. */
  say(line: string): void {
    if (!this.#options.quiet) this.#above([this.#look ? `${place(this.#look().done)}${line}` : line]);
  }

  news({ kind, headline, detail }: News, tickets: number): void {
    if (this.#options.quiet) return;
    const { stream } = this.#options;
    const shown = kind === "other" ? headline : styled(kind === "lost" ? "yellow" : "green", headline, stream);
    this.#above([place(tickets) + shown, ...(detail === null ? [] : wrapped(detail, this.#width))]);
  }

  /** Takes the live lines away. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#look = null;
    this.#write([], []);
  }

  get #width(): number {
    return (this.#options.stream.columns ?? 80) - 1;
  }

  #above(lines: readonly string[]): void {
    this.#write(lines.map(cleanStyled), this.#drawn);
  }

  #draw(): void {
    if (!this.#look) return;
    const moment = this.#look();
    const perSecond = this.#rate(moment);
    if (!this.#live) {
      this.#options.stream.write(`${plainLine(moment, perSecond)}\n`);
      return;
    }
    const lines = liveLines(moment, { perSecond, isDraining: this.#isDraining });
    const shown = lines.map((line) => line.slice(0, this.#width));
    if (shown.join("\n") !== this.#drawn.join("\n")) this.#write([], shown);
  }

  /** One write, each line over the one that stood there: nothing flickers. */
  #write(above: readonly string[], live: readonly string[]): void {
    const up = this.#drawn.length > 0 ? `\x1b[${this.#drawn.length}A\r` : "";
    const end = this.#live ? "\x1b[K\n" : "\n";
    const text = [...above, ...live].map((line) => line + end).join("");
    const rest = this.#live && this.#drawn.length > 0 ? "\x1b[J" : "";
    if (up + text !== "") this.#options.stream.write(up + text + rest);
    this.#drawn = live;
  }

  #rate({ done, earlier }: DemoMoment): number | null {
    const at = this.#now();
    const last = this.#marks.at(-1);
    if (!last || at - last.at >= 500) this.#marks.push({ at, done: done - earlier });
    while (this.#marks.length > 2 && at - this.#marks[1]!.at > rateOver) this.#marks.shift();
    const first = this.#marks[0]!;
    return at - first.at < 1000 ? null : ((done - earlier - first.done) / (at - first.at)) * 1000;
  }
}

interface Pace {
  /** `null` while too little has been seen. */
  readonly perSecond: number | null;
  readonly isDraining: boolean;
}

/** None is longer than 79 signs, whatever the figures. */
export function liveLines(moment: DemoMoment, { perSecond, isDraining }: Pace): readonly string[] {
  const { total, done, figures, promise } = moment;
  const { tickets, kept, last, labels, audits } = figures;
  const full = Math.floor((done / total) * barCells);
  const far = [
    `${"█".repeat(full)}${"░".repeat(barCells - full)} ${count(done)} / ${count(total)}`,
    ...(perSecond === null || perSecond === 0 ? [] : [rate(perSecond), `${duration((total - done) / perSecond)} left`]),
    isDraining ? "draining" : "safe to close",
  ];
  return [
    far.join(" · "),
    `kept     ${share(last.kept, last.tickets)} of the last ${last.tickets} · ${share(kept, tickets)} so far`,
    `promise  ${promiseLine(promise)}`,
    `in fact  ${errorLine(moment)} · labels ${count(labels)}, audits ${count(audits)}`,
  ];
}

function plainLine(moment: DemoMoment, perSecond: number | null): string {
  const { total, done, figures, promise } = moment;
  const { last, labels } = figures;
  const pace = perSecond === null || perSecond === 0 ? "" : ` · ${rate(perSecond)}`;
  const local = `kept local ${share(last.kept, last.tickets)} of the last ${last.tickets}`;
  return `${count(done)}/${count(total)}${pace} · ${local} · ${promise.state.toUpperCase()} · labels ${count(labels)}`;
}

function promiseLine({ state, why, risk, delta }: DemoPromise): string {
  const name = state.toUpperCase();
  return why === null ? `${name}: ${promiseText(risk, delta)}` : `${name}: ${why}`;
}

function errorLine({ figures }: DemoMoment): string {
  const error = errorOf(figures);
  if (error === null) return "nothing kept yet";
  const [low, high] = [error.low, error.high].map((bound) => (bound * 100).toFixed(1));
  return `${(error.share * 100).toFixed(1)} % wrong (${low} to ${high}) of ${count(figures.kept)}`;
}

function share(part: number, of: number): string {
  return of === 0 ? "0 %" : percent(part / of);
}

function place(tickets: number): string {
  return `${count(tickets).padStart(6)}  `;
}

/** Lines of at most so many signs, all behind the place of a ticket. */
function wrapped(text: string, width: number): readonly string[] {
  const indent = " ".repeat(8);
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(indent + word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
