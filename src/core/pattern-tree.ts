/** A regular expression as a tree, as far as it matters for how long a text can keep it busy. */

/** Sets of signs as bits: the 128 of ASCII, one for all others, one for the end of the text. */
export type Signs = bigint;

export const endOfText: Signs = 1n << 129n;
const allOthers: Signs = 1n << 128n;

export type Pattern =
  | { readonly kind: "sign"; readonly signs: Signs }
  /** `^`, `$`, `\b`: takes no sign. */
  | { readonly kind: "place"; readonly isStart: boolean }
  | { readonly kind: "sequence"; readonly parts: readonly Pattern[] }
  | { readonly kind: "choice"; readonly parts: readonly Pattern[] }
  /** `most` may be infinite. */
  | { readonly kind: "repeat"; readonly part: Pattern; readonly least: number; readonly most: number }
  | { readonly kind: "look"; readonly part: Pattern; readonly isBehind: boolean };

/** The tree; `null` where it cannot be read or refers back to what it has matched. */
export function readPattern(pattern: string): Pattern | null {
  try {
    return new Reader(pattern).whole();
  } catch (thrown) {
    // What is nested without end ends the stack; what is no set of signs is no regular expression.
    if (thrown instanceof Unreadable || thrown instanceof RangeError || thrown instanceof SyntaxError) return null;
    throw thrown;
  }
}

class Unreadable extends Error {}

/** What opens a group, the longest first. */
const opening = /^(?:\?:|\?=|\?!|\?<=|\?<!|\?<[\w$]+>)?/;
const quantifier = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/;
const escaped = /^\\(?:u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|.)/su;
/** Only with Unicode; without, these are letters that repeat. */
const unicodeEscaped = /^\\(?:[pP]\{[^}]*\}|u\{[\da-fA-F]+\})/;
/** What was matched before, a sign by its octal number, and an escape that is none. */
const unreadable = /^\\(?:[1-9k]|0\d|c(?![A-Za-z]))/;
const set = /^\[(?:\\.|[^\]\\])*\]/su;

class Reader {
  readonly #flags: string;
  #rest: string;

  constructor(pattern: string) {
    this.#flags = flagsOf(pattern);
    this.#rest = pattern;
  }

  whole(): Pattern {
    const pattern = this.#choice();
    if (this.#rest !== "") throw new Unreadable();
    return pattern;
  }

  #choice(): Pattern {
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    return parts.length === 1 ? parts[0]! : { kind: "choice", parts };
  }

  #sequence(): Pattern {
    const parts: Pattern[] = [];
    while (this.#rest !== "" && !/^[|)]/.test(this.#rest)) parts.push(this.#repeated(this.#atom()));
    return parts.length === 1 ? parts[0]! : { kind: "sequence", parts };
  }

  #repeated(part: Pattern): Pattern {
    const found = quantifier.exec(this.#rest);
    if (!found) return part;
    this.#rest = this.#rest.slice(found[0].length);
    const [, sign, low = "", comma, high = ""] = found;
    if (sign !== undefined) {
      return { kind: "repeat", part, least: sign === "+" ? 1 : 0, most: sign === "?" ? 1 : Infinity };
    }
    const least = Number(low);
    const most = high !== "" ? Number(high) : comma === "," ? Infinity : least;
    return { kind: "repeat", part, least, most };
  }

  #atom(): Pattern {
    if (this.#take("(")) return this.#group();
    if (this.#take("^")) return { kind: "place", isStart: true };
    const isPlace = this.#take("$") || this.#take("\\b") || this.#take("\\B");
    if (isPlace) return { kind: "place", isStart: false };
    if (unreadable.test(this.#rest)) throw new Unreadable();
    const [source] = (this.#flags.includes("u") ? unicodeEscaped.exec(this.#rest) : null) ??
      escaped.exec(this.#rest) ??
      set.exec(this.#rest) ?? [String.fromCodePoint(this.#rest.codePointAt(0)!)];
    this.#rest = this.#rest.slice(source.length);
    return { kind: "sign", signs: signsOf(source, this.#flags) };
  }

  #group(): Pattern {
    const open = opening.exec(this.#rest)?.[0] ?? "";
    // Such as another case for a part of it.
    if (open === "" && this.#rest.startsWith("?")) throw new Unreadable();
    this.#rest = this.#rest.slice(open.length);
    const part = this.#choice();
    if (!this.#take(")")) throw new Unreadable();
    const isLook = ["?=", "?!", "?<=", "?<!"].includes(open);
    return isLook ? { kind: "look", part, isBehind: open.startsWith("?<") } : part;
  }

  #take(text: string): boolean {
    if (!this.#rest.startsWith(text)) return false;
    this.#rest = this.#rest.slice(text.length);
    return true;
  }
}

const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join("");
/** Some of each kind that escapes tell apart: letters, digits, spaces, ends of lines, signs of two units. */
const others = "é你٣\u00a0\u2028😀\u0301";

/** What one sign, an escape or a set in brackets stands for. Throws a `SyntaxError` where it is none. */
function signsOf(source: string, flags: string): Signs {
  const isLiteral = [...source].length === 1 && source !== ".";
  if (isLiteral) return bitOf(source);
  const all = new RegExp(source, flags);
  const isOther = /[^\0-\x7f]|\\[uxpPc]/.test(source) || all.test(others);
  // After the test, for a global expression goes on where it last found something.
  all.lastIndex = 0;
  return (ascii.match(all) ?? []).reduce((signs, sign) => signs | bitOf(sign), isOther ? allOthers : 0n);
}

function bitOf(sign: string): Signs {
  const code = sign.charCodeAt(0);
  return code < 128 ? 1n << BigInt(code) : allOthers;
}

/** To find all; with Unicode where the pattern allows that. */
function flagsOf(pattern: string): string {
  for (const flags of ["gu", "g"]) {
    try {
      new RegExp(pattern, flags);
      return flags;
    } catch {}
  }
  throw new Unreadable();
}
