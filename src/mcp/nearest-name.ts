/** The name that somebody may have meant. */

/** Whichever of the names takes the fewest changed letters; `undefined` where none is there. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const other of names) {
    const changed = distance(name.toLowerCase(), other.toLowerCase());
    if (changed < least) {
      least = changed;
      nearest = other;
    }
  }
  return nearest;
}

/** How many letters must be added, dropped or exchanged. Both names are short. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, place) => place);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchanged = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(exchanged, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
