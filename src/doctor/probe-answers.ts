/** Whether a model answers what it is asked: the same known answers by name and by letter. */

import type { Dialect } from "./dialect.ts";
import type { Probe } from "./probe.ts";

/** Questions that nobody gets wrong who reads them; the right one stands at another place each time. */
const known: readonly { readonly text: string; readonly options: readonly string[]; readonly right: number }[] = [
  { text: "The cat sleeps on the sofa.", options: ["animals", "money", "weather"], right: 0 },
  { text: "It will rain and storm all day tomorrow.", options: ["animals", "money", "weather"], right: 2 },
  { text: "Please refund the fee on my bank account.", options: ["weather", "money", "animals"], right: 1 },
  { text: "Snow and ice are expected tonight.", options: ["money", "weather", "animals"], right: 1 },
  { text: "Two dogs chased a horse.", options: ["weather", "money", "animals"], right: 2 },
  { text: "The invoice of 40 euros is due.", options: ["money", "animals", "weather"], right: 0 },
];

export const answersProbe: Probe = {
  name: "known answers",
  async run({ dialect, signal }) {
    const byName = (options: readonly string[]) => `Answer with one of these words: ${options.join(", ")}.`;
    const byLetter = (options: readonly string[]) =>
      `Answer with one letter.\n${options.map((option, index) => `${letterOf(index)}: ${option}`).join("\n")}`;
    return {
      names: await score(dialect, signal, byName, (options, right) => options[right]!),
      letters: await score(dialect, signal, byLetter, (_, right) => letterOf(right)),
    };
  },
};

async function score(
  dialect: Dialect,
  signal: AbortSignal,
  instruct: (options: readonly string[]) => string,
  expected: (options: readonly string[], right: number) => string,
): Promise<{ right: number; asked: number }> {
  let right = 0;
  for (const one of known) {
    const system = `What is the message about? ${instruct(one.options)}`;
    const { content } = await dialect.say({ system, user: one.text, maxTokens: 12 }, signal);
    const said = firstSaid(
      content,
      one.options.map((_, index) => expected(one.options, index)),
    );
    if (said === expected(one.options, one.right)) right++;
  }
  return { right, asked: known.length };
}

function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}

/** The answer that comes first in what was said: a small model may wrap it in a sentence. */
function firstSaid(content: string, answers: readonly string[]): string | null {
  const found = new RegExp(`\\b(${answers.join("|")})\\b`, "i").exec(content)?.[1];
  return answers.find((answer) => answer.toLowerCase() === found?.toLowerCase()) ?? null;
}
