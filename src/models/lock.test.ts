import { readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/fixtures/models/folders.ts";
import { withLock } from "./lock.ts";

test("one at a time, and the lock is gone afterwards, also after a failure", async () => {
  const folder = await temporaryFolder();
  const lock = join(folder, "a.lock");
  let inside = 0;
  let waited = 0;
  const work = async (): Promise<number> => {
    inside++;
    await sleep(20);
    return inside--;
  };
  const onWait = (): void => void waited++;
  expect(await Promise.all([1, 2, 3].map(() => withLock(lock, { onWait }, work)))).toEqual([1, 1, 1]);
  expect(waited).toBe(2);
  await expect(withLock(lock, {}, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await readdir(folder)).toEqual([]);
});

test("the lock of a dead process is taken over: by its pid here, by its age elsewhere", async () => {
  const folder = await temporaryFolder();
  const lock = join(folder, "a.lock");
  await writeFile(lock, "1 another-host token");
  await utimes(lock, 1, 1);
  expect(await withLock(lock, {}, async () => "done")).toBe("done");
});

test("waiting can be given up", async () => {
  const lock = join(await temporaryFolder(), "a.lock");
  await writeFile(lock, "1 another-host token");
  await expect(withLock(lock, { signal: AbortSignal.timeout(150) }, async () => "done")).rejects.toThrow();
});
