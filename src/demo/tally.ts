/** What became of the stream's tickets, in their order: kept or not, right or not, what it took in labels. */

import { type Share, wilson } from "../core/wilson.ts";

/** One ticket that came to its end. */
export interface TicketEnd {
  /** A local rung's answer stood. */
  readonly kept: boolean;
  /** What stood is the known label. */
  readonly right: boolean;
  /** The label that was bought for it, if any: as it went up, or as an audit of what was kept. */
  readonly label: "up" | "audit" | null;
  /** What the untrained encoder said, where it was asked; whether that was right. */
  readonly untrained: boolean | null;
}

/** Figures after so many tickets. */
export interface Figures {
  readonly tickets: number;
  readonly kept: number;
  /** Of those kept. */
  readonly wrong: number;
  /** The last tickets, 500 at most, and those of them that were kept. */
  readonly last: { readonly tickets: number; readonly kept: number };
  /** Labels that came from above: of tickets that went up, and of audits. */
  readonly labels: number;
  readonly audits: number;
}

/** Tickets after which the table has a line. */
const milestones: readonly number[] = [250, 500, 1000, 2000, 4000, 8000];
const lastOver = 500;

export class Tally {
  readonly #rows: Figures[] = [];
  readonly #last: boolean[] = [];
  #tickets = 0;
  #kept = 0;
  #wrong = 0;
  #labels = 0;
  #audits = 0;
  #untrained = { tickets: 0, wrong: 0 };

  add({ kept, right, label, untrained }: TicketEnd): void {
    this.#tickets++;
    if (kept) this.#kept++;
    if (kept && !right) this.#wrong++;
    if (label) this.#labels++;
    if (label === "audit") this.#audits++;
    if (untrained !== null) this.#untrained.tickets++;
    if (untrained === false) this.#untrained.wrong++;
    this.#last.push(kept);
    if (this.#last.length > lastOver) this.#last.shift();
    if (milestones.includes(this.#tickets)) this.#rows.push(this.figures);
  }

  get figures(): Figures {
    return {
      tickets: this.#tickets,
      kept: this.#kept,
      wrong: this.#wrong,
      last: { tickets: this.#last.length, kept: this.#last.filter(Boolean).length },
      labels: this.#labels,
      audits: this.#audits,
    };
  }

  /** The lines of the table: at each milestone, and at the end. */
  get rows(): readonly Figures[] {
    return this.#rows.at(-1)?.tickets === this.#tickets ? this.#rows : [...this.#rows, this.figures];
  }

  /** Tickets that the encoder was asked about before it had learned anything, and how many it had wrong. */
  get untrained(): { readonly tickets: number; readonly wrong: number } {
    return this.#untrained;
  }
}

/** Share of the kept tickets that were wrong, with its interval; `null` where none was kept. */
export function errorOf({ kept, wrong }: Pick<Figures, "kept" | "wrong">): Share | null {
  return wilson(wrong, kept);
}
