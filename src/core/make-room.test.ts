import { expect, test } from "vitest";
import { makeRoom } from "./make-room.ts";

test("nothing goes while there is room, then the oldest does", () => {
  const kept = new Map<string, number>();
  for (const [index, key] of ["a", "b", "c", "d"].entries()) {
    makeRoom(kept, 3);
    kept.set(key, index);
    expect(kept.has("a")).toBe(key !== "d");
  }
  expect([...kept]).toEqual([
    ["b", 1],
    ["c", 2],
    ["d", 3],
  ]);
});

test("what was put in again is the youngest, and an empty key is a key", () => {
  const kept = new Set(["", "a", "b"]);
  kept.delete("");
  kept.add("");
  makeRoom(kept, 3);
  expect([...kept]).toEqual(["b", ""]);
  makeRoom(kept, 2);
  makeRoom(kept, 1);
  expect(kept.size).toBe(0);
  makeRoom(kept, 0);
  expect(kept.size).toBe(0);
});
