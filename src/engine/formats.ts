/** The string formats that can be found in a text and held to while writing, as plain patterns. */

const OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const DATE = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
const TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]";
const OFFSET = "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";
const LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";

/** One of the letters that an address has before its @. None begins with an apostrophe: that is a quote. */
const ATOM = "[A-Za-z0-9_%+='-]";
const IN_URI = "[A-Za-z0-9._~/?@!$&()*+,;=:%#-]";

export const FORMATS: { readonly [format: string]: string } = {
  date: DATE,
  // With or without an offset: the standard wants one, zod's own pattern beside the format forbids it.
  time: `${TIME}(\\.[0-9]{1,6})?${OFFSET}?`,
  "date-time": `${DATE}T${TIME}(\\.[0-9]{1,6})?${OFFSET}`,
  email: `[A-Za-z0-9_%+-]${ATOM}{0,63}(\\.${ATOM}{1,31}){0,8}@(${LABEL}\\.){1,4}${LABEL}`,
  hostname: `(${LABEL}\\.){0,4}${LABEL}`,
  uuid: "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
  uri: `https?://[A-Za-z0-9]${IN_URI}{1,200}`,
  ipv4: `${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}`,
};

/** What would be cut out of something longer is none: letters and digits aside, which nothing found may touch. */
const SEARCHES: { readonly [format: string]: string } = {
  email: `(?<![.%+=-]|[\\p{L}\\p{N}]')${FORMATS.email}(?![.-][A-Za-z0-9])`,
  uri: `https?://[A-Za-z0-9]${IN_URI}{1,2000}(?!${IN_URI})(?=[\\s\\p{Ps}\\p{Pe}\\p{Pi}\\p{Pf}"\`<>|]|'(?!\\w)|$)`,
};

/** The pattern by which a known format is looked for in a text. */
export function searchOf(format: string): string {
  return SEARCHES[format] ?? FORMATS[format]!;
}

/** Any format that is not known here only says something to people, as the standard has it. */
export function knownFormat(format: unknown): string | null {
  return typeof format === "string" && Object.hasOwn(FORMATS, format) ? format : null;
}

/** Whether a text is in the format, where that is a known one. */
export function fitsFormat(format: unknown, text: string): boolean {
  const known = knownFormat(format);
  if (known === null) return true;
  // Only web addresses are found and written, but the author may list others.
  if (known === "uri") return /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]+$/.test(text);
  if (!new RegExp(`^(?:${FORMATS[known]})$`).test(text)) return false;
  return !known.startsWith("date") || isDay(text.slice(0, 10));
}

/** Whether a date is one of the calendar's: there is no 30th of February. */
export function isDay(date: string): boolean {
  const day = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
}
