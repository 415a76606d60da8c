import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clusters } from "./clusters.ts";
import { duplicates } from "./duplicates.ts";
import { nearest } from "./nearest.ts";
import { dot, tableOf } from "./table.ts";

const number = fc.integer({ min: -8, max: 8 });
const vectorsOf = (dimensions: number) =>
  fc.array(
    fc.array(number, { minLength: dimensions, maxLength: dimensions }).map((values) => Float32Array.from(values)),
    { minLength: 1, maxLength: 40 },
  );
const anyVectors = fc.integer({ min: 1, max: 9 }).chain(vectorsOf);
const plainCosine = (a: Float32Array, b: Float32Array): number => {
  const product = a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  const lengths = Math.hypot(...a) * Math.hypot(...b);
  return lengths === 0 ? 0 : product / lengths;
};

test("a table holds unit vectors of one length", () => {
  fc.assert(
    fc.property(anyVectors, (vectors) => {
      const { count, dimensions, numbers } = tableOf(vectors);
      expect(count).toBe(vectors.length);
      for (let row = 0; row < count; row++) {
        const start = row * dimensions;
        const length = dot(numbers, start, numbers, start, dimensions);
        expect(length).toBeCloseTo(vectors[row]!.some((value) => value !== 0) ? 1 : 0, 5);
      }
    }),
  );
  expect(tableOf([])).toMatchObject({ count: 0, dimensions: 0 });
  expect(() => tableOf([new Float32Array(2), new Float32Array(3)])).toThrow("vector 1 has 3 numbers");
});

describe("nearest", () => {
  test("is what sorting all cosines gives", () => {
    fc.assert(
      fc.property(anyVectors, fc.integer({ min: 0, max: 50 }), (vectors, k) => {
        const found = nearest(vectors[0]!, tableOf(vectors), k);
        const all = vectors.map((vector) => plainCosine(vectors[0]!, vector)).sort((a, b) => b - a);
        expect(found).toHaveLength(Math.min(k, vectors.length));
        for (const [place, { index, similarity }] of found.entries()) {
          expect(similarity).toBeCloseTo(all[place]!, 5);
          expect(similarity).toBeCloseTo(plainCosine(vectors[0]!, vectors[index]!), 5);
        }
      }),
    );
  });

  test("takes the earlier of equals, and refuses a vector of another length", () => {
    const table = tableOf([Float32Array.of(1, 0), Float32Array.of(0, 1), Float32Array.of(2, 0)]);
    expect(nearest(Float32Array.of(3, 0), table, 1)).toEqual([{ index: 0, similarity: 1 }]);
    expect(nearest(Float32Array.of(3, 0), table, 2).map(({ index }) => index)).toEqual([0, 2]);
    expect(() => nearest(new Float32Array(3), table, 1)).toThrow("the table's have 2");
  });
});

describe("duplicates", () => {
  /** The groups that comparing all pairs one by one gives. */
  function plainGroups(vectors: readonly Float32Array[], at: number): number[][] {
    const of = vectors.map((_, row) => row);
    for (const [a, vectorA] of vectors.entries()) {
      for (const [b, vectorB] of vectors.entries()) {
        if (a < b && plainCosine(vectorA, vectorB) >= at - 1e-6) {
          const [from, to] = [Math.max(of[a]!, of[b]!), Math.min(of[a]!, of[b]!)];
          for (const row of of.keys()) if (of[row] === from) of[row] = to;
        }
      }
    }
    const groups = [...new Set(of)].map((name) => [...of.keys()].filter((row) => of[row] === name));
    return groups.filter((group) => group.length > 1).sort((a, b) => b.length - a.length);
  }

  test("are the groups that all pairs give, however they are pruned", () => {
    // Off the values that small whole numbers give, so that rounding does not decide.
    const at = fc.constantFrom(-0.1234, 0.4321, 0.7654, 0.9487, 0.98765);
    fc.assert(
      fc.property(anyVectors, at, (vectors, least) => {
        expect(duplicates(tableOf(vectors), least)).toEqual(plainGroups(vectors, least));
      }),
    );
  });

  test("chain: the ends of a group may be further apart than two that are linked", () => {
    const turned = (degrees: number) =>
      Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));
    expect(duplicates(tableOf([0, 90, 10, 20].map(turned)), 0.98)).toEqual([[0, 2, 3]]);
  });

  test("go over more than one block, tell how far they are, and equal rows meet at 1", () => {
    const shares: number[] = [];
    const rows = Array.from({ length: 300 }, (_, row) =>
      Float32Array.from({ length: 8 }, (_, at) => Math.sin(row * 9 + at)),
    );
    rows[290] = rows[3]!;
    expect(duplicates(tableOf(rows), 1, (share) => shares.push(share))).toEqual([[3, 290]]);
    expect(shares).toHaveLength(3);
    expect(shares.at(-1)).toBe(1);
  });
});

describe("clusters", () => {
  test("hold every row once, at most k of them, none empty, largest first, the same every time", () => {
    fc.assert(
      fc.property(anyVectors, fc.integer({ min: 1, max: 12 }), (vectors, k) => {
        const table = tableOf(vectors);
        const found = clusters(table, k);
        expect(found.flatMap(({ members }) => members).sort((a, b) => a - b)).toEqual([...vectors.keys()]);
        expect(found.length).toBeLessThanOrEqual(k);
        const sizes = found.map(({ members }) => members.length);
        expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
        expect(Math.min(...sizes)).toBeGreaterThan(0);
        expect(clusters(table, k)).toEqual(found);
      }),
    );
  });

  test("find three heaps, the member nearest to the middle first", () => {
    const heap = (axis: number) =>
      [0.3, 0, -0.2].map((off) => Float32Array.from([0, 1, 2], (at) => (at === axis ? 1 : off / 2)));
    const found = clusters(tableOf([...heap(0), ...heap(1), ...heap(2)]), 3);
    expect(found.map(({ members }) => Math.floor(members[0]! / 3)).sort()).toEqual([0, 1, 2]);
    for (const { members, tightness } of found) {
      expect(new Set(members.map((row) => Math.floor(row / 3))).size).toBe(1);
      expect(tightness).toBeGreaterThan(0.97);
    }
  });

  test("are fewer where there are fewer different rows, and none of nothing", () => {
    const same = Array.from({ length: 5 }, () => Float32Array.of(1, 2));
    expect(clusters(tableOf(same), 4)).toMatchObject([{ members: [0, 1, 2, 3, 4], tightness: expect.closeTo(1, 5) }]);
    expect(clusters(tableOf([]), 3)).toEqual([]);
  });
});
