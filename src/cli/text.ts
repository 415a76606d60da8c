/** Text on a terminal: styled where it may be, and never able to command it. */

import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Styles text for a stream, unless it is no terminal or `NO_COLOR` is set. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream });
}

/**
 * Data as it may be shown: what could move the cursor, change colours or reorder the line becomes a visible sign.
 * Line ends and tabs stay.
 */
export function clean(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (sign) => (sign <= "\u001f" ? String.fromCharCode(0x2400 + sign.charCodeAt(0)) : "\ufffd"),
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ownStyles = /(\x1b\[(?:1|2|22|3[1-6]|39)m)/;

/**
 * A whole line as it may be shown, whoever made its parts: as `clean`, but the styles that we use ourselves stay. Data
 * that spells one of them gets its colour and nothing else: no other sequence gets through, hidden text among them.
 */
export function cleanStyled(text: string): string {
  // Split at a group, what was matched stands at the odd places.
  const parts = text.split(ownStyles);
  return parts.map((part, place) => (place % 2 === 1 ? part : clean(part))).join("");
}

/** As `clean`, on one line. */
export function cleanLine(text: string): string {
  return clean(text)
    .replace(/\s*\n\s*/g, " ⏎ ")
    .replaceAll("\t", " ");
}

/** A share of 0 to 1 as a bar of so many cells, to an eighth. */
export function bar(share: number, cells: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * cells * 8);
  return "█".repeat(Math.floor(eighths / 8)) + (eighths % 8 === 0 ? "" : " ▏▎▍▌▋▊▉"[eighths % 8]);
}

/** A probability with two digits; one that is neither 0 nor 1 never looks like it. */
export function probability(p: number): string {
  if (p > 0 && p < 0.005) return "<.01";
  if (p < 1 && p >= 0.995) return ">.99";
  return p.toFixed(2);
}

/** Columns as wide as their widest cell; `right` lists those that are aligned to the right. */
export function columns(rows: readonly (readonly string[])[], right: readonly number[] = []): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, index) => (right.includes(index) ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)))
      .join("  ")
      .trimEnd(),
  );
}
