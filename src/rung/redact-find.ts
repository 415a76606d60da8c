/**
 * Where e-mail addresses, card numbers and phone numbers stand in a text. A rule of our own: a library that knows every
 * numbering plan has two megabytes, and would still not know an order number from a phone number.
 *
 * - An **e-mail address** is what has an `@` between a name and a domain with a dot.
 * - A **card number** has 13 to 19 digits, whole groups of them, begins with 2 to 9 and passes Luhn's check. A number
 *   with the shape and the checksum of an IBAN is none.
 * - A **phone number** begins with `+` (7 to 15 digits); or is written in two to five groups and begins with `0` (9 to
 *   15 digits) or has the shape 3-3-4 of North America; or has 6 to 15 digits behind a word such as "phone" or "call".
 *   No phone number: what has the shape of an IBAN or a date, what is part of a longer code (`AB-0171 1234567`), and what
 *   stands behind a word such as "order" or "invoice", unless it begins with `+`.
 *
 * Digits other than 0 to 9 are not looked at. Text that is JSON, once or several times over, is searched like what it
 * stands for: a `\n` in it is the end of a line, and not the letter n.
 */

export type Redactable = "email" | "phone" | "card";

export interface Found {
  readonly kind: Redactable;
  readonly start: number;
  readonly end: number;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

const emails =
  /[\p{L}\p{N}._%+'\ue000-]{1,64}@(?:[\p{L}\p{N}\ue000-]{1,63}\.){1,8}(?:xn--[a-z0-9-]{2,59}|\p{L}{2,63})/giu;
/** Makes a sign as long as what it was written as. No text means anything by it. */
const filler = "\ue000";
/** Groups of digits, and what people write between them. */
const runs = /\d+(?:(?:[ \t\u00a0\u2009\u202f.\-/()\u2010-\u2013]\ue000*){1,3}\d+)*/g;
/** More groups than a number of 19 digits can have. */
const mostGroups = 19;
const ibans = /(?<![\p{L}\p{N}])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![\p{L}\p{N}])/giu;
/** Where the same sign and digits go on, before or behind, pairs of digits are no date but a number written in pairs. */
const dates =
  /(?<!\d)(?:\d{1,2}([./-])(?<!\d\1\d{1,2}\1)\d{1,2}\1(?:19|20)?\d{2}(?!\1?\d)|(?:19|20)\d{2}([./-])(?<!\d\2\d{4}\2)\d{1,2}\2\d{1,2}(?!\2?\d))/g;
const phoneWords =
  /(?<!\p{L})(?:(?:tele)?(?:phone|fon)s?|tel|(?:mobile?|cell)(?:phone)?|handy|fax|whatsapp|sms|call(?:ed|ing|s)?|dial|ring)(?!\p{L})[^\d\n]{0,24}$/iu;
const codeWords =
  /(?<!\p{L})(?:order|invoice|ref(?:erence)?|ticket|case|parcel|tracking|article|item|sku|customer|account|contract)(?!\p{L})[^\d\n]{0,16}$/iu;

/** How JSON writes white space, slashes and signs beyond ASCII, also where it was put into JSON again. */
const escapes = /(?<!\\)\\+(?:[nrtbf/]|u[\da-fA-F]{4})/g;

/** A sign in the place of its escape, and as long: places in one text are places in the other. */
function signOf(written: string): string {
  const name = written.replace(/^\\+/, "");
  const sign = name.startsWith("u") ? String.fromCharCode(Number.parseInt(name.slice(1), 16)) : (named[name] ?? "\n");
  return sign < " " && sign !== "\t" ? "\n".repeat(written.length) : sign + filler.repeat(written.length - 1);
}

const named: { readonly [name: string]: string } = { t: "\t", "/": "/" };

/** All that is found, in order and apart from each other. */
export function findIn(written: string, kinds: ReadonlySet<Redactable>): readonly Found[] {
  const text = written.replace(escapes, signOf);
  const taken: Span[] = [];
  const found: Found[] = [];
  const take = (kind: Redactable, spans: readonly Span[]): void => {
    for (const span of spans) {
      taken.push(span);
      if (kinds.has(kind)) found.push({ kind, ...span });
    }
  };
  take("email", matches(emails, text));
  const accounts = matches(ibans, text);
  taken.push(...accounts.filter((span) => isIban(text.slice(span.start, span.end))));
  take("card", windowsIn(text, taken, cardFrom));
  taken.push(...accounts, ...matches(dates, text));
  take("phone", windowsIn(text, taken, phoneFrom));
  return found.toSorted((a, b) => a.start - b.start);
}

function matches(pattern: RegExp, text: string): Span[] {
  return [...text.matchAll(pattern)].map(({ index, 0: match }) => ({ start: index, end: index + match.length }));
}

/** Several groups of digits that stand side by side. */
interface Run {
  readonly text: string;
  readonly groups: readonly Span[];
}

/** Where the window of groups that begins with this one ends, or `null`. */
type From = (run: Run, first: number) => { readonly start: number; readonly last: number } | null;

/** Runs of digits outside of what is taken, and in each the windows that `from` knows, from the left. */
function windowsIn(text: string, taken: readonly Span[], from: From): readonly Span[] {
  const spans: Span[] = [];
  const hidden = blanked(text, taken);
  for (const { start, end } of matches(runs, hidden)) {
    const groups = matches(/\d+/g, hidden.slice(start, end)).map((group) => ({
      start: start + group.start,
      end: start + group.end,
    }));
    for (let first = 0; first < groups.length; first++) {
      const window = from({ text: hidden, groups }, first);
      if (!window) continue;
      spans.push({ start: window.start, end: groups[window.last]!.end });
      first = window.last;
    }
  }
  return spans;
}

/** Bars in the place of what is taken: the length stays, and nothing reaches over them. */
function blanked(text: string, taken: readonly Span[]): string {
  const pieces: string[] = [];
  let done = 0;
  for (const { start, end } of taken.toSorted((a, b) => a.start - b.start)) {
    if (end <= done) continue;
    const from = Math.max(start, done);
    pieces.push(text.slice(done, from), "|".repeat(end - from));
    done = end;
  }
  return pieces.join("") + text.slice(done);
}

const lastOf = (groups: readonly Span[], first: number): number => Math.min(groups.length, first + mostGroups) - 1;
const digitsOf = (text: string, from: Span, to: Span): string => text.slice(from.start, to.end).replace(/\D/g, "");

const cardFrom: From = ({ text, groups }, first) => {
  if (isPartOfWord(text, groups[first]!, groups[first]!)) return null;
  for (let last = lastOf(groups, first); last >= first; last--) {
    const digits = digitsOf(text, groups[first]!, groups[last]!);
    if (digits.length < 13) return null;
    if (digits.length > 19 || !/^[2-9]/.test(digits) || !passesLuhn(digits)) continue;
    return { start: groups[first]!.start, last };
  }
  return null;
};

const phoneFrom: From = ({ text, groups }, first) => {
  const group = groups[first]!;
  const plus = /\+ ?\(?$/.exec(text.slice(Math.max(0, group.start - 3), group.start));
  const start = plus ? group.start - plus[0].length : text[group.start - 1] === "(" ? group.start - 1 : group.start;
  const before = text.slice(Math.max(0, start - 40), start);
  const hasWord = behindPhoneWord(before);
  const isCode = codeWords.test(before) && !hasWord;
  for (let last = lastOf(groups, first); last >= first; last--) {
    const digits = digitsOf(text, group, groups[last]!);
    if (digits.length > 15 || isPartOfWord(text, group, groups[last]!)) continue;
    const isPhone = plus
      ? digits.length >= 7
      : (hasWord && digits.length >= 6) ||
        (!isCode &&
          !isPartOfCode(before) &&
          isNational(text.slice(group.start, groups[last]!.end).replaceAll(filler, ""), digits));
    if (isPhone) return { start, last };
  }
  return null;
};

/** The nearer word counts: "call about order 0123 456789" is an order. */
function behindPhoneWord(before: string): boolean {
  const word = phoneWords.exec(before);
  return word !== null && !codeWords.test(before.slice(word.index));
}

/** Written in groups, as people write a phone number without its country. */
function isNational(written: string, digits: string): boolean {
  if (/^0/.test(digits)) return digits.length >= 9 && /^\d+(?:\D+\d+){1,4}$/.test(written);
  return /^(?:1\D{1,2})?[2-9]\d{2}\D{1,3}[2-9]\d{2}\D\d{4}$/.test(written);
}

function isPartOfWord(text: string, from: Span, to: Span): boolean {
  return (
    /[\p{L}\p{N}_]$/u.test(text.slice(Math.max(0, from.start - 2), from.start)) ||
    /^[\p{L}\p{N}_]/u.test(text.slice(to.end, to.end + 2))
  );
}

/** Such as `AB-` or `A/`: what follows is the rest of a code. */
function isPartOfCode(before: string): boolean {
  return /[\p{L}\p{N}][-/_#]$/u.test(before);
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits[digits.length - 1 - place]);
    const doubled = digit * 2;
    sum += place % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

function isIban(text: string): boolean {
  const code = text.replace(/\s/g, "").toUpperCase();
  if (code.length < 15 || code.length > 34) return false;
  let rest = 0;
  for (const letter of code.slice(4) + code.slice(0, 4)) {
    const value = Number.parseInt(letter, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}
