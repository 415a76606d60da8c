/** Whether a server's probabilities are honest: there, before the constraint, unrounded, and the same twice. */

import type { Said, Saying, TokenLogprob } from "./dialect.ts";
import type { Probe } from "./probe.ts";

const QUESTION: Saying = { user: "Which is larger, a house or a mouse? Answer with one word.", maxTokens: 1, top: 20 };

/** In nats: what was read before is read in another shape the second time, which moves a number by some hundredths. */
const SAME = 0.1;

export const logprobsProbe: Probe = {
  name: "logprobs",
  async run({ dialect, signal }) {
    const free = await dialect.say(QUESTION, signal);
    const [first] = free.logprobs ?? [];
    if (!first || !Number.isFinite(first.logprob)) return { logprobs: "missing", topLogprobs: 0 };
    const again = await dialect.say(QUESTION, signal);
    const numbers = [first, ...first.top].map(({ logprob }) => logprob).filter((value) => value > -1000);
    return {
      topLogprobs: first.top.length,
      rounded: isRounded(numbers),
      repeatable: Math.abs((again.logprobs?.[0]?.logprob ?? Number.NaN) - first.logprob) < SAME,
    };
  },
};

/**
 * One answer is allowed that nobody would give: where its tokens come with a probability near one, the numbers were
 * taken after the constraint; clearly lower, before it (engine.md 4.2).
 */
export const maskProbe: Probe = {
  name: "raw or masked",
  async run({ dialect, signal }) {
    const word = "zyxt";
    const schema = {
      type: "object",
      properties: { answer: { type: "string", enum: [word] } },
      required: ["answer"],
      additionalProperties: false,
    };
    const said = await dialect.say({ ...QUESTION, maxTokens: 24, schema }, signal);
    const inside = tokensOf(said, word);
    if (inside.length === 0) return {};
    const sum = inside.reduce((total, { logprob }) => total + logprob, 0);
    return { logprobs: sum > Math.log(0.5) ? "masked" : "raw" };
  },
};

/** Tokens that the word begins or goes on in: punctuation around it is sure either way. */
function tokensOf({ logprobs, content }: Said, word: string): readonly TokenLogprob[] {
  const from = content.indexOf(word);
  if (from === -1 || !logprobs) return [];
  const found: TokenLogprob[] = [];
  let at = 0;
  for (const one of logprobs) {
    const end = at + one.token.length;
    if (end > from && at < from + word.length) found.push(one);
    at = end;
  }
  return found;
}

/** Probabilities, or their logarithms, of at most two decimals: what is not rounded has more somewhere. */
function isRounded(logprobs: readonly number[]): boolean {
  const even = (value: number) => Math.abs(value * 100 - Math.round(value * 100)) < 1e-6;
  return logprobs.length > 0 && (logprobs.every(even) || logprobs.every((value) => even(Math.exp(value))));
}
