import { expect, test } from "vitest";
import { identifier } from "./identity.ts";

test("the column asked for gives the id", () => {
  const { by, identify } = identifier({ nr: "7", id: "x" }, { id: "nr" });
  expect(by).toBe('column "nr"');
  expect(identify({ nr: "7", id: "x" })).toMatchObject({ kind: "known", item: "7" });
  expect(identify({ nr: 7 })).toMatchObject({ kind: "known", item: "7" });
});

test("without one, the column id does, else the hash of the row", () => {
  expect(identifier({ id: "a" }).by).toBe('column "id"');
  const { by, identify } = identifier({ text: "a", n: 1 });
  expect(by).toBe("hash of the row");
  const hashed = identify({ text: "a", n: 1 });
  expect(hashed).toEqual(identify({ n: 1, text: "a" }));
  expect(hashed).toMatchObject({ kind: "known", item: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect(hashed).not.toEqual(identify({ text: "b", n: 1 }));
});

test("the content follows the whole row", () => {
  const { identify } = identifier({ id: "a" });
  const contents = [
    { id: "a", text: "b" },
    { id: "a", text: "c" },
    { text: "b", id: "a" },
  ].map((row) => {
    const identity = identify(row);
    return identity.kind === "known" ? identity.content : "";
  });
  expect(contents[0]).toBe(contents[2]);
  expect(contents[0]).not.toBe(contents[1]);
});

test("a column that is not there is refused, with those that are", () => {
  expect(() => identifier({ a: 1, b: 2 }, { id: "nr" })).toThrow(
    expect.objectContaining({ code: "E_NO_COLUMN", message: 'there is no column "nr"; there are "a", "b"' }),
  );
  expect(() => identifier({}, { id: "toString" })).toThrow('there is no column "toString"');
});

test("a row without a usable id says why", () => {
  const { identify } = identifier({ id: "a" });
  const reasons = [
    { id: " " },
    { id: "" },
    {},
    { id: null },
    { id: {} },
    { id: 2 ** 53 },
    { id: "x".repeat(1001) },
  ].map((row) => {
    const identity = identify(row);
    return identity.kind === "unknown" ? identity.reason : identity.item;
  });
  expect(reasons).toEqual([
    'column "id" is empty',
    'column "id" is empty',
    'column "id" is missing',
    'column "id" holds null, no id',
    'column "id" holds object, no id',
    'column "id" holds a number too long to be read exactly: quote it',
    'column "id" holds an id of more than 1000 characters',
  ]);
});
