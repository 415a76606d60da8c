/** GBNF grammars: of JSON strings and numbers, and of simple regular expressions. Pure text. */

/** Counted repetitions make a grammar large, so a long limit is left to the check afterwards. */
const MOST_COUNTED = 256;
/** Where a pattern sets no end, it ends here at the latest. */
const MOST_REPEATED = 64;

/** A JSON string's inside and its closing quote. */
export function stringGrammar(min: number, max: number | null): string {
  const least = Math.min(min, MOST_COUNTED);
  const most = max !== null && max <= MOST_COUNTED ? String(max) : "";
  return [
    `root ::= char${least === 0 && most === "" ? "*" : `{${least},${most}}`} "\\""`,
    String.raw`char ::= [^"\\\x7F\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F])`,
  ].join("\n");
}

/**
 * A grammar of what a simple regular expression matches as a whole, and a closing quote. `null` where it uses
 * something with no counterpart: look-around, back references, word borders, quotes and backslashes. What may go on
 * without an end ends after `longest` letters.
 */
export function patternGrammar(pattern: string, longest: number | null = null): string | null {
  try {
    const parser = new Pattern(pattern, Math.min(longest ?? MOST_REPEATED, MOST_REPEATED));
    return `root ::= (${parser.whole()}) "\\""`;
  } catch (thrown) {
    if (thrown instanceof NoCounterpart) return null;
    throw thrown;
  }
}

class NoCounterpart extends Error {}

const CLASSES: { readonly [letter: string]: string } = { d: "0-9", w: "A-Za-z0-9_", s: " " };
/** What a JSON string may not hold unescaped is never wanted either. */
const UNWANTED = String.raw`"\\\x7F\x00-\x1F`;

/** Recursive descent over the pattern; each method returns GBNF. */
class Pattern {
  readonly #text: readonly string[];
  readonly #longest: number;
  #at = 0;
  #depth = 0;

  constructor(pattern: string, longest: number) {
    this.#text = [...pattern];
    this.#longest = longest;
  }

  whole(): string {
    const grammar = this.#alternatives();
    if (this.#at < this.#text.length) throw new NoCounterpart();
    return grammar;
  }

  #alternatives(): string {
    const branches = [this.#sequence()];
    while (this.#text[this.#at] === "|") {
      this.#at++;
      branches.push(this.#sequence());
    }
    return branches.join(" | ");
  }

  #sequence(): string {
    const parts: string[] = [];
    for (
      let next = this.#text[this.#at];
      next !== undefined && next !== "|" && next !== ")";
      next = this.#text[this.#at]
    ) {
      if (this.#isBorder(next, parts.length)) this.#at++;
      else parts.push(this.#atom() + this.#repeat(next !== "("));
    }
    return parts.length > 0 ? parts.join(" ") : '""';
  }

  /** `^` before and `$` behind everything say what holds here anyway: the grammar is of the whole text. */
  #isBorder(letter: string, before: number): boolean {
    const after = this.#text[this.#at + 1];
    if (letter === "^") return this.#depth === 0 && before === 0;
    return letter === "$" && this.#depth === 0 && (after === undefined || after === "|");
  }

  #atom(): string {
    const letter = this.#take();
    if (letter === "(") {
      if (this.#text[this.#at] === "?") {
        this.#at++;
        if (this.#take() !== ":") throw new NoCounterpart();
      }
      this.#depth++;
      const inside = this.#alternatives();
      this.#depth--;
      if (this.#take() !== ")") throw new NoCounterpart();
      return `(${inside})`;
    }
    if (letter === "[") return this.#set();
    if (letter === ".") return `[^${UNWANTED}]`;
    if (letter === "\\") {
      const escaped = this.#take();
      const known = CLASSES[escaped];
      if (known) return `[${known}]`;
      const other = CLASSES[escaped.toLowerCase()];
      if (other) return `[^${UNWANTED}${other}]`;
      if (/[A-Za-z0-9]/.test(escaped)) throw new NoCounterpart();
      return literal(escaped);
    }
    if ("^$*+?{}".includes(letter)) throw new NoCounterpart();
    return literal(letter);
  }

  #set(): string {
    let inside = "";
    const negated = this.#text[this.#at] === "^";
    if (negated) this.#at++;
    for (let letter = this.#take(); letter !== "]"; letter = this.#take()) {
      if (letter === "\\") {
        const escaped = this.#take();
        const known = CLASSES[escaped];
        if (!known && /[A-Za-z0-9]/.test(escaped)) throw new NoCounterpart();
        inside += known ?? inSet(escaped);
      } else if (letter === "-" && inside !== "" && this.#text[this.#at] !== "]") inside += "-";
      else inside += inSet(letter);
    }
    if (inside === "" && !negated) throw new NoCounterpart();
    return negated ? `[^${UNWANTED}${inside}]` : `[${inside}]`;
  }

  #repeat(ofLetters: boolean): string {
    const letter = this.#text[this.#at];
    if (letter === undefined || !"*+?{".includes(letter)) return "";
    this.#at++;
    let [least, most] = letter === "+" ? ["1", ""] : ["0", letter === "?" ? "1" : ""];
    if (letter === "{") {
      const end = this.#text.indexOf("}", this.#at);
      const inside = end < 0 ? "" : this.#text.slice(this.#at, end).join("");
      if (!/^\d+(,\d*)?$/.test(inside)) throw new NoCounterpart();
      this.#at = end + 1;
      [least = "", most = least] = inside.split(",");
    }
    // Ends multiply where repetitions stand in one another, and a grammar may not grow so large.
    if (most === "" && ofLetters && this.#depth === 0) most = String(Math.max(this.#longest, Number(least)));
    const repeat = most === "" && Number(least) < 2 ? (least === "0" ? "*" : "+") : `{${least},${most}}`;
    // A lazy repetition matches the same texts.
    if (this.#text[this.#at] === "?") this.#at++;
    return repeat;
  }

  #take(): string {
    const letter = this.#text[this.#at++];
    if (letter === undefined) throw new NoCounterpart();
    return letter;
  }
}

function literal(letter: string): string {
  if (letter === '"' || letter === "\\" || letter < " ") throw new NoCounterpart();
  return `"${letter}"`;
}

/** Quotes and backslashes are left out of a set: unescaped they cannot stand in a JSON string. */
function inSet(letter: string): string {
  if (letter === '"' || letter === "\\" || letter < " ") return "";
  return "]^-[".includes(letter) ? `\\x${letter.codePointAt(0)!.toString(16).padStart(2, "0").toUpperCase()}` : letter;
}
