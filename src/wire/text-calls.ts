/** Tool calls that a server left in the text instead of taking them out: four shapes are known. */

import { isFields } from "./fields.ts";
import { findJson } from "./lenient-json.ts";

export interface SaidCall {
  readonly name: string;
  readonly args: unknown;
}

/** The calls in the text, in their order; empty where there is none. */
export function callsInText(text: string): readonly SaidCall[] {
  const found = [fromParameters(text), fromMarks(text), fromObjects(text)].find((calls) => calls.length > 0);
  return found ?? [];
}

/** `<function=name><parameter=key>value</parameter></function>` */
function fromParameters(text: string): readonly SaidCall[] {
  return pieces(text, /<function=([^>\s]{1,100})\s*>/g).map(({ name, rest }) => {
    const body = rest.split("</function>")[0]!;
    const args = pieces(body, /<parameter=([^>\s]{1,100})\s*>/g).map(
      ({ name: key, rest: value }): [string, unknown] => [key, readValue(value.split("</parameter>")[0]!)],
    );
    return { name, args: Object.fromEntries(args) };
  });
}

/** `name[ARGS]{...}` and `[TOOL_CALLS]name{...}`, each with or without the other's mark. */
function fromMarks(text: string): readonly SaidCall[] {
  const marked = pieces(
    text,
    /(?:\[TOOL_CALLS\]\s*([\w.-]{1,64})(?:\s*\[ARGS\])?|([\w.-]{1,64})\s*\[ARGS\])(?=\s*\{)/g,
  );
  return marked.flatMap(({ name, rest }) => {
    const found = findJson(rest);
    return typeof found === "object" ? [{ name, args: found.value }] : [];
  });
}

/** `{"name": ..., "arguments": {...}}`, alone, in a list, or in `<tool_call>` tags; with either of three words for both. */
function fromObjects(text: string): readonly SaidCall[] {
  const tagged = pieces(text, /(<tool_call>)/g).map(({ rest }) => rest.split("</tool_call>")[0]!);
  const texts = tagged.length > 0 ? tagged : [text.replace(/^\s*\[TOOL_CALLS\]/, "")];
  return texts.flatMap((each) => {
    const found = findJson(each);
    if (typeof found !== "object") return [];
    const said: readonly unknown[] = Array.isArray(found.value) ? found.value : [found.value];
    return said.map(callOf).filter((call) => call !== null);
  });
}

function callOf(value: unknown): SaidCall | null {
  if (!isFields(value)) return null;
  const inner = isFields(value.function) ? value.function : value;
  const args = inner.arguments ?? inner.parameters ?? inner.args;
  const name = inner.name ?? (typeof inner.function === "string" ? inner.function : inner.tool);
  return typeof name === "string" && args !== undefined ? { name, args: argumentsOf(args) } : null;
}

/** Arguments as an object; servers send them as the text of one too. */
export function argumentsOf(args: unknown): unknown {
  if (typeof args !== "string") return args ?? {};
  if (args.trim() === "") return {};
  try {
    return JSON.parse(args) as unknown;
  } catch {
    return args;
  }
}

/** A number, a truth value, a list or an object where the text is one; otherwise the text. */
function readValue(text: string): unknown {
  const trimmed = text.trim();
  if (!/^([-\d[{]|true$|false$|null$)/.test(trimmed)) return trimmed;
  try {
    return JSON.parse(trimmed) as unknown;
  } catch {
    return trimmed;
  }
}

/** The text cut at each mark: the mark's name, and what follows up to the next mark. */
function pieces(text: string, mark: RegExp): readonly { readonly name: string; readonly rest: string }[] {
  const marks = [...text.matchAll(mark)];
  return marks.map((found, index) => ({
    name: found[1] ?? found[2] ?? "",
    rest: text.slice(found.index + found[0].length, marks[index + 1]?.index),
  }));
}
