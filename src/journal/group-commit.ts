/** Group commit: all that is written while the last transaction is on its way to the disk is the next one. */

import { messageOf, StorageError } from "../core/errors.ts";

/** What one transaction needs of its database. */
export interface Transactions {
  /** Begins one, and throws where this process may not write any more. */
  begin(): void;
  commit(): void;
  /** Undoes what is begun, if anything is, and says what was wrong. */
  rollback(thrown: unknown): StorageError;
  /** Resolves when all that was committed before is on the disk. */
  flush(): Promise<void>;
}

interface Write {
  readonly run: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  /** Nobody waits for it: it starts no commit of its own, and where there is no room it is let go. */
  readonly spare: boolean;
}

/** A write that is committed, and what it gave. */
interface Made {
  readonly write: Write;
  readonly value: unknown;
}

/** Longest that a spare write waits for a commit that is made anyway, in milliseconds. */
const spareWait = 1000;
/** No write of the same transaction would fare better. */
const hopeless: ReadonlySet<string> = new Set(["E_LEASE_LOST", "E_DISK_FULL", "E_JOURNAL_BUSY"]);

/** Codes of a flush that found no room. */
const noRoom: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

export class GroupCommit {
  readonly #path: string;
  readonly #transactions: Transactions;
  #writes: Write[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  #spareTimer: NodeJS.Timeout | undefined;
  /** A commit is on its way to the disk: what is written meanwhile goes with the next. */
  #isCommitting = false;
  /** Until it is not. */
  #committing: Promise<void> = Promise.resolve();
  /** The disk failed to take what was committed: nobody knows what of it is there, so nothing more is written. */
  #broken: StorageError | null = null;
  #closed = false;

  /** The path is for messages. */
  constructor(path: string, transactions: Transactions) {
    this.#path = path;
    this.#transactions = transactions;
  }

  /** Resolves with what `run` gave when that is on the disk. `run` is called within a transaction, maybe more than once. */
  write<T>(run: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new StorageError("E_JOURNAL", "the journal is closed"));
    return new Promise<T>((resolve, reject) => {
      this.#writes.push({ run, resolve, reject, spare: false });
      if (!this.#isCommitting) this.#scheduled ??= setImmediate(() => this.#commitAll());
    });
  }

  /** A write that goes with the next commit, after a while in one of its own. When closed it is dropped. */
  writeSpare(run: () => void): void {
    if (this.#closed) return;
    this.#writes.push({ run, resolve: () => {}, reject: () => {}, spare: true });
    this.#spareTimer ??= setTimeout(() => this.#commitAll(), spareWait).unref();
  }

  /** Resolves when all that was written so far is on the disk, or rejected. */
  drain(): Promise<void> {
    return this.#commitAll();
  }

  /** Refuses what is written from now on, and commits what was written before. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#commitAll();
  }

  #commitAll(): Promise<void> {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (!this.#isCommitting) this.#committing = this.#commitEach();
    return this.#committing;
  }

  /** Transaction after transaction, until nothing is left. */
  async #commitEach(): Promise<void> {
    this.#isCommitting = true;
    while (this.#writes.length > 0) {
      clearTimeout(this.#spareTimer);
      this.#spareTimer = undefined;
      const writes = this.#writes;
      this.#writes = [];
      const made = this.#commit(writes);
      if (made.length === 0) continue;
      try {
        await this.#transactions.flush();
        for (const { write, value } of made) write.resolve(value as never);
      } catch (thrown) {
        const hint = noRoom.has((thrown as { code?: string }).code ?? "")
          ? "free some space and start again"
          : "start again once it does";
        this.#broken = new StorageError(
          "E_JOURNAL",
          `the disk did not take what was written to ${this.#path} (${messageOf(thrown)}); ${hint}: nothing that was reported done is lost`,
          { cause: thrown },
        );
        for (const { write } of made) write.reject(this.#broken);
      }
    }
    this.#isCommitting = false;
  }

  /** One transaction, and the writes that are in it. What could not be made is rejected here. */
  #commit(writes: readonly Write[]): readonly Made[] {
    const made: Made[] = [];
    try {
      if (this.#broken) throw this.#broken;
      this.#transactions.begin();
      for (const write of writes) made.push({ write, value: write.run() });
      this.#transactions.commit();
      return made;
    } catch (thrown) {
      const error = this.#transactions.rollback(thrown);
      // A cache costs nobody an answer: where there is no room for both, what somebody waits for is tried alone.
      const needed = writes.filter(({ spare }) => !spare);
      if (error.code === "E_DISK_FULL" && needed.length > 0 && needed.length < writes.length) {
        return this.#commit(needed);
      }
      // One write that cannot be made must not take the others of its transaction with it.
      if (writes.length > 1 && !hopeless.has(error.code)) return writes.flatMap((write) => this.#commit([write]));
      for (const write of writes) write.reject(error);
      return [];
    }
  }
}
