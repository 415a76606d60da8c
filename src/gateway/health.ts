/** Whether the journal takes what is written to it: while it does not, nobody should be sent here. */

import { StorageError } from "../core/errors.ts";

/** What stays wrong until something is done about it, unlike a journal that is busy. */
const lasting: ReadonlySet<string> = new Set(["E_DISK_FULL", "E_JOURNAL", "E_LEASE_LOST"]);

export class Health {
  readonly #write: () => Promise<unknown>;
  #trouble: string | null = null;

  /** `write` writes something small and harmless, as durable as all else. */
  constructor(write: () => Promise<unknown>) {
    this.#write = write;
  }

  /** Something was written. */
  wrote(): void {
    if (!this.#isForGood) this.#trouble = null;
  }

  /** Something went wrong; only what the journal throws counts. */
  failed(thrown: unknown): void {
    if (!this.#isForGood && thrown instanceof StorageError && lasting.has(thrown.code)) this.#trouble = thrown.code;
  }

  /** Code of what is wrong with the journal; `null` for nothing. After trouble it is found out by writing. */
  async trouble(): Promise<string | null> {
    if (this.#trouble === null || this.#isForGood) return this.#trouble;
    try {
      await this.#write();
      this.wrote();
    } catch (thrown) {
      this.failed(thrown);
    }
    return this.#trouble;
  }

  /** Another process has taken this one's runs over: it never gets them back. */
  get #isForGood(): boolean {
    return this.#trouble === "E_LEASE_LOST";
  }
}
