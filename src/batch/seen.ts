/** Which ids a data file has held so far, in twelve bytes a slot, so that files of any size can be read. */

import { createHash } from "node:crypto";

/**
 * An open-addressed table of 64-bit hashes with the line on which each id first stood. Two ids of one hash are told
 * apart by nothing: among ten million ids the chance of such a pair is three in a million.
 */
export class SeenIds {
  #high: Uint32Array = new Uint32Array(1024);
  #low: Uint32Array = new Uint32Array(1024);
  #lines: Uint32Array = new Uint32Array(1024);
  #count = 0;

  /** Line on which this id stood before, or `null` the first time, when it is kept. Lines are 1-based. */
  add(id: string, line: number): number | null {
    if (this.#count * 3 >= this.#lines.length * 2) this.#grow();
    const digest = createHash("sha256").update(id).digest();
    return this.#put(digest.readUInt32LE(0), digest.readUInt32LE(4), line);
  }

  #put(high: number, low: number, line: number): number | null {
    const mask = this.#lines.length - 1;
    // A line of 0 marks a free slot.
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const there = this.#lines[slot]!;
      if (there === 0) {
        this.#high[slot] = high;
        this.#low[slot] = low;
        this.#lines[slot] = line;
        this.#count++;
        return null;
      }
      if (this.#high[slot] === high && this.#low[slot] === low) return there;
    }
  }

  #grow(): void {
    const [high, low, lines] = [this.#high, this.#low, this.#lines];
    const size = lines.length * 2;
    this.#high = new Uint32Array(size);
    this.#low = new Uint32Array(size);
    this.#lines = new Uint32Array(size);
    this.#count = 0;
    for (let slot = 0; slot < lines.length; slot++) {
      if (lines[slot] !== 0) this.#put(high[slot]!, low[slot]!, lines[slot]!);
    }
  }
}
