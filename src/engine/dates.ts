/** Dates and times of day as people write them, in ISO's spelling. What is relative ("tomorrow") is not looked for. */

import { isDay } from "./formats.ts";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH =
  "(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?";
const DAY = "(\\d{1,2})(?:st|nd|rd|th)?";
/** Not the hour of a time of day. */
const SHORT_YEAR = "\\d{2}(?!:\\d)";
/** Behind a month's name two digits are as likely an hour, a price, a number of pieces: they need an apostrophe. */
const YEAR = `(\\d{4}|['’]${SHORT_YEAR})`;
/** Two-digit years from here on may be of the last century, too, such as the year of a birth. */
const LAST_CENTURY = 30;

/** The three parts of a date in the order in which they stand, and which is which in each possible reading. */
const SPELLINGS: readonly { readonly pattern: string; readonly readings: readonly string[] }[] = [
  { pattern: "(\\d{4})([-/.])(\\d{1,2})\\2(\\d{1,2})", readings: ["y-md"] },
  // Which comes first, day or month, differs from country to country: both are offered.
  { pattern: `(\\d{1,2})([-/.])(\\d{1,2})\\2(\\d{4}|${SHORT_YEAR})`, readings: ["d-my", "m-dy"] },
  { pattern: `${DAY}(?:\\s+of)?[\\s-]+${MONTH},?[\\s-]+${YEAR}`, readings: ["dmy"] },
  { pattern: `${DAY}-${MONTH}-(${SHORT_YEAR})`, readings: ["dmy"] },
  { pattern: `${MONTH}\\s+${DAY},?\\s+${YEAR}`, readings: ["mdy"] },
];

const BEFORE = "(?<![\\p{L}\\p{N}]|\\d[-/.])";
/** Nothing that would make it longer, but for the time of a timestamp. */
const BEHIND = "(?:(?=T\\d{2})|(?![\\p{L}\\p{N}]|[-/.]\\d))";

/** Every day of the calendar that the text names with its year, in order of appearance. */
export function datesIn(text: string): string[] {
  const found = SPELLINGS.flatMap(({ pattern, readings }) =>
    [...text.matchAll(new RegExp(`${BEFORE}${pattern}${BEHIND}`, "giu"))].map((match) => ({
      at: match.index,
      dates: readings.flatMap((reading) => isosOf(reading, match.slice(1))).filter(isDay),
    })),
  );
  return [...new Set(found.sort((one, other) => one.at - other.at).flatMap(({ dates }) => dates))];
}

/** Every time of day in the text, such as 14:30, 9:05:30 or 2:30 pm, with its seconds and without an offset. */
export function timesIn(text: string): string[] {
  const pattern = /(?<![\d:])(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:])(?:\s*([ap])\.?m\b)?/giu;
  const times = [...text.matchAll(pattern)].map(([, hour, minute, second = "00", half]) => {
    const hours = half ? (Number(hour) % 12) + (half.toLowerCase() === "p" ? 12 : 0) : Number(hour);
    return `${padded(String(hours))}:${minute}:${second}`;
  });
  return [...new Set(times)];
}

/** More than one where the year has two digits. */
function isosOf(reading: string, parts: readonly (string | undefined)[]): string[] {
  const part = (letter: string) => parts[reading.indexOf(letter)] ?? "";
  const year = part("y").replace(/['’]/, "");
  const month = MONTHS.indexOf(part("m").slice(0, 3).toLowerCase()) + 1 || part("m");
  const centuries = year.length === 4 ? [""] : Number(year) < LAST_CENTURY ? ["20"] : ["19", "20"];
  return centuries.map((century) => `${century}${year}-${padded(String(month))}-${padded(part("d"))}`);
}

function padded(number: string): string {
  return number.padStart(2, "0");
}
