import fc from "fast-check";
import { expect, test } from "vitest";
import { anyKey, clusterKey, plainKey } from "./clusters.ts";

test("the short way for plain texts gives the same keys, and says of which texts it knows nothing", () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom("order 12", "a1b22", " \t\v\f\r\n", "\u0000\u001f\u007f", "_-", "é", "²", "\u00a0"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const plain = pieces.join("").normalize("NFKC").toLowerCase();
      const isPlain = [...plain].every((letter) => letter.codePointAt(0)! < 128);
      expect(plainKey(plain)).toBe(isPlain ? anyKey(plain) : null);
    }),
  );
});

test("texts that are mostly numbers or signs are not all one cluster", () => {
  expect(clusterKey('{"amount": 12}')).not.toBe(clusterKey('{"amount": 13}'));
  expect(clusterKey("12 + 5")).not.toBe(clusterKey("13 + 5"));
  expect(clusterKey("2026-11-23 10:00")).not.toBe(clusterKey("2026-11-24 10:00"));
  expect(clusterKey("?!")).not.toBe(clusterKey("!!"));
});
