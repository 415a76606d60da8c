/** What a code point is to a reader that counts words. */

/** Between words. */
export const GAP = 0;
/** Part of a word: a letter, a digit or a mark. */
export const LETTER = 1;
/** A word of its own: scripts that put no spaces between words. Pairs of words are then pairs of characters. */
export const ALONE = 2;

const alone =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const letter = /[\p{L}\p{N}\p{M}]/u;

/** Kind + 1 of each code point that was met; 0 is not met yet. A quarter of a megabyte, against a regex a letter. */
const known = new Uint8Array(0x40000);

/** `GAP`, `LETTER` or `ALONE`. */
export function kindOf(codePoint: number): number {
  const found = codePoint < known.length ? known[codePoint]! : 0;
  if (found !== 0) return found - 1;
  const character = String.fromCodePoint(codePoint);
  // A Thai vowel sign is a mark and of a script without spaces: the script decides.
  const kind = !letter.test(character) ? GAP : alone.test(character) ? ALONE : LETTER;
  if (codePoint < known.length) known[codePoint] = kind + 1;
  return kind;
}

/** The text as it is read: as it stands when it is plain ASCII, else in NFKC and lower case. */
export function readable(text: string): string {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 127) return text.normalize("NFKC").toLowerCase();
  }
  return text;
}

/** Lower case of each ASCII code; 0 where it is no letter and no digit. */
export const asciiLower: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code >= 65 && code <= 90) return code + 32;
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) ? code : 0;
});
