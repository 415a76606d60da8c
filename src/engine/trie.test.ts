import fc from "fast-check";
import { expect, test } from "vitest";
import { type ReadPath, type ScoreOptions, scorePaths, UNREAD_SHARE, UNSURE } from "./trie.ts";

const VOCABULARY = 5;

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

const sharesStart = (a: readonly number[], b: readonly number[], length: number) =>
  a.length >= length && b.length >= length && a.slice(0, length).every((token, at) => token === b[at]);

/** A path cut where no other begins like it: never where it is the beginning of another. */
function distinct(path: readonly number[], paths: readonly (readonly number[])[]): readonly number[] {
  const others = paths.filter((other) => other !== path);
  const length = path.findIndex((_, at) => !others.some((other) => sharesStart(path, other, at + 1)));
  return length < 0 ? path : path.slice(0, length + 1);
}

/** The probability of each path by the definition: of its tokens, less that of every longer path through its end. */
function brute(paths: readonly (readonly number[])[]): number[] {
  return paths.map((path) => {
    const own = path.reduce((sum, token, at) => sum + Math.log(next(path.slice(0, at))[token]!), 0);
    const longer = paths.filter((other) => other.length > path.length && sharesStart(path, other, path.length));
    const on = new Set(longer.map((other) => other[path.length]!));
    return own + Math.log(1 - [...on].reduce((sum, token) => sum + next(path)[token]!, 0));
  });
}

const somePaths = fc.uniqueArray(fc.array(fc.nat(VOCABULARY - 2), { minLength: 1, maxLength: 5 }), {
  minLength: 1,
  maxLength: 24,
  selector: (path) => path.join(),
});
const somePathsAndBias = somePaths.chain((paths) =>
  fc.tuple(
    fc.constant(paths),
    fc.array(fc.double({ min: -6, max: 6, noNaN: true }), { minLength: paths.length, maxLength: paths.length }),
  ),
);
const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

test("read whole, every path has the probability of all its tokens", async () => {
  await fc.assert(
    fc.asyncProperty(somePaths, async (paths) => {
      const { logp, exact, unread, mass } = await scorePaths(paths, counted().read, { whole: true });
      for (const [index, expected] of brute(paths).entries()) expect(logp[index]).toBeCloseTo(expected, 9);
      expect(exact).toEqual(paths.map(() => true));
      expect(unread).toBe(0);
      expect(mass[0]).toBeCloseTo(sumOf(logp.map(Math.exp)), 9);
      expect(mass[1]).toBe(mass[0]);
    }),
  );
});

/** What must hold of a lazy reading; `brute` has the truth. Returns what does not. */
async function wrongIn(
  paths: readonly (readonly number[])[],
  bias: readonly number[],
  score: (options: ScoreOptions) => ReturnType<typeof scorePaths>,
): Promise<string[]> {
  const truth = brute(paths.map((path) => distinct(path, paths)));
  const { logp, exact, unread, mass } = await score({ bias });
  const weight = (values: readonly number[], index: number) => Math.exp(values[index]! + bias[index]!);
  const all = paths.map((_, index) => index);
  const winner = all.reduce((top, index) => (weight(truth, index) > weight(truth, top) ? index : top), 0);
  const open = all.filter((index) => !exact[index]);
  const known = sumOf(all.filter((index) => exact[index]).map((index) => weight(logp, index)));
  const wrong: string[] = [];
  if (!exact[winner]) wrong.push("the winner is not exact");
  for (const index of all) {
    if (exact[index] && Math.abs(logp[index]! - truth[index]!) > 1e-9) wrong.push(`path ${index} is not the truth`);
    if (!exact[index] && logp[index]! < truth[index]! - 1e-9) wrong.push(`path ${index} is below the truth: no bound`);
  }
  if (sumOf(open.map((index) => weight(truth, index))) > unread + 1e-9) wrong.push("unread is too small");
  const isUnsure = weight(truth, winner) < UNSURE * known + 1e-9;
  if (unread > UNREAD_SHARE * (unread + known) + 1e-9 && !isUnsure) wrong.push("too much is unread");
  const sum = sumOf(truth.map(Math.exp));
  if (mass[0] > sum + 1e-9 || mass[1] < sum - 1e-9) wrong.push("the mass is outside its interval");
  return wrong;
}

