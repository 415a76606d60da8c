/**
 * Evaluated prefixes on disk: loading one takes milliseconds where evaluating it takes seconds. A cache and nothing
 * else: whatever is wrong with it, the prefix is evaluated anew.
 */

import { createReadStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { shortHash } from "../core/hash.ts";

/** Prefixes shorter than this many tokens are evaluated faster than a file is opened. */
export const LEAST_STORED = 32;
/** Bytes that all of them may take; those used last stay. */
const MOST_BYTES = 2 ** 30;

export class PrefixStore {
  readonly #folder: string;
  readonly #key: readonly string[];
  readonly #most: number;
  /** False once writing failed: a full disk does not get better by trying every item. */
  #writes = true;

  /** `key`: whatever makes a state another one, such as the model's digest and the runtime's version. */
  constructor(folder: string, key: readonly string[], most: number = MOST_BYTES) {
    this.#folder = folder;
    this.#key = key;
    this.#most = most;
  }

  /**
   * The file with this prefix's state, `undefined` where there is none that is whole. Its checksum stands in its name:
   * the runtime crashes on a damaged file.
   */
  async find(prefix: readonly number[]): Promise<string | undefined> {
    const begin = this.#name(prefix);
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names.filter((each) => each.startsWith(begin) && each.endsWith(".kv"))) {
      const path = join(this.#folder, name);
      if (name === `${begin}${await checksum(path).catch(() => "")}.kv`) {
        const now = new Date();
        await utimes(path, now, now).catch(() => {});
        return path;
      }
      await rm(path, { force: true }).catch(() => {});
    }
    return undefined;
  }

  /** Keeps a state that `write` puts into the file it is given. Never rejects. */
  async keep(prefix: readonly number[], write: (path: string) => Promise<unknown>): Promise<void> {
    if (!this.#writes || prefix.length < LEAST_STORED) return;
    const begin = this.#name(prefix);
    const beside = join(this.#folder, `${begin}${process.pid}.new`);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await write(beside);
      await rename(beside, join(this.#folder, `${begin}${await checksum(beside)}.kv`));
      await this.#prune();
    } catch {
      this.#writes = false;
      await rm(beside, { force: true }).catch(() => {});
    }
  }

  async #prune(): Promise<void> {
    const names = await readdir(this.#folder);
    const found = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name);
        const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 }));
        return { path, size, mtimeMs };
      }),
    );
    let total = 0;
    for (const { path, size } of found.sort((a, b) => b.mtimeMs - a.mtimeMs)) {
      total += size;
      if (total > this.#most) await rm(path, { force: true });
    }
  }

  #name(prefix: readonly number[]): string {
    return `${shortHash(JSON.stringify([this.#key, prefix]))}-`;
  }
}

/** CRC-32 and length: a file cut short or with a turned bit, which is all that it guards against. */
async function checksum(path: string): Promise<string> {
  let sum = 0;
  let length = 0;
  for await (const part of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    sum = crc32(part as Buffer, sum);
    length += (part as Buffer).length;
  }
  return `${sum.toString(16)}-${length}`;
}
