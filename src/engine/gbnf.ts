/** GBNF grammars: of JSON strings and numbers, and of simple regular expressions. Pure text. */

/** A JSON string's inside and its closing quote. */
export function stringGrammar(max: number | null): string {
  // Counted repetitions make the grammar large, so a long limit is left to the check outside and to maxTokens.
  const repeat = max !== null && max <= 256 ? `{0,${max}}` : "*";
  return [
    `root ::= char${repeat} "\\""`,
    String.raw`char ::= [^"\\\x7F\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F])`,
  ].join("\n");
}

/** A JSON number behind `gap` and the character that ends it; no more digits than the bounds have. */
export function numberGrammar(gap: string, integer: boolean, min: number, max: number): string {
  const digits = Math.min(15, Math.max(digitsOf(min), digitsOf(max)));
  const sign = min < 0 ? `"-"? ` : "";
  const fraction = integer ? "" : ` ("." [0-9]{1,6})?`;
  return `root ::= ${JSON.stringify(gap)} ${sign}("0" | [1-9] [0-9]{0,${digits - 1}})${fraction} [,}\\n]`;
}

function digitsOf(bound: number): number {
  return Number.isFinite(bound) ? String(Math.trunc(Math.abs(bound))).length : 15;
}

/**
 * A grammar of what a simple regular expression matches as a whole, and a closing quote. `null` where it uses
 * something with no counterpart: look-around, back references, word borders, quotes and backslashes.
 */
export function patternGrammar(pattern: string): string | null {
  try {
    const parser = new Pattern(pattern.replace(/^\^/, "").replace(/(?<!\\)\$$/, ""));
    return `root ::= (${parser.whole()}) "\\""`;
  } catch (thrown) {
    if (thrown instanceof NoCounterpart) return null;
    throw thrown;
  }
}

class NoCounterpart extends Error {}

const CLASSES: { readonly [letter: string]: string } = { d: "0-9", w: "A-Za-z0-9_", s: " " };

/** Recursive descent over the pattern; each method returns GBNF. */
class Pattern {
  readonly #text: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    this.#text = [...pattern];
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
      parts.push(this.#atom() + this.#repeat());
    }
    return parts.length > 0 ? parts.join(" ") : '""';
  }

  #atom(): string {
    const letter = this.#take();
    if (letter === "(") {
      if (this.#text[this.#at] === "?") {
        this.#at++;
        if (this.#take() !== ":") throw new NoCounterpart();
      }
      const inside = this.#alternatives();
      if (this.#take() !== ")") throw new NoCounterpart();
      return `(${inside})`;
    }
    if (letter === "[") return this.#set();
    if (letter === ".") return String.raw`[^"\\\x7F\x00-\x1F]`;
    if (letter === "\\") {
      const escaped = this.#take();
      const known = CLASSES[escaped];
      if (known) return `[${known}]`;
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
    // What a JSON string may not hold unescaped is never wanted either.
    return negated ? String.raw`[^"\\\x7F\x00-\x1F${inside}]` : `[${inside}]`;
  }

  #repeat(): string {
    const letter = this.#text[this.#at];
    if (letter === undefined || !"*+?{".includes(letter)) return "";
    this.#at++;
    let repeat = letter;
    if (letter === "{") {
      const end = this.#text.indexOf("}", this.#at);
      const inside = end < 0 ? "" : this.#text.slice(this.#at, end).join("");
      if (!/^\d+(,\d*)?$/.test(inside)) throw new NoCounterpart();
      this.#at = end + 1;
      repeat = `{${inside}}`;
    }
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

function inSet(letter: string): string {
  if (letter === '"' || letter === "\\" || letter < " ") throw new NoCounterpart();
  return "]^-[".includes(letter) ? `\\x${letter.codePointAt(0)!.toString(16).padStart(2, "0").toUpperCase()}` : letter;
}
