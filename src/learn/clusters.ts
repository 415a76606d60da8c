/** Which items say the same, and on which side of a split they stand: the same side, in every run. */

import { shortHash } from "../core/hash.ts";

/**
 * The key that equal items share: the text in NFKC and lower case, each run of digits as one 0, each run of whatever
 * is no letter, mark or digit as one space. So "Order 4711 is late!" and "order 12 is late" are one cluster: numbers
 * are what differs between two sendings of the same template. A text that is mostly numbers or signs stays as it is.
 */
export function clusterKey(text: string): string {
  const plain = text.normalize("NFKC").toLowerCase();
  return shortHash(plainKey(plain) ?? anyKey(plain));
}

/** Of any text, by what Unicode says of its letters. */
export function anyKey(plain: string): string {
  const words = plain.replace(/\p{N}+/gu, "0").replace(/[^\p{L}\p{M}\p{N}]+/gu, " ");
  const letters = plain.replace(/[^\p{L}\p{M}]+/gu, "").length;
  const others = plain.replace(/[\p{L}\p{M}\s]+/gu, "").length;
  return letters >= others ? words.trim() : plain;
}

/** The same for a text in small letters without accents, in a third of the time; `null` for any other. */
export function plainKey(plain: string): string | null {
  let [letters, others] = [0, 0];
  for (let index = 0; index < plain.length; index++) {
    const code = plain.charCodeAt(index);
    if (code > 127) return null;
    if (code >= 97 && code <= 122) letters++;
    else if (code !== 32 && (code < 9 || code > 13)) others++;
  }
  return letters >= others
    ? plain
        .replace(/[0-9]+/g, "0")
        .replace(/[^a-z0-9]+/g, " ")
        .trim()
    : plain;
}

/** Where a cluster lies in [0, 1): even over clusters, independent between salts, the same for ever. */
export function placeOf(cluster: string, salt: string): number {
  return Number.parseInt(shortHash(`${salt}\0${cluster}`).slice(0, 12), 16) / 2 ** 48;
}

/** The fold of a cluster, 0 to `folds - 1`. */
export function foldOf(cluster: string, salt: string, folds: number): number {
  return Math.floor(placeOf(cluster, salt) * folds);
}

/** Whether a cluster is in the part of that share. A larger share holds all of a smaller one's. */
export function isInShare(cluster: string, salt: string, share: number): boolean {
  return placeOf(cluster, salt) < share;
}
