/**
 * Fills the fields of a JSON Schema: the host writes all of JSON's punctuation, the model only weighs values or
 * writes them. Knows no model; it works through a `Pen`.
 */

import type { FieldEvidence } from "../core/answer.ts";
import { ModelError } from "../core/errors.ts";
import type { JsonSchema } from "../core/schema.ts";
import { findCandidates, MOST_CANDIDATES } from "./candidates.ts";
import type { Filled } from "./engine.ts";
import { FORMATS } from "./formats.ts";
import { numberGrammar, patternGrammar, stringGrammar } from "./gbnf.ts";
import type { Pen } from "./pen.ts";
import { type Plan, planOf, type Scalar } from "./plan.ts";

/** Tokens kept back for each written field that is still to come. */
const RESERVED_TOKENS = 8;

export type Fill = Pick<Filled, "value" | "fields" | "truncated" | "outputTokens">;

/**
 * `gap` stands between what the pen has written and the object. Rejects with `E_SCHEMA_UNSUPPORTED` before a single pass, or with `E_NO_VALUE` where a pattern that cannot be
 * written by grammar occurs nowhere in the item.
 */
export async function fillFields(
  schema: JsonSchema,
  item: string,
  maxTokens: number,
  pen: Pen,
  gap = " ",
): Promise<Fill> {
  const plan = planOf(schema);
  const filler = new Filler(item, maxTokens, pen, writtenFields(plan));
  const value = (await filler.fill(plan, "", gap)) as { [key: string]: unknown };
  return { value, fields: filler.fields, truncated: filler.truncated, outputTokens: maxTokens - filler.left };
}

class Filler {
  readonly fields: { [path: string]: FieldEvidence } = {};
  readonly truncated: string[] = [];
  left: number;
  readonly #item: string;
  readonly #pen: Pen;
  /** Fields still to come that the model may have to write; in a list, only the first is counted. */
  #toWrite: number;

  constructor(item: string, maxTokens: number, pen: Pen, toWrite: number) {
    this.#toWrite = toWrite;
    this.#item = item;
    this.left = maxTokens;
    this.#pen = pen;
  }

  /** Writes one value behind `gap` (a space, or nothing after an opening bracket) and returns it. */
  async fill(plan: Plan, path: string, gap: string): Promise<unknown> {
    switch (plan.kind) {
      case "among":
        return await this.#among(plan.values, path, gap);
      case "string":
        return await this.#string(plan, path, gap);
      case "number":
        return await this.#number(plan, path, gap);
      case "array":
        return await this.#array(plan, path, gap);
      case "object":
        return await this.#object(plan, path, gap);
      case "nullable":
        if (await this.#isNull(plan.plan, path, gap)) return null;
        return await this.fill(plan.plan, path, gap);
    }
  }

  async #object(plan: Plan & { kind: "object" }, path: string, gap: string): Promise<unknown> {
    const value: { [key: string]: unknown } = {};
    this.#pen.put(`${gap}{`);
    for (const [index, member] of plan.members.entries()) {
      const inner = path === "" ? member.name : `${path}.${member.name}`;
      this.#pen.put(`${index === 0 ? "" : ", "}${JSON.stringify(member.name)}:`);
      // To the model a field left out is one that is null.
      if (!member.required && member.plan.kind !== "nullable" && (await this.#isNull(member.plan, inner, " ")))
        continue;
      // A defined property even for a key such as "__proto__".
      Object.defineProperty(value, member.name, {
        value: await this.fill(member.plan, inner, " "),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    this.#pen.put("}");
    return value;
  }

  async #array(plan: Plan & { kind: "array" }, path: string, gap: string): Promise<unknown[]> {
    const values: unknown[] = [];
    const seen = new Set<string>();
    this.#pen.put(`${gap}[`);
    while (values.length < plan.max && this.left > 0) {
      const first = values.length === 0;
      if (values.length >= plan.min && (await this.#ends(first ? openingOf(plan.items, "") : ","))) break;
      if (!first) this.#pen.put(",");
      const value = await this.fill(plan.items, `${path}[${values.length}]`, first ? "" : " ");
      const key = JSON.stringify(value);
      // Told to be unique, a model that begins to repeat itself has nothing more to say.
      if (plan.unique && seen.has(key)) {
        delete this.fields[`${path}[${values.length}]`];
        break;
      }
      seen.add(key);
      values.push(value);
    }
    if (this.left <= 0 || (plan.capped && values.length >= plan.max)) this.truncated.push(path);
    this.#pen.put("]");
    return values;
  }

  /** Whether the array ends here rather than going on with `other`, or with anything at all where that is `null`. */
  async #ends(other: string | null): Promise<boolean> {
    const [end = -Infinity, on] = await this.#pen.weigh(other === null ? ["]"] : ["]", other]);
    return on === undefined ? end > Math.log(0.5) : end > on;
  }

  async #isNull(plan: Plan, path: string, gap: string): Promise<boolean> {
    const opening = openingOf(plan, gap);
    const [none = -Infinity, some] = await this.#pen.weigh(opening === null ? [`${gap}null`] : [`${gap}null`, opening]);
    const p = some === undefined ? Math.exp(none) : 1 / (1 + Math.exp(some - none));
    if (p <= 0.5) return false;
    this.#pen.put(`${gap}null`);
    this.fields[path] = { confidence: p, how: "read" };
    return true;
  }

  async #among(values: readonly Scalar[], path: string, gap: string): Promise<Scalar> {
    if (values.length === 1) {
      this.#pen.put(gap + JSON.stringify(values[0]));
      return values[0]!;
    }
    const { best, logp } = await this.#weigh(values, gap);
    const total = logp.reduce((sum, value) => sum + Math.exp(value - logp[best]!), 0);
    this.fields[path] = { confidence: finite(1 / total), how: "read" };
    return values[best]!;
  }

  async #string(plan: Plan & { kind: "string" }, path: string, gap: string): Promise<string> {
    this.#toWrite--;
    const format = plan.format === null ? undefined : FORMATS[plan.format];
    const search = format ?? plan.patterns[0];
    if (search !== undefined) {
      const candidates = findCandidates(this.#item, search, (piece) => fits(piece, plan));
      if (candidates.length > 0 && candidates.length <= MOST_CANDIDATES) return await this.#copy(candidates, path, gap);
    }
    const grammar = search === undefined ? stringGrammar(plan.max) : patternGrammar(search);
    if (grammar === null) {
      throw new ModelError("E_NO_VALUE", `nothing in the item fits the pattern of "${path}": ${search}`, {
        value: path,
      });
    }
    this.#pen.put(`${gap}"`);
    const value = await this.#written(grammar, path, closesString, unescaped);
    this.#pen.put('"');
    return value;
  }

  async #copy(candidates: readonly string[], path: string, gap: string): Promise<string> {
    const { best, logp } = await this.#weigh(candidates, gap);
    // Raw, not shared out among the candidates: where there is only one, sharing would always say 1.
    this.fields[path] = { confidence: finite(Math.exp(logp[best]!)), how: "copied" };
    return candidates[best]!;
  }

  /**
   * Weighs values and writes the best. Quotes are the host's: how likely the model finds them says nothing of the
   * value, so they are written before and after and not weighed, unless some values have none.
   */
  async #weigh(values: readonly Scalar[], gap: string): Promise<{ best: number; logp: readonly number[] }> {
    const quoted = values.every((value) => typeof value === "string" && value !== "");
    if (quoted) this.#pen.put(`${gap}"`);
    const texts = values.map((value) => (quoted ? JSON.stringify(value).slice(1, -1) : gap + JSON.stringify(value)));
    const logp = await this.#pen.weigh(texts);
    const best = argmax(logp);
    this.#pen.put(texts[best]! + (quoted ? '"' : ""));
    this.left--;
    return { best, logp };
  }

  async #number(plan: Plan & { kind: "number" }, path: string, gap: string): Promise<number> {
    this.#toWrite--;
    const grammar = numberGrammar(gap, plan.integer, plan.min, plan.max);
    const value = await this.#written(grammar, path, (text) => /[,}\n]$/.test(text), Number.parseFloat);
    if (Number.isFinite(value)) return value;
    this.fields[path] = { confidence: null, how: "generated" };
    return 0;
  }

