/** When a server may be asked again, and how long to wait where it does not say. */

/** No server means more than a day. */
const MOST_SECONDS = 86_400;

/**
 * Seconds that `Retry-After` asks for: a number, or a date of HTTP, seen from `date` in milliseconds since 1970. At most
 * a day; `null` where there is none or it cannot be read.
 */
export function retryAfterSeconds(headers: Headers, date: number): number | null {
  // Some say it in milliseconds, in a header of their own that is more exact.
  const exact = headers.get("retry-after-ms");
  if (exact !== null && /^\s*\d+(\.\d+)?\s*$/.test(exact)) return Math.min(Number(exact) / 1000, MOST_SECONDS);
  const text = headers.get("retry-after")?.trim();
  if (text === undefined || text === "") return null;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Number(text), MOST_SECONDS);
  // `Date.parse` takes much that is no date of HTTP, such as "-5".
  const time = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : Math.min(Math.max(0, (time - date) / 1000), MOST_SECONDS);
}

const FIRST_MILLISECONDS = 500;
const LONGEST_MILLISECONDS = 20_000;

/**
 * Milliseconds before the try after `failed` failed ones: anything up to a bound that doubles each time, so that
 * clients that failed together do not come back together.
 */
export function backoff(failed: number, random: () => number): number {
  return random() * Math.min(LONGEST_MILLISECONDS, FIRST_MILLISECONDS * 2 ** (failed - 1));
}
