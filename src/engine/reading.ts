/** The two ways of reading a slot that scoring, filling and writing share. */

import type { Pass } from "./pass.ts";
import type { Slot } from "./slot.ts";
import type { PathRead } from "./trie.ts";

/** Reads paths behind a prompt. The first read takes in the item; later ones go on from where it ended. */
export function reader(
  slot: Slot,
  base: readonly number[],
  itemFrom: number,
  pass: Pass,
): (read: PathRead) => Promise<number[][]> {
  let first = true;
  return async ({ path, after }) => {
    const tokens = [...base, ...path];
    const wants = after.flatMap((asked, depth) =>
      asked.length > 0 ? [{ at: base.length - 1 + depth, tokens: asked }] : [],
    );
    const from = first ? itemFrom : (wants[0]?.at ?? base.length);
    first = false;
    const found = await slot.read(tokens, from, wants, pass);
    let next = 0;
    return after.map((asked) => (asked.length > 0 ? (found[next++] ?? []) : []));
  };
}

/** Raw log-probability of each written token, all of them read again in one pass. */
export async function readBack(
  slot: Slot,
  base: readonly number[],
  written: readonly number[],
  pass: Pass,
): Promise<number[]> {
  if (written.length === 0) return [];
  const tokens = [...base, ...written.slice(0, -1)];
  const wants = written.map((token, index) => ({ at: base.length - 1 + index, tokens: [token] }));
  const found = await slot.read(tokens, base.length - 1, wants, pass);
  return found.map(([value]) => value ?? Number.NEGATIVE_INFINITY);
}
