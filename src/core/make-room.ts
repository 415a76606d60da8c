/** Keeps what is remembered in memory small: the oldest goes when one more comes. */

/**
 * Drops the oldest key where `most` of them or more are kept, so that one more fits. A key's age counts from when it
 * was put in first, unless it is deleted and put in again.
 */
export function makeRoom<Key>(kept: Set<Key> | Map<Key, unknown>, most: number): void {
  if (kept.size < most) return;
  for (const oldest of kept.keys()) {
    kept.delete(oldest);
    return;
  }
}
