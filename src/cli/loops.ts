/** The loops that runs in the journal are of, each loaded once, from where it was when it last ran. */

import type { Journal } from "../journal/journal.ts";
import type { Loop } from "../loop/loop.ts";
import { loadLoop } from "./load.ts";
import { loopFileOf } from "./session.ts";

export class Loops {
  readonly #journal: Journal;
  readonly #file: string | undefined;
  readonly #loops = new Map<string, Promise<Loop>>();

  /** `file` stands for where the journal says that loops were. */
  constructor(journal: Journal, file: string | undefined) {
    this.#journal = journal;
    this.#file = file;
  }

  /** Rejects where nobody knows its file, or the file holds another one. */
  of(name: string): Promise<Loop> {
    let loop = this.#loops.get(name);
    if (!loop) {
      loop = this.#load(name);
      this.#loops.set(name, loop);
    }
    return loop;
  }

  async #load(name: string): Promise<Loop> {
    const from = this.#file ?? loopFileOf(this.#journal, name);
    if (from === undefined)
      throw new Error(`the journal does not know the file of the loop ${name}: name it with --loop`);
    const { loop } = await loadLoop(from);
    if (loop.name !== name) throw new Error(`${from} is the loop ${loop.name}, not ${name}: name its file with --loop`);
    return loop;
  }
}
