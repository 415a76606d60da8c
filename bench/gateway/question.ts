// The question of the bench, and which answer belongs to which text: both the model and those who check it go by this.

/** The scripted model's own time. */
export const modelMilliseconds = 10;

const options = ["account", "cards", "cash", "exchange", "payments", "security", "top-up", "transfers"];

/** The right option for a text, by the number in it: a neighbour's answer would be another one. */
export function optionFor(about: string): string {
  const number = Number(/\d+/.exec(about)?.[0]);
  return options[(number * 2_654_435_761) % options.length]!;
}

/** One request about one ticket, of some 600 bytes, as System One has it. */
export function bodyFor(number: number): string {
  const criteria = Object.fromEntries(options.map((name) => [name, `Questions about ${name}`]));
  const state = `ticket ${number}: my payment of last week is still pending, and nobody could tell me why.`;
  const team = { type: "choice", instructions: "Which team should handle this ticket?", criteria };
  return JSON.stringify({ model: "pawl", state, questions: { team } });
}

/** The text of that ticket as the model sees it, as far as its answer goes. */
export function rightAnswer(number: number): string {
  return optionFor(`ticket ${number}`);
}
