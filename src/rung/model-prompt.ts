/** How a question is put to a chat model: the part that all items share, and the item's own part. */

import { namesOf, type Option, type Question, type Repair, type ToolOffer } from "../core/question.ts";
import type { JsonSchema } from "../core/schema.ts";
import type { Prefix } from "../engine/engine.ts";
import { LETTER_CUE, LETTERS } from "./model-codes.ts";

/** How the options of a closed question are offered. */
export interface Offer {
  /** The question's own options, perhaps in another order. */
  readonly options: readonly Option[];
  /** By letter instead of by name. */
  readonly byLetter: boolean;
}

/**
 * The shared part. The options stand in it by name, because a model under a billion parameters does not tie a
 * letter to an option (engine.md 6.1); the choices are what follows the cue, so a space goes before each.
 */
export function prefixOf(question: Question, offer?: Offer): Prefix {
  const { options, byLetter } = offer ?? { options: question.options, byLetter: false };
  const names = closedChoices(question, options);
  if (byLetter) {
    const choices = names.map((_, place) => ` ${LETTERS[place]}`);
    return { instructions: instructionsOf(question, options, true), cue: LETTER_CUE, choices };
  }
  const cue = cueOf(question);
  return {
    instructions: instructionsOf(question, options, false),
    cue,
    choices: names.map((name) => behind(cue, name)),
  };
}

/** A space at the end would be a token of its own that no name begins with. */
export function cueOf(question: Question): string {
  return question.cue.replace(/ +$/, "");
}

/** Names of what can be chosen, the way out last; empty where the answer is written. */
export function closedChoices(question: Question, options: readonly Option[] = question.options): readonly string[] {
  if (question.verb === "extract" || question.verb === "write") return [];
  return namesOf({ options, otherwise: question.otherwise });
}

/** A text as it stands behind the cue: with a space, unless the cue is empty or ends its line. */
export function behind(cue: string, text: string): string {
  return cue === "" || /\s$/.test(cue) ? text : ` ${text}`;
}

/** An example as it stands before an item: a text and, behind the cue, its answer. */
export function shownAs(
  question: Question,
  { text, answer }: { readonly text: string; readonly answer: string },
): string {
  const cue = cueOf(question);
  return `${text}\n${cue}${behind(cue, answer)}`;
}

/** The item, and behind it what was wrong with the first try: the shared part stays what it is. */
export function itemOf(about: string, repair: Repair | null): string {
  if (!repair) return about;
  const where = repair.path === "" ? "" : ` at ${repair.path}`;
  return `${about}\n\nAn earlier answer was wrong${where}: ${JSON.stringify(repair.previous)}\n${repair.message}`;
}

/** What to know first, then the question: the nearer to the item, the better a small model keeps it in mind. */
function instructionsOf(question: Question, options: readonly Option[], byLetter: boolean): string {
  const { ask, otherwise } = question;
  const lettered = (lines: readonly string[]) =>
    byLetter ? lines.map((text, place) => `${LETTERS[place]}. ${text.replace(/^- /, "")}`) : lines;
  switch (question.verb) {
    case "write":
      return otherwise === null ? ask : `${ask}\nIf that cannot be done, write only: ${otherwise}`;
    case "extract":
      return [...describeFields(question.fields ?? {}), "", ask].join("\n");
    case "pick": {
      const offered = new Map(question.tools.map((tool) => [tool.name, tool]));
      const lines = options.map(({ name, description }) =>
        line({ name: `${name}${signature(offered.get(name))}`, description }),
      );
      return [...lettered([...lines, ...wayOut(question)]), "", ask].join("\n");
    }
    case "choose":
    case "judge":
    case "score":
      return byLetter || options.some((option) => option.description !== "")
        ? [...lettered([...options.map(line), ...wayOut(question)]), "", ask].join("\n")
        : `${ask}\nAnswer with one of: ${closedChoices(question, options).join(", ")}.`;
  }
}

function line({ name, description }: Option): string {
  return description === "" ? `- ${name}` : `- ${name}: ${description}`;
}

function wayOut(question: Question): string[] {
  return question.otherwise === null ? [] : [`- ${question.otherwise}`];
}

/** Argument names only: what they may be is held by the engine, and would change the shared part from item to item. */
function signature(tool: ToolOffer | undefined): string {
  const names = Object.keys((tool?.input.properties ?? {}) as object);
  return names.length === 0 ? "" : `(${names.join(", ")})`;
}

function describeFields(schema: JsonSchema): string[] {
  const properties = (schema.properties ?? {}) as { readonly [name: string]: JsonSchema };
  return Object.entries(properties).map(([name, field]) => {
    const description = typeof field.description === "string" ? field.description : "";
    const values = Array.isArray(field.enum) ? `one of ${field.enum.join(", ")}` : "";
    const said = [description, values].filter((part) => part !== "").join("; ");
    return `- ${name}${said === "" ? "" : `: ${said}`}`;
  });
}
