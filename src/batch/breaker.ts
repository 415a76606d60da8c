/** Notices a rung that has stopped working, before it has sent a whole file to people. */

import type { Counts } from "./counts.ts";

/** So many runs in a row in which a rung only threw. */
const mostInARow = 20;

export interface Broken {
  readonly rung: string;
  readonly trouble: string | null;
}

/** Looks at a batch's counts after every run. */
export class Breaker {
  readonly #before = new Map<string, { asked: number; broken: number; inARow: number }>();

  /** The first rung that threw whenever it was asked in the last runs, or `null`. */
  look(rungs: Counts["rungs"]): Broken | null {
    for (const [rung, { asked, broken, trouble }] of Object.entries(rungs)) {
      const before = this.#before.get(rung) ?? { asked: 0, broken: 0, inARow: 0 };
      const threw = broken - before.broken;
      const replied = asked - before.asked - threw;
      const inARow = replied > 0 ? 0 : before.inARow + (threw > 0 ? 1 : 0);
      this.#before.set(rung, { asked, broken, inARow });
      if (inARow >= mostInARow) return { rung, trouble };
    }
    return null;
  }
}
