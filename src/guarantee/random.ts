/** Randomness that is the same every time: resampling and cross-validation must give the same result again. */

/** Numbers in [0, 1) from a 32-bit seed (mulberry32, Ettinger 2017). Not for secrets: 2³² states. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A copy in random order, every order equally likely (Fisher and Yates). */
export function shuffle<T>(values: readonly T[], random: () => number): T[] {
  const shuffled = [...values];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const drawn = Math.floor(random() * (last + 1));
    [shuffled[last], shuffled[drawn]] = [shuffled[drawn]!, shuffled[last]!];
  }
  return shuffled;
}
