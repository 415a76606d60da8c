import fc from "fast-check";
import { expect, test } from "vitest";
import { massOf, type ReadPath, scorePaths } from "./trie.ts";

const VOCABULARY = 4;

/** A made-up model: probabilities of the next token that depend on all tokens before. */
function next(path: readonly number[]): number[] {
  const weights = Array.from({ length: VOCABULARY }, (_, token) => {
    const seed = path.reduce((hash, value) => (hash * 31 + value + 7) % 1009, 17 + token * 101);
    return 1 + (seed % 97);
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function counted(): { read: ReadPath; passes: () => number } {
  let passes = 0;
  const read: ReadPath = async ({ path, after }) => {
    passes++;
    return after.map((tokens, depth) => tokens.map((token) => Math.log(next(path.slice(0, depth))[token]!)));
  };
  return { read, passes: () => passes };
}

/** The probability of each path by the definition: of its tokens, less that of every longer path through its end. */
function brute(paths: readonly (readonly number[])[]): number[] {
  const wins = (begin: readonly number[], path: readonly number[]) =>
    begin.length < path.length && begin.every((token, at) => path[at] === token);
  return paths.map((path) => {
    const own = path.reduce((sum, token, at) => sum + Math.log(next(path.slice(0, at))[token]!), 0);
    const on = new Set(paths.filter((other) => wins(path, other)).map((other) => other[path.length]!));
    return own + Math.log(1 - [...on].reduce((sum, token) => sum + next(path)[token]!, 0));
  });
}

const somePaths = fc.uniqueArray(fc.array(fc.nat(VOCABULARY - 2), { minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 12,
  selector: (path) => path.join(),
});

test("agrees with scoring each whole path by itself, prefixes of others included", async () => {
  await fc.assert(
    fc.asyncProperty(somePaths, async (paths) => {
      const { read } = counted();
      const logp = await scorePaths(paths, read);
      for (const [index, expected] of brute(paths).entries()) expect(logp[index]).toBeCloseTo(expected, 9);
      expect(massOf(logp)).toBeGreaterThan(0);
      expect(logp.reduce((sum, value) => sum + Math.exp(value), 0)).toBeLessThanOrEqual(1 + 1e-9);
    }),
  );
});

test("choices that differ in their first token take one pass", async () => {
  const { read, passes } = counted();
  await scorePaths([[0], [1], [2]], read);
  expect(passes()).toBe(1);
});

test("what a branch shares is read in one pass with its fork", async () => {
  const { read, passes } = counted();
  await scorePaths([[0, 1, 2, 0], [0, 1, 2, 1], [3]], read);
  expect(passes()).toBe(2);
});

test("a choice inside another is given what does not go on", async () => {
  const { read } = counted();
  const [card, cardPayment] = await scorePaths([[1], [1, 2]], read);
  const p = next([])[1]!;
  expect(Math.exp(card!)).toBeCloseTo(p * (1 - next([1])[2]!), 12);
  expect(Math.exp(cardPayment!)).toBeCloseTo(p * next([1])[2]!, 12);
  expect(massOf([card!, cardPayment!])).toBeCloseTo(p, 12);
});

test("mass is held to 0..1", () => {
  expect(massOf([])).toBe(0);
  expect(massOf([Math.log(0.6), Math.log(0.4000001)])).toBe(1);
});
