// The three questions whose speed is measured, each with a prefix near 600 tokens, and items of 20 to 120 tokens.
import type { Prefix } from "../../src/engine/engine.ts";
import { type Data, labelsOf, words } from "./data.ts";

/** A closed question, for Pawl's engine and for the library alike. */
export interface Question {
  readonly name: string;
  readonly prefix: Prefix;
  /** Names in the order of the prefix's choices, each with what it means. */
  readonly options: { readonly [name: string]: string };
}

/** By how they are told apart: many names that share first tokens, few that do not, and a yes or no. */
export function speedQuestions(data: Data): readonly Question[] {
  const { banking77, banking8 } = data;
  const team = (label: string): string => banking8.fold[label]!;
  // Two more than banking8 has, so that there are ten; all ten begin with different tokens.
  const ten = { ...banking8.options, loans: "loans, credit and interest", insurance: "travel and phone insurance" };
  const shots = (count: number, answer: (label: string) => string): string =>
    banking77.train
      .filter(({ text }) => text.length < 90)
      .slice(0, count)
      .map(({ text, label }) => `${text} = ${answer(label)}`)
      .join("\n");
  const intents = Object.fromEntries(labelsOf(banking77).map((label) => [words(label), team(label)]));
  return [
    question("77 names", intents, "This message is about:", "What does this message ask about?"),
    question("10 options", ten, banking8.cue, `${banking8.ask} Some messages and their teams:\n\n${shots(24, team)}`),
    question(
      "yes or no",
      { yes: "a card, phone or code was lost, stolen or misused", no: "anything else" },
      "Answer:",
      `Is this message about security? Some messages and their answers:\n\n${shots(32, (label) => (team(label) === "security" ? "yes" : "no"))}`,
    ),
  ];
}

/** Options first, then the question, as Pawl's model rung puts them. */
export function question(name: string, options: Question["options"], cue: string, ask: string): Question {
  const lines = Object.entries(options).map(([option, means]) =>
    means === "" ? `- ${option}` : `- ${option}: ${means}`,
  );
  const choices = Object.keys(options).map((option) => ` ${option}`);
  return { name, options, prefix: { instructions: [...lines, "", ask].join("\n"), cue, choices } };
}

/**
 * `count` items of 20 to 120 tokens, evenly spread in a fixed order: real tickets, several joined where one is too
 * short. `tokens` measures a text.
 */
export async function speedItems(
  data: Data,
  count: number,
  tokens: (text: string) => Promise<number>,
): Promise<readonly string[]> {
  const items: string[] = [];
  let next = 0;
  for (let index = 0; index < count; index++) {
    // A step that shares no factor with the number of lengths visits them all, and neighbours differ.
    const wanted = 20 + ((index * 37) % 101);
    let item = "";
    for (let length = 0; length < wanted; ) {
      const text = data.banking77.test[next++ % data.banking77.test.length]!.text.trim();
      const longer = item === "" ? text : `${item} ${text}`;
      const measured = await tokens(longer);
      if (measured > 120) continue;
      item = longer;
      length = measured;
    }
    items.push(item);
  }
  return items;
}
