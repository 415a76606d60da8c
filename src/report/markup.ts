/** Markup that data cannot break out of: whatever is put into a template is escaped, unless it is markup itself. */

export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Markup | string | number | null | readonly Part[];

/** A piece of a page. `null` is nothing. Throws a `TypeError` for a number that is none: no page shows one. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const text = strings.map((string, index) => string + (index < parts.length ? textOf(parts[index]!) : ""));
  return new Markup(text.join(""));
}

function textOf(part: Part): string {
  if (part === null) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "string") return escaped(part);
  if (typeof part !== "number") return part.map(textOf).join("");
  if (!Number.isFinite(part)) throw new TypeError(`a page would show ${part}`);
  return String(part);
}

const entities: { readonly [sign: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** As text or as the value of an attribute in quotes. What could hide or reorder text becomes a visible sign. */
export function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (sign) => entities[sign]!)
    .replace(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
      "\ufffd",
    );
}
