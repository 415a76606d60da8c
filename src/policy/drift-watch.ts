/**
 * Early warnings without labels: after a certificate the first decisions say what is usual; what moves away from that
 * later raises a warning, which buys more audits and a stricter threshold, and certifies nothing (escalation.md c.6).
 */

import {
  type MixMonitor,
  mixMonitor,
  mixRings,
  type RateMonitor,
  rateMonitor,
  rateRings,
  watchMix,
  watchRate,
} from "../guarantee/drift.ts";

/** What became of one item. */
export interface Seen {
  readonly stood: boolean;
  /** The name it was answered with, or would have been by the rung that was asked last. */
  readonly answer: string;
  /** Length of its text in letters. */
  readonly letters: number;
}

/** Decisions that say what is usual. */
const REFERENCE = 500;
/** Afterwards one decision in so many is compared: a comparison costs as much as the rest of a promise together. */
const EACH = 4;
/** Shares may move by this part of themselves before it counts: no stream is the same from hour to hour. */
const TOLERANCE = 0.15;

interface Monitors {
  readonly rate: RateMonitor;
  readonly answers: MixMonitor;
  readonly lengths: MixMonitor;
}

export class DriftWatch {
  readonly #raise: (monitor: string) => void;
  readonly #over: (monitor: string) => void;
  #turn = 0;
  #count = 0;
  #stood = 0;
  #answers: Record<string, number> = {};
  #lengths: Record<string, number> = {};
  #monitors: Monitors | null = null;
  /** The monitors that rang, while what is usual by now is counted anew. */
  #rang: readonly string[];

  /** `rang`: monitors whose warning is not over yet, from before a restart or from another process. */
  constructor(raise: (monitor: string) => void, over: (monitor: string) => void, rang: readonly string[] = []) {
    this.#raise = raise;
    this.#over = over;
    this.#rang = rang;
  }

  /** Whether it will say that this monitor's warning is over. */
  isAbout(monitor: string): boolean {
    return this.#rang.includes(monitor);
  }

  see(seen: Seen): void {
    if (!this.#monitors) this.#refer(seen);
    else if (this.#turn++ % EACH === 0) this.#compare(this.#monitors, seen);
  }

  #refer({ stood, answer, letters }: Seen): void {
    const length = lengthClass(letters);
    this.#count++;
    if (stood) this.#stood++;
    this.#answers[answer] = (this.#answers[answer] ?? 0) + 1;
    this.#lengths[length] = (this.#lengths[length] ?? 0) + 1;
    if (this.#count < REFERENCE) return;
    const tolerance = TOLERANCE;
    this.#monitors = {
      rate: rateMonitor("share kept local", { count: this.#stood, of: this.#count, tolerance }),
      answers: mixMonitor("answers", { counts: this.#answers, tolerance }),
      lengths: mixMonitor("lengths", { counts: this.#lengths, tolerance }),
    };
    const rang = this.#rang;
    this.#rang = [];
    for (const monitor of rang) this.#over(monitor);
  }

  #compare(monitors: Monitors, { stood, answer, letters }: Seen): void {
    const rate = watchRate(monitors.rate, stood);
    const answers = watchMix(monitors.answers, answer);
    const lengths = watchMix(monitors.lengths, lengthClass(letters));
    this.#monitors = { rate, answers, lengths };
    const rang = rateRings(rate) ? rate.name : mixRings(answers) !== null ? answers.name : null;
    const name = rang ?? (mixRings(lengths) === null ? null : lengths.name);
    if (name === null) return;
    this.#monitors = null;
    this.#count = 0;
    this.#stood = 0;
    this.#answers = {};
    this.#lengths = {};
    this.#rang = [name];
    this.#raise(name);
  }
}

/** Doubling classes: 0 to 63 letters, 64 to 127, and so on. */
function lengthClass(letters: number): string {
  return String(Math.max(6, Math.ceil(Math.log2(letters + 1))));
}
