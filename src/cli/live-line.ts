/** How far something is: one line drawn over and over on a terminal, a line every few seconds elsewhere. */

import { log } from "./command.ts";
import { cleanStyled } from "./text.ts";

const liveEvery = 100;
const plainEvery = 5_000;

export class LiveLine {
  readonly #quiet: boolean;
  readonly #live = process.stderr.isTTY;
  #shown = 0;
  #drawn = false;

  constructor(quiet: boolean) {
    this.#quiet = quiet;
  }

  /** `text` is asked for when it is time to show it. */
  show(text: () => string): void {
    const now = performance.now();
    if (this.#quiet || now - this.#shown < (this.#live ? liveEvery : plainEvery)) return;
    this.#shown = now;
    if (!this.#live) {
      log(text());
      return;
    }
    process.stderr.write(`\r\x1b[2K${cleanStyled(text()).slice(0, (process.stderr.columns ?? 80) - 1)}`);
    this.#drawn = true;
  }

  /** A line of its own, above. */
  say(line: string): void {
    this.clear();
    log(line);
  }

  clear(): void {
    if (this.#drawn) process.stderr.write("\r\x1b[2K");
    this.#drawn = false;
  }
}
