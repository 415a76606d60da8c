/**
 * Makes commits durable without holding up the event loop. SQLite commits at `synchronous=NORMAL`, which only hands the
 * bytes to the system; then a thread of the platform's flushes the write-ahead log, and nobody is told that a write is
 * done before that. What was acknowledged so survives a power failure as under `FULL`: the log is one sequence, so a flush
 * covers all that was committed before it began, and a checkpoint flushes the log itself before it copies from it.
 */

import { closeSync, fdatasync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";

/** Flushes an open file. */
export type Flush = (descriptor: number) => Promise<void>;

export class WalFlush {
  readonly #descriptor: number;
  readonly #flush: Flush;

  private constructor(descriptor: number, flush: Flush) {
    this.#descriptor = descriptor;
    this.#flush = flush;
  }

  /** Of the database at this path, as SQLite resolved it. `null` where its log cannot be opened: then `FULL` must do. */
  static open(database: string, flush: Flush = flushed): WalFlush | null {
    let descriptor: number;
    try {
      descriptor = openSync(`${database}-wal`, "r+");
    } catch {
      return null;
    }
    try {
      // Whoever made the log need not have flushed its name. Where a folder cannot be flushed, the name needs no flush.
      const folder = openSync(dirname(database), "r");
      try {
        fsyncSync(folder);
      } finally {
        closeSync(folder);
      }
    } catch {}
    return new WalFlush(descriptor, flush);
  }

  /** Resolves when everything that was committed before is on the disk. */
  flush(): Promise<void> {
    return this.#flush(this.#descriptor);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

function flushed(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(descriptor, (error) => (error ? reject(error) : resolve())));
}