  /** Lets the model write; what the limit cuts short is said, and has no confidence to stand on. */
  async #written<T>(
    grammar: string,
    path: string,
    closed: (text: string) => boolean,
    read: (text: string) => T,
  ): Promise<T> {
    // One field that will not end must not eat what the others need.
    const limit = Math.max(Math.min(this.left, 1), this.left - RESERVED_TOKENS * Math.max(0, this.#toWrite));
    const nothing = { text: "", logp: 0, tokens: 0, whole: false };
    const piece = limit > 0 ? await this.#pen.write(grammar, closed, limit) : nothing;
    this.left -= piece.tokens;
    if (!piece.whole) this.truncated.push(path);
    this.fields[path] = { confidence: piece.whole ? finite(Math.exp(piece.logp)) : null, how: "generated" };
    return read(piece.text);
  }
}

/** How many values of a plan the model writes itself, a list's counted once. */
function writtenFields(plan: Plan): number {
  switch (plan.kind) {
    case "among":
      return 0;
    case "string":
    case "number":
      return 1;
    case "array":
      return writtenFields(plan.items);
    case "nullable":
      return writtenFields(plan.plan);
    case "object":
      return plan.members.reduce((sum, member) => sum + writtenFields(member.plan), 0);
  }
}

/** The first letters of any value of the plan, `null` where they differ from value to value. */
function openingOf(plan: Plan, gap: string): string | null {
  switch (plan.kind) {
    case "string":
      return `${gap}"`;
    case "array":
      return `${gap}[`;
    case "object":
      return `${gap}{`;
    case "among":
      return plan.values.every((value) => typeof value === "string") ? `${gap}"` : null;
    case "number":
    case "nullable":
      return null;
  }
}

function fits(piece: string, plan: Plan & { kind: "string" }): boolean {
  const length = [...piece].length;
  if (length < plan.min || (plan.max !== null && length > plan.max)) return false;
  const format = plan.format === null ? undefined : FORMATS[plan.format];
  if (format !== undefined && !new RegExp(`^(?:${format})$`).test(piece)) return false;
  return plan.patterns.every((pattern) => new RegExp(pattern).test(piece));
}

/** Whether a JSON string's inside ends with its closing quote: one with an even number of backslashes before it. */
function closesString(text: string): boolean {
  return /(?<!\\)(?:\\\\)*"$/.test(text);
}

/** The text that a JSON string's inside stands for; a cut one may end in half an escape, which is dropped. */
function unescaped(inside: string): string {
  try {
    return JSON.parse(`"${inside}"`) as string;
  } catch {
    return inside.replace(/\\(u[0-9a-fA-F]{0,3})?$/, "");
  }
}

function argmax(values: readonly number[]): number {
  return values.reduce((best, value, index) => (value > values[best]! ? index : best), 0);
}

/** A number between 0 and 1, or nothing. */
function finite(p: number): number | null {
  return p >= 0 && p <= 1 + 1e-6 ? Math.min(1, p) : null;
}
