/** A waiting question as a screen of text, and which key means what. */

import type { Json } from "../core/json.ts";
import type { ProposedCall, QuestionRecord } from "../core/question.ts";
import { shownValue } from "../review/sentence.ts";
import type { WaitingQuestion } from "../review/waiting.ts";
import { bar, clean, cleanLine, probability, styled } from "./text.ts";

/** Letters that mean something else: skip, quit, edit, view all. */
const reserved = "sqev";
const letters = [..."abcdfghijklmnoprtuwxyz"].filter((letter) => !reserved.includes(letter));

/** A name that answers the question, and its key; `null` where there are more names than keys. */
export interface Choice {
  readonly name: string;
  readonly description: string;
  readonly key: string | null;
  readonly p: number | null;
}

/**
 * The names that answer a question: digits, then letters; 0 is the way out. Scores of one digit have it as their
 * key, yes and no have y and n.
 */
export function choicesOf({ question, trail }: WaitingQuestion): readonly Choice[] {
  const evidence = trail.findLast((attempt) => attempt.evidence?.options !== undefined)?.evidence?.options ?? [];
  const pOf = (name: string): number | null => evidence.find((option) => option.name === name)?.p ?? null;
  const keys = keysOf(question);
  const options = question.options.map(({ name, description }, index) => ({
    name,
    description,
    key: keys[index] ?? null,
    p: pOf(name),
  }));
  const { otherwise } = question;
  if (otherwise === null) return options;
  const key = options.some((option) => option.key === "0") ? "-" : "0";
  return [...options, { name: otherwise, description: "", key, p: pOf(otherwise) }];
}

function keysOf({ verb, options }: QuestionRecord): readonly string[] {
  const names = options.map((option) => option.name);
  if (verb === "judge") return ["y", "n"];
  if (verb === "score" && names.every((name) => /^\d$/.test(name))) return names;
  const keys = ["1", "2", "3", "4", "5", "6", "7", "8", "9", ...letters];
  // Half of the options by key and half by name would be worse than all by name.
  return names.length <= keys.length ? keys : [];
}

/** The question with its item. `rows` of the terminal bound how much of the item is shown, unless `all` of it is. */
export function questionLines(waiting: WaitingQuestion, place: string, rows: number, all = false): readonly string[] {
  const { run, path, question, suggestion } = waiting;
  const choices = choicesOf(waiting);
  const item = clean(question.about).split("\n");
  const room = Math.max(6, rows - choices.length - 12);
  const shown = all ? item : item.slice(0, room);
  const lines = [
    styled("dim", "─".repeat(Math.min(process.stdout.columns ?? 80, 100))),
    `${place}   item ${cleanLine(run.item)} · run ${run.number} · ${run.loop} · ${cleanLine(path)} (${question.verb})`,
    "",
    ...shown.map((line) => `  ${line}`),
  ];
  if (shown.length < item.length)
    lines.push(styled("dim", `  … ${item.length - shown.length} more lines: v shows them`));
  lines.push("", styled("bold", clean(question.ask)));
  const width = Math.min(
    30,
    choices.reduce((most, { name }) => Math.max(most, cleanLine(name).length), 0),
  );
  for (const choice of choices) lines.push(choiceLine(choice, width, question));
  if (question.verb === "extract") lines.push(styled("dim", `  fields: ${fieldNames(question)}`));
  lines.push("");
  if (suggestion) {
    const sure = suggestion.confidence === null ? "" : ` at ${probability(suggestion.confidence)}`;
    lines.push(`${suggestion.rung} suggests: ${styled("green", cleanLine(longValue(suggestion.value)))}${sure}`);
  }
  lines.push(styled("dim", cleanLine(waiting.reason)));
  return lines;
}

function choiceLine({ key, name, description, p }: Choice, width: number, question: QuestionRecord): string {
  const effect = question.tools.find((tool) => tool.name === name)?.effect;
  const mark = effect === undefined || effect === "read" ? "" : styled("red", ` ${effect}`);
  // Padded before it is styled: escape codes have a length too.
  const likely = p === null ? "" : `${probability(p).padStart(4)} ${styled("cyan", bar(p, 10).padEnd(10))}`;
  const words = [likely, cleanLine(description), mark].filter((part) => part !== "").join("  ");
  return `  ${styled("bold", (key ?? "").padStart(1))}  ${cleanLine(name).padEnd(width)}  ${words}`.trimEnd();
}

function fieldNames({ fields }: QuestionRecord): string {
  const properties = Object.entries((fields?.properties ?? {}) as { [name: string]: { type?: unknown } });
  return properties.map(([name, { type }]) => `${name}${typeof type === "string" ? ` (${type})` : ""}`).join(", ");
}

function longValue(value: Json): string {
  return typeof value === "object" && value !== null && !("tool" in value) ? JSON.stringify(value) : shownValue(value);
}

/** What the keys do here, in a line. */
export function keysLine({ question, suggestion }: WaitingQuestion): string {
  const parts: string[] = [];
  switch (question.verb) {
    case "choose":
    case "judge":
    case "score":
      parts.push(keysOf(question).length === 0 ? "e type the answer's name" : "press its key");
      break;
    case "pick":
      parts.push("a tool's key, then its arguments");
      break;
    case "extract":
      parts.push("e fill in the fields");
      break;
    case "write":
      parts.push("e write the text");
      break;
  }
  if (suggestion) parts.push("Enter take the suggestion");
  if (suggestion && question.verb === "pick") parts.push("e edit it");
  return [...parts, "s skip", "q quit"].join(" · ");
}

/** Arguments to start editing from: the suggestion's where it is the same tool. */
export function suggestedArgs({ suggestion }: WaitingQuestion, tool: string): Json | undefined {
  const call = suggestion?.value as Partial<ProposedCall> | null | undefined;
  return typeof call === "object" && call?.tool === tool ? (call.args as Json) : undefined;
}
