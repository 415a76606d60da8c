import { mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/folder.ts";
import { LEAST_STORED, PrefixStore } from "./prefix-store.ts";

const prefixOf = (first: number) => Array.from({ length: LEAST_STORED }, (_, index) => first + index);
const writing = (text: string) => (path: string) => writeFile(path, text);

test("what was kept is found again, for its own prefix, model and runtime only", async () => {
  using folder = temporaryFolder();
  const store = new PrefixStore(folder.path, ["digest", "3.22.1"]);
  expect(await store.find(prefixOf(1))).toBeUndefined();
  await store.keep(prefixOf(1), writing("state one"));
  await store.keep(prefixOf(2), writing("state two"));
  expect(await readFile((await store.find(prefixOf(1)))!, "utf8")).toBe("state one");
  expect(await readFile((await store.find(prefixOf(2)))!, "utf8")).toBe("state two");
  expect(await store.find(prefixOf(3))).toBeUndefined();
  expect(await new PrefixStore(folder.path, ["digest", "3.23.0"]).find(prefixOf(1))).toBeUndefined();
  expect(await new PrefixStore(folder.path, ["digest", "3.22.1"]).find(prefixOf(1))).toBeDefined();
});

test("a file cut short or with a turned bit is not found, because the runtime would crash on it", async () => {
  using folder = temporaryFolder();
  const store = new PrefixStore(folder.path, ["k"]);
  await store.keep(prefixOf(1), writing("a state of some length"));
  await truncate((await store.find(prefixOf(1)))!, 10);
  expect(await store.find(prefixOf(1))).toBeUndefined();
  await store.keep(prefixOf(1), writing("a state of some length"));
  await writeFile((await store.find(prefixOf(1)))!, "a state of some lengtg");
  expect(await store.find(prefixOf(1))).toBeUndefined();
  expect(await readdir(folder.path)).toEqual([]);
});

test("a disk that cannot be written costs nothing but the cache, and is tried once", async () => {
  using folder = temporaryFolder();
  let tries = 0;
  const store = new PrefixStore(folder.path, ["k"]);
  const full = async (path: string): Promise<void> => {
    tries++;
    await writeFile(path, "half of");
    throw new Error("ENOSPC");
  };
  await store.keep(prefixOf(1), full);
  await store.keep(prefixOf(2), full);
  expect(tries).toBe(1);
  expect(await readdir(folder.path)).toEqual([]);
  await writeFile(folder.file("in-the-way"), "");
  const nowhere = new PrefixStore(join(folder.file("in-the-way"), "below"), ["k"]);
  await nowhere.keep(prefixOf(1), writing("x"));
  expect(await nowhere.find(prefixOf(1))).toBeUndefined();
});

test("those used last stay when there is no room for all", async () => {
  using folder = temporaryFolder();
  await mkdir(folder.path, { recursive: true });
  const store = new PrefixStore(folder.path, ["k"], 25);
  for (const first of [1, 2]) {
    await store.keep(prefixOf(first), writing("ten bytes."));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await store.find(prefixOf(1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await store.keep(prefixOf(3), writing("ten bytes."));
  expect(await store.find(prefixOf(2))).toBeUndefined();
  expect(await store.find(prefixOf(1))).toBeDefined();
  expect(await store.find(prefixOf(3))).toBeDefined();
});

test("a short prefix is evaluated, not stored", async () => {
  using folder = temporaryFolder();
  const store = new PrefixStore(folder.path, ["k"]);
  await store.keep(prefixOf(1).slice(1), writing("x"));
  expect(await readdir(folder.path)).toEqual([]);
});