test("read lazily, the winner is exact and what is left unread is bounded", async () => {
  await fc.assert(
    fc.asyncProperty(somePathsAndBias, async ([paths, bias]) => {
      expect(await wrongIn(paths, bias, (options) => scorePaths(paths, counted().read, options))).toEqual([]);
    }),
  );
});

test("negative control: comparing without the bias would be caught", async () => {
  await expect(
    fc.assert(
      fc.asyncProperty(somePathsAndBias, async ([paths, bias]) => {
        expect(await wrongIn(paths, bias, () => scorePaths(paths, counted().read, {}))).toEqual([]);
      }),
      { numRuns: 500 },
    ),
  ).rejects.toThrow();
});

test("a server that hides tokens gives bounds, never a wrong number", async () => {
  await fc.assert(
    fc.asyncProperty(somePathsAndBias, fc.nat(100), async ([paths, bias], seed) => {
      const read: ReadPath = async ({ path, after }) =>
        after.map((tokens, depth) => {
          const p = next(path.slice(0, depth));
          const floor = p.toSorted((a, b) => b - a)[1 + (seed % 3)]!;
          return tokens.map((token) => (p[token]! >= floor ? Math.log(p[token]!) : { atMost: Math.log(floor) }));
        });
      const truth = brute(paths.map((path) => distinct(path, paths)));
      const { logp, exact, mass } = await scorePaths(paths, read, { bias });
      for (const [index, expected] of truth.entries()) {
        if (exact[index]) expect(logp[index]).toBeCloseTo(expected, 9);
        else expect(logp[index]).toBeGreaterThanOrEqual(expected - 1e-9);
      }
      const sum = sumOf(truth.map(Math.exp));
      expect(mass[0]).toBeLessThanOrEqual(sum + 1e-9);
      expect(mass[1]).toBeGreaterThanOrEqual(sum - 1e-9);
    }),
  );
});

test("choices that differ in their first token take one pass, however long they are", async () => {
  const { read, passes } = counted();
  const { exact } = await scorePaths([[0, 3, 3], [1], [2, 1]], read, { every: true });
  expect(passes()).toBe(1);
  expect(exact).toEqual([true, true, true]);
});

test("what a branch shares is read in one pass with its fork", async () => {
  const { read, passes } = counted();
  await scorePaths([[0, 1, 2, 0], [0, 1, 2, 1], [3]], read, { every: true });
  expect(passes()).toBe(2);
});

test("a branch that cannot win and weighs nothing is not read", async () => {
  const { read, passes } = counted();
  const paths = [[0], [1, 0], [1, 1], [2, 0], [2, 1]];
  const { exact } = await scorePaths(paths, read, { bias: [0, -20, -20, -20, -20] });
  expect(passes()).toBe(1);
  expect(exact).toEqual([true, false, false, false, false]);
});

test("a choice inside another is given what does not go on", async () => {
  const { read } = counted();
  const { logp, mass } = await scorePaths([[1], [1, 2]], read);
  const p = next([])[1]!;
  expect(Math.exp(logp[0]!)).toBeCloseTo(p * (1 - next([1])[2]!), 12);
  expect(Math.exp(logp[1]!)).toBeCloseTo(p * next([1])[2]!, 12);
  expect(mass[0]).toBeCloseTo(p, 12);
});

test("numbers that are none end in no answer, not in an endless search", async () => {
  const { logp } = await scorePaths([[1, 1], [1, 2], [2]], async ({ after }) =>
    after.map((tokens) => tokens.map(() => Number.NaN)),
  );
  expect(logp).toEqual([Number.NaN, Number.NaN, Number.NaN]);
});
