/** Groups of rows that say nearly the same. */

import { dot, type VectorTable } from "./table.ts";

/** Rows compared at a time: two blocks of 384 numbers each stay in the processor's second cache. */
const BLOCK = 128;
/** Parts in which two rows are compared. */
const PARTS = 8;
/** What rounding may take off the cosine of two equal vectors. */
const SLACK = 1e-6;

/**
 * Groups of two or more rows, each linked to another of its group by a cosine of at least `at`; largest group first,
 * rows ascending. A chain counts as one group: its ends may be further apart than `at`.
 *
 * Exact: all pairs are compared, n²/2 of them. But most are settled by a part of their numbers: what the rest can add
 * is at most the product of the rests' lengths. `onProgress` is told the share that is done.
 */
export function duplicates(
  table: VectorTable,
  at: number,
  onProgress: (share: number) => void = () => {},
): readonly (readonly number[])[] {
  const { count, dimensions, numbers } = table;
  const size = Math.ceil(dimensions / PARTS);
  const rests = restLengths(table, size);
  const least = at - SLACK;
  const isNear = (a: number, b: number): boolean => {
    let sum = 0;
    for (let part = 0; part < PARTS; part++) {
      const start = part * size;
      const length = Math.min(size, dimensions - start);
      sum += dot(numbers, a * dimensions + start, numbers, b * dimensions + start, length);
      // Behind the last part nothing is left, and this is the cosine itself.
      if (sum + rests[a * PARTS + part]! * rests[b * PARTS + part]! < least) return false;
    }
    return true;
  };
  const parent = Uint32Array.from({ length: count }, (_, row) => row);
  const rootOf = (row: number): number => {
    let root = row;
    while (parent[root] !== root) {
      // Halving the path on the way keeps every later walk short.
      parent[root] = parent[parent[root]!]!;
      root = parent[root]!;
    }
    return root;
  };
  for (let first = 0; first < count; first += BLOCK) {
    for (let second = first; second < count; second += BLOCK) {
      for (let a = first; a < Math.min(first + BLOCK, count); a++) {
        for (let b = Math.max(second, a + 1); b < Math.min(second + BLOCK, count); b++) {
          if (!isNear(a, b)) continue;
          const [rootA, rootB] = [rootOf(a), rootOf(b)];
          parent[Math.max(rootA, rootB)] = Math.min(rootA, rootB);
        }
      }
    }
    const left = Math.max(0, count - first - BLOCK);
    onProgress(1 - (left / count) ** 2);
  }
  return groupsOf(count, rootOf);
}

/** For each row, how long it is behind each of its parts. */
function restLengths({ count, dimensions, numbers }: VectorTable, size: number): Float64Array {
  const rests = new Float64Array(count * PARTS);
  for (let row = 0; row < count; row++) {
    for (let part = 0; part < PARTS; part++) {
      const start = Math.min((part + 1) * size, dimensions);
      const at = row * dimensions + start;
      rests[row * PARTS + part] = Math.sqrt(dot(numbers, at, numbers, at, dimensions - start));
    }
  }
  return rests;
}

function groupsOf(count: number, rootOf: (row: number) => number): readonly (readonly number[])[] {
  const groups = new Map<number, number[]>();
  for (let row = 0; row < count; row++) {
    const group = groups.get(rootOf(row));
    if (group) group.push(row);
    else groups.set(rootOf(row), [row]);
  }
  return [...groups.values()].filter((group) => group.length > 1).sort((a, b) => b.length - a.length);
}
