/** Pieces of an item that a field may be copied from. */

/** More than this many are too many to weigh one by one; the field is written instead. */
export const MOST_CANDIDATES = 48;

/**
 * Every different piece of the text that fits the pattern and stands alone (no letter or digit touches it), in
 * order of appearance, and that `fits` lets through.
 */
export function findCandidates(text: string, pattern: string, fits: (piece: string) => boolean): string[] {
  const core = pattern.replace(/^\^/, "").replace(/(?<!\\)\$$/, "");
  const found = new Set<string>();
  for (const match of text.matchAll(new RegExp(`(?<![\\p{L}\\p{N}_])(?:${core})(?![\\p{L}\\p{N}_])`, flagsFor(core)))) {
    if (match[0] !== "" && fits(match[0])) found.add(match[0]);
  }
  return [...found];
}

/** Some patterns that are fine alone are not fine with the u flag, which our borders want. */
function flagsFor(core: string): string {
  try {
    new RegExp(core, "u");
    return "gu";
  } catch {
    return "g";
  }
}
