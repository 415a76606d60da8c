/** In which form the model writes a value itself: the grammar that holds it, and where it ends. */

import { FORMATS } from "./formats.ts";
import { patternGrammar, stringGrammar } from "./gbnf.ts";
import { numberGrammar } from "./number-grammar.ts";
import type { Form } from "./pen.ts";
import type { NumberPlan, Plan } from "./plan.ts";

/** The inside of a JSON string and its closing quote; `null` where no grammar has what its pattern needs. */
export function formOfString({ patterns, format, min, max }: Plan & { kind: "string" }): Form | null {
  const shapes = [...patterns, ...(format === null ? [] : [FORMATS[format]!])];
  if (shapes.length === 0)
    return { grammar: stringGrammar(min, max), closes: closesString, ends: endOfString(min, max) };
  const grammar = shapes.map((shape) => patternGrammar(shape, max)).find((found) => found !== null);
  return grammar === undefined ? null : { grammar, closes: closesString };
}

/** A number behind `gap`, and the letter that ends it. */
export function formOfNumber(plan: NumberPlan, gap: string): Form {
  return { grammar: numberGrammar(gap, plan), closes: (text) => /[,}\n]$/.test(text), ends: endOfNumber(plan) };
}

/** Whether a JSON string's inside ends with its closing quote: one with an even number of backslashes before it. */
function closesString(text: string): boolean {
  return /(?<!\\)(?:\\\\)*"$/.test(text);
}

function endOfString(min: number, max: number | null): Form["ends"] {
  return (text) => {
    // Up to the first quote that is not escaped.
    const inside = /^(?:[^"\\]|\\.?)*/su.exec(text)?.[0] ?? "";
    const value = textOf(inside);
    const length = value === null ? 0 : [...value].length;
    if (max !== null && length > max) return "broken";
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON does not allow.
    if (inside.length === text.length) return /[\0-\x1F\x7F]/.test(inside) ? "broken" : "open";
    return value === null || length < min ? "broken" : inside.length;
  };
}

/** What a JSON string's inside stands for, `null` where it is none. */
function textOf(inside: string): string | null {
  try {
    return JSON.parse(`"${inside}"`) as string;
  } catch {
    return null;
  }
}

function endOfNumber({ integer, min, max, above, under, digits }: NumberPlan): Form["ends"] {
  return (text) => {
    const number = /^\s?(-?(?:(?:0|[1-9]\d{0,14})(?:\.\d*)?)?)/.exec(text)?.[1] ?? "";
    const rest = text.trimStart().slice(number.length);
    const fraction = number.split(".")[1];
    if (integer ? fraction !== undefined : (fraction?.length ?? 0) > digits) return "broken";
    if (rest === "") return "open";
    const value = Number(number);
    const fits = (above ? value > min : value >= min) && (under ? value < max : value <= max);
    // Behind "12/03/2026" or "12%" stands no number 12.
    return fits && /\d$/.test(number) && /^[\s,}\]]/.test(rest) ? text.length - rest.length : "broken";
  };
}
