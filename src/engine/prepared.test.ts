import { expect, test } from "vitest";
import { checkRoom, findPrepared, itemLimit, type Prepared, prefixIdOf, promptOf } from "./prepared.ts";

const prepared: Prepared = { head: [1, 2], tail: [3], stem: [4, 5], paths: [[6], [7, 8]], open: "So:" };

test("a prompt is head, item, tail and stem, for an item up to its limit and none above", () => {
  expect(itemLimit(prepared, 10, 2)).toBe(3);
  expect(promptOf(prepared, [90, 91, 92], 10, 2)).toEqual([1, 2, 90, 91, 92, 3, 4, 5]);
  const refused = { code: "E_TOO_LONG", value: { tokens: 4, limit: 3 } };
  expect(() => promptOf(prepared, [90, 91, 92, 93], 10, 2)).toThrow(expect.objectContaining(refused));
  expect(itemLimit(prepared, 4, 2)).toBe(0);
});

test("a prompt with its answer may fill the context, and not more", () => {
  expect(() => checkRoom(10, 10)).not.toThrow();
  const refused = { code: "E_TOO_LONG", value: { tokens: 11, limit: 10 } };
  expect(() => checkRoom(11, 10)).toThrow(expect.objectContaining(refused));
});

test("each part of a prefix counts in its id, and an id that nothing was prepared under is refused", () => {
  const prefix = { instructions: "Which team?", cue: "So:", choices: [" card", " cash"] };
  const others = [{ instructions: "Which?" }, { cue: "Now:" }, { choices: [" cash", " card"] }, {}];
  const ids = others.map((other) => prefixIdOf({ ...prefix, ...other }));
  expect(new Set(ids).size).toBe(4);
  const known = new Map([[prefixIdOf(prefix), prepared]]);
  expect(findPrepared(known, ids[3]!)).toBe(prepared);
  expect(() => findPrepared(known, ids[0]!)).toThrow(expect.objectContaining({ code: "E_PREFIX" }));
});
