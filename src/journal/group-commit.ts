/** Group commit: everything that is written in one turn of the event loop becomes one transaction. */

import { StorageError } from "../core/errors.ts";

/** What one transaction needs of its database. */
export interface Transactions {
  /** Begins one, and throws where this process may not write any more. */
  begin(): void;
  /** Ends it: all of it is on the disk when this returns. */
  commit(): void;
  /** Undoes what is begun, if anything is, and says what was wrong. */
  rollback(thrown: unknown): StorageError;
}

interface Write {
  readonly run: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  /** Nobody waits for it: it starts no commit of its own, and where there is no room it is let go. */
  readonly spare: boolean;
}

/** Longest that a spare write waits for a commit that is made anyway, in milliseconds. */
const spareWait = 1000;
/** No write of the same transaction would fare better. */
const hopeless: ReadonlySet<string> = new Set(["E_LEASE_LOST", "E_DISK_FULL", "E_JOURNAL_BUSY"]);

export class GroupCommit {
  readonly #transactions: Transactions;
  #writes: Write[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  #spareTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  /** Resolves with what `run` gave when that is on the disk. `run` is called within a transaction, maybe more than once. */
  write<T>(run: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new StorageError("E_JOURNAL", "the journal is closed"));
    return new Promise<T>((resolve, reject) => {
      this.#writes.push({ run, resolve, reject, spare: false });
      this.#scheduled ??= setImmediate(() => this.commitNow());
    });
  }

  /** A write that goes with the next commit, after a while in one of its own. When closed it is dropped. */
  writeSpare(run: () => void): void {
    if (this.#closed) return;
    this.#writes.push({ run, resolve: () => {}, reject: () => {}, spare: true });
    this.#spareTimer ??= setTimeout(() => this.commitNow(), spareWait).unref();
  }

  /** Commits what was written so far. */
  commitNow(): void {
    clearImmediate(this.#scheduled);
    clearTimeout(this.#spareTimer);
    this.#scheduled = undefined;
    this.#spareTimer = undefined;
    const writes = this.#writes;
    this.#writes = [];
    if (writes.length > 0) this.#commit(writes);
  }

  /** Commits what was written so far, and refuses what comes after. */
  close(): void {
    this.#closed = true;
    this.commitNow();
  }

  #commit(writes: readonly Write[]): void {
    const values: unknown[] = [];
    try {
      this.#transactions.begin();
      for (const write of writes) values.push(write.run());
      this.#transactions.commit();
    } catch (thrown) {
      const error = this.#transactions.rollback(thrown);
      // A cache costs nobody an answer: where there is no room for both, what somebody waits for is tried alone.
      const needed = writes.filter(({ spare }) => !spare);
      if (error.code === "E_DISK_FULL" && needed.length > 0 && needed.length < writes.length) {
        this.#commit(needed);
        return;
      }
      // One write that cannot be made must not take the others of its transaction with it.
      if (writes.length > 1 && !hopeless.has(error.code)) for (const write of writes) this.#commit([write]);
      else for (const write of writes) write.reject(error);
      return;
    }
    for (let index = 0; index < writes.length; index++) writes[index]!.resolve(values[index] as never);
  }
}
