/** Texts that may stand behind one beginning, as paths of tokens behind what they share. Pure. */

import { UsageError } from "../core/errors.ts";

export interface ChoicePaths {
  /** Tokens that the beginning and all choices have in common: at the least the beginning but for its last letters. */
  readonly stem: readonly number[];
  /** What each choice goes on with, in order. */
  readonly paths: readonly (readonly number[])[];
}

/**
 * `alone` is the beginning in tokens, `whole[i]` the beginning and the choice tokenised together: only so is the
 * boundary between them the one that the model knows.
 */
export function pathsBehind(alone: readonly number[], whole: readonly (readonly number[])[]): ChoicePaths {
  const length = Math.min(alone.length, ...whole.map((path) => commonLength(alone, path)));
  return { stem: alone.slice(0, length), paths: whole.map((path) => path.slice(length)) };
}

/** Throws `E_CHOICES` where a choice adds no token, or where two add the same. `names` are for the message. */
export function refuseTwins(paths: readonly (readonly number[])[], names: readonly string[]): void {
  const seen = new Map<string, number>();
  for (const [index, path] of paths.entries()) {
    const twin = seen.get(path.join());
    if (path.length === 0 || twin !== undefined) {
      const why = twin === undefined ? "is empty" : `cannot be told from "${names[twin]}"`;
      throw new UsageError("E_CHOICES", `the choice "${names[index]}" ${why}`);
    }
    seen.set(path.join(), index);
  }
}

/** Tokens of the longest path; 0 without paths. */
export function longest(paths: readonly (readonly number[])[]): number {
  return paths.reduce((most, path) => Math.max(most, path.length), 0);
}

/** How many tokens two lists have in common at their start. */
export function commonLength(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}
