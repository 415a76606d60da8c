/** What is reported done is on the disk: a power failure is played by keeping only what was flushed. */

import { copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/folder.ts";
import type { Journal } from "./journal.ts";
import { openJournal } from "./sqlite.ts";
import { type Flush, WalFlush } from "./wal-flush.ts";

const begin = (journal: Journal, item: string) =>
  journal.begin({ loop: "mails", version: "1", item, content: item, input: { item } });

/** A disk that takes what it is given when it is told to. */
function slowDisk(): { readonly flush: Flush; readonly waiting: (() => void)[]; flushes: number } {
  const waiting: (() => void)[] = [];
  const disk = {
    waiting,
    flushes: 0,
    flush: () => {
      disk.flushes++;
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
  return disk;
}

test("nothing is done before the disk has it, and what comes meanwhile shares the next flush", async () => {
  using folder = temporaryFolder();
  const disk = slowDisk();
  const journal = openJournal(folder.file("pawl.db"), { flush: disk.flush });
  const done: string[] = [];
  const first = begin(journal, "0").then(() => done.push("0"));
  await nextTurn();
  await nextTurn();
  expect([disk.flushes, done]).toEqual([1, []]);
  const more = Array.from({ length: 50 }, (_, index) => begin(journal, `${index + 1}`).then(() => done.push("more")));
  await nextTurn();
  expect(disk.flushes).toBe(1);
  disk.waiting.shift()?.();
  await first;
  await nextTurn();
  expect([disk.flushes, done]).toEqual([2, ["0"]]);
  disk.waiting.shift()?.();
  await Promise.all(more);
  const closed = journal.close();
  while (disk.waiting.length === 0) await nextTurn();
  disk.waiting.shift()?.();
  await closed;
  expect(done).toHaveLength(51);
});

test("closing waits for what was written last", async () => {
  using folder = temporaryFolder();
  const path = folder.file("pawl.db");
  const journal = openJournal(path);
  journal.notes.set("last", "word");
  await journal.close();
  const after = openJournal(path);
  expect(after.notes.get("last")).toBe("word");
  await after.close();
});

test("a run that is begun as the journal closes is free for whoever opens it next, however often it is closed", async () => {
  using folder = temporaryFolder();
  const path = folder.file("pawl.db");
  const journal = openJournal(path);
  const begun = begin(journal, "a");
  await Promise.all([journal.close(), journal.close()]);
  expect((await begun).kind).toBe("taken");
  const after = openJournal(path);
  expect((await begin(after, "a")).kind).toBe("taken");
  await after.close();
});

test("a disk that fails once is not written to again: nobody knows what it has", async () => {
  using folder = temporaryFolder();
  const path = folder.file("pawl.db");
  let fails = true;
  const flush = async (): Promise<void> => {
    if (fails) throw Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" });
  };
  const journal = openJournal(path, { flush });
  const said = { code: "E_JOURNAL", message: expect.stringContaining("EIO") };
  await expect(begin(journal, "a")).rejects.toMatchObject(said);
  fails = false;
  await expect(begin(journal, "b")).rejects.toMatchObject(said);
  await journal.close();
  const after = openJournal(path);
  await begin(after, "b");
  await after.close();
});

/** Runs that a journal holds which has only what was on the disk when it was cut off. */
async function heldAfterPowerCut(journal: string, log: Uint8Array, copy: string): Promise<number> {
  copyFileSync(journal, copy);
  writeFileSync(`${copy}-wal`, log);
  const after = openJournal(copy);
  const held = [...after.runs({})].length;
  await after.close();
  return held;
}

/** Writes runs one after another, some side by side; after each, cuts the power in mind. Runs that were lost. */
async function lostBy(isHonest: boolean): Promise<number> {
  using folder = temporaryFolder();
  const path = folder.file("pawl.db");
  let onDisk: Uint8Array = new Uint8Array();
  const flush: Flush = async () => {
    const log = readFileSync(`${path}-wal`);
    if (isHonest) onDisk = log;
    await nextTurn();
  };
  const journal = openJournal(path, { flush });
  let [done, lost] = [0, 0];
  for (let round = 0; round < 12; round++) {
    const writes = Array.from({ length: 1 + (round % 3) }, (_, index) => begin(journal, `${round}/${index}`));
    await Promise.all(writes);
    done += writes.length;
    const held = await heldAfterPowerCut(path, onDisk, folder.file(`cut-${round}.db`));
    lost += Math.max(0, done - held);
  }
  await journal.close();
  return lost;
}

test("a power failure takes nothing that was reported done", async () => {
  expect(await lostBy(true)).toBe(0);
});

test("... and a disk that only says so is found out", async () => {
  expect(await lostBy(false)).toBeGreaterThan(0);
});

test("without a flush of its own, a journal flushes what SQLite wrote", async () => {
  using folder = temporaryFolder();
  const path = folder.file("pawl.db");
  const journal = openJournal(path);
  await begin(journal, "a");
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
  const wal = WalFlush.open(path);
  await expect(wal?.flush()).resolves.toBeUndefined();
  wal?.close();
  expect(WalFlush.open(folder.file("none.db"))).toBeNull();
  await journal.close();
});
