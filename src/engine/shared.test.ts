import { expect, test } from "vitest";
import { holdEngine } from "./shared.ts";

function engine(log: string[]) {
  return async () => {
    log.push("open");
    return {
      close: async () => {
        log.push("close");
      },
    };
  };
}

test("two holders share one engine, and the last one closes it", async () => {
  const log: string[] = [];
  const [first, second] = await Promise.all([holdEngine("a", engine(log)), holdEngine("a", engine(log))]);
  expect(first.engine).toBe(second.engine);
  await first.release();
  await first.release();
  expect(log).toEqual(["open"]);
  await second.release();
  expect(log).toEqual(["open", "close"]);
  await (await holdEngine("a", engine(log))).release();
  expect(log).toEqual(["open", "close", "open", "close"]);
});

test("an engine that could not be opened is tried again", async () => {
  const log: string[] = [];
  await expect(holdEngine("b", () => Promise.reject(new Error("no file")))).rejects.toThrow("no file");
  const held = await holdEngine("b", engine(log));
  await held.release();
  expect(log).toEqual(["open", "close"]);
});
