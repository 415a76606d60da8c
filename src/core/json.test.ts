import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, toJson } from "./json.ts";

/** The same value with the keys of every object in reverse order. */
function permuted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(permuted);
  const turned: [string, unknown][] = Object.entries(value)
    .reverse()
    .map(([key, member]) => [key, permuted(member)]);
  return Object.fromEntries(turned);
}

test("canonical JSON is the same for permuted keys, and parses back to the same value", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(permuted(value))).toBe(text);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("canonical JSON tells different values apart", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const same = canonicalJson(a) === canonicalJson(b);
      expect(same).toBe(JSON.stringify(JSON.parse(canonicalJson(a))) === JSON.stringify(JSON.parse(canonicalJson(b))));
    }),
  );
});

test("canonical JSON leaves out what JSON.stringify leaves out", () => {
  const holes: unknown[] = [1];
  holes[2] = 3;
  const odd = {
    undefined: undefined,
    function: () => 1,
    symbol: Symbol("s"),
    gone: { toJSON: () => undefined },
    date: new Date(0),
    nan: Number.NaN,
    list: [undefined, () => 1, Number.POSITIVE_INFINITY],
    holes,
  };
  expect(JSON.parse(canonicalJson(odd))).toEqual(JSON.parse(JSON.stringify(odd)));
  expect(canonicalJson(undefined)).toBe("null");
});

test("what cannot be written as JSON throws", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  for (const write of [canonicalJson, toJson]) {
    expect(() => write(circle)).toThrow();
    expect(() => write({ big: 1n })).toThrow(TypeError);
  }
});

test("toJson gives what a journal gives back", () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: false }), (value) => {
      expect(toJson(value)).toEqual(JSON.parse(JSON.stringify(value) ?? "null"));
    }),
  );
  expect(Object.is(toJson(-0), 0)).toBe(true);
});
