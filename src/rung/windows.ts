/** Cuts a long text where a reader would: behind a sentence, else between words, else anywhere. */

/** Where a sentence ends: behind its sign and the space after it, or at a line's end. */
const sentenceEnd = /[.!?…]["'”’)\]]*\s+|[。！？]|\n/g;
const wordEnd = /\s+/g;

/** Windows of about equal length, at least `count` of a text that has so many letters; together they are the text. */
export function windowsOf(text: string, count: number): readonly string[] {
  const size = Math.max(1, Math.ceil(text.length / count));
  const windows: string[] = [];
  let start = 0;
  while (text.length - start > size) {
    const end = border(text, start + Math.ceil(size / 2), start + size);
    windows.push(text.slice(start, end));
    start = end;
  }
  windows.push(text.slice(start));
  return windows;
}

/** The last good place to cut from `from` to `to`. */
function border(text: string, from: number, to: number): number {
  const stretch = text.slice(from, to);
  for (const ending of [sentenceEnd, wordEnd]) {
    const last = [...stretch.matchAll(ending)].at(-1);
    if (last) return from + last.index + last[0].length;
  }
  // Both halves of a letter beyond the first 65,536 stay together.
  const isHalf = /[\uDC00-\uDFFF]/.test(text[to] ?? "");
  return isHalf && to - 1 >= from ? to - 1 : to;
}
