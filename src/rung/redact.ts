/** What leaves the machine without e-mail addresses, phone and card numbers: placeholders go, and come back as values. */

import { UsageError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { findIn, type Redactable } from "./redact-find.ts";

export type { Redactable } from "./redact-find.ts";

export const redactables: readonly Redactable[] = ["email", "phone", "card"];

/** How many different values of each kind were taken out. */
export interface RedactedCounts {
  readonly emails: number;
  readonly phones: number;
  readonly cards: number;
}

/** The kinds that an option names; `null` for none. Throws a `UsageError` on a kind that is not known. */
export function redactKinds(option: unknown, what: string): ReadonlySet<Redactable> | null {
  if (option === undefined || option === false) return null;
  if (option === true) return new Set(redactables);
  const kinds: readonly unknown[] = Array.isArray(option) ? option : [option];
  const known = kinds.filter((kind): kind is Redactable => redactables.some((one) => one === kind));
  if (known.length === kinds.length && known.length > 0) return new Set(known);
  throw new UsageError("E_CONFIG", `${what}: redact is true, false, or a list of ${redactables.join(", ")}`, {
    value: option,
  });
}

/** As a model may spell a placeholder. */
const placeholders = /\[\s*(email|phone|card)\s+(\d{1,9})\s*\]/gi;
const placeholderOf = (kind: string, number: number | string): string => `[${kind.toLowerCase()} ${Number(number)}]`;

/**
 * One exchange's placeholders, such as `[email 1]`. The same value has the same one throughout; two spellings of a
 * value are two values. A placeholder that the text has of its own is never given to a value, so that
 * `restore(redact(x))` is `x`.
 */
export class Redactor {
  readonly #kinds: ReadonlySet<Redactable>;
  readonly #placeholders = new Map<string, string>();
  readonly #values = new Map<string, string>();
  readonly #reserved = new Set<string>();
  readonly #counts: { [kind in Redactable]: number } = { email: 0, phone: 0, card: 0 };

  constructor(kinds: ReadonlySet<Redactable>) {
    this.#kinds = kinds;
  }

  get counts(): RedactedCounts {
    const { email, phone, card } = this.#counts;
    return { emails: email, phones: phone, cards: card };
  }

  /** A body as it may leave: every text in it, the names of members too. Numbers and the rest stay as they are. */
  redact<T extends Json>(body: T): T {
    mapTexts(body, (text) => {
      for (const [, kind, number] of text.matchAll(placeholders)) this.#reserved.add(placeholderOf(kind!, number!));
      return text;
    });
    return mapTexts(body, (text) => this.#hide(text)) as T;
  }

  /** What came back, with the values in the place of their placeholders. A text that is JSON stays JSON. */
  restore<T>(reply: T): T {
    if (this.#values.size === 0) return reply;
    return mapTexts(reply, (text) => {
      const inJson = isJson(text);
      // What has a backslash was taken as JSON writes it.
      const written = (value: string) => (inJson && !value.includes("\\") ? JSON.stringify(value).slice(1, -1) : value);
      return text.replace(placeholders, (whole, kind, number) => {
        const value = this.#values.get(placeholderOf(kind, number));
        return value === undefined ? whole : written(value);
      });
    }) as T;
  }

  /** Whether a restored value still speaks of a placeholder, such as `email 1`: nobody may act on that. */
  remainsIn(value: unknown): boolean {
    let remains = false;
    // A value that was put back is none of it, whatever word stands before its first digit.
    const values = [...this.#values.values()].toSorted((a, b) => b.length - a.length);
    mapTexts(value, (restored) => {
      const text = values.reduce((rest, one) => rest.replaceAll(one, "|x|"), restored);
      for (const [, kind, number] of text.matchAll(/(?<!\p{L})(email|phone|card)[^\p{L}\p{N}]{0,3}(\d{1,9})/giu)) {
        remains ||= this.#values.has(placeholderOf(kind!, number!));
      }
      return restored;
    });
    return remains;
  }

  #hide(text: string): string {
    let hidden = text;
    // What stands beside a value may be one itself once that is out of the way.
    for (let found = findIn(hidden, this.#kinds); found.length > 0; found = findIn(hidden, this.#kinds)) {
      const pieces: string[] = [];
      let done = 0;
      for (const { kind, start, end } of found) {
        pieces.push(hidden.slice(done, start), this.#placeholder(kind, hidden.slice(start, end)));
        done = end;
      }
      hidden = pieces.join("") + hidden.slice(done);
    }
    return hidden;
  }

  #placeholder(kind: Redactable, value: string): string {
    const key = `${kind} ${value}`;
    const known = this.#placeholders.get(key);
    if (known !== undefined) return known;
    let number = ++this.#counts[kind];
    while (this.#reserved.has(placeholderOf(kind, number)) || this.#values.has(placeholderOf(kind, number))) number++;
    const placeholder = placeholderOf(kind, number);
    this.#placeholders.set(key, placeholder);
    this.#values.set(placeholder, value);
    return placeholder;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A copy with every text mapped, the names of members too. */
function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((member: unknown) => mapTexts(member, map));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [map(name), mapTexts(member, map)]));
}
