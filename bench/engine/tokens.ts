// A question in tokens, laid out as the engine lays it out: what the floor evaluates and the reference reads.
import { pathsBehind } from "../../src/engine/choice-paths.ts";
import type { Prefix } from "../../src/engine/engine.ts";
import type { Prompter } from "../../src/engine/prompt.ts";

export interface Tokens {
  /** Shared by all items. */
  readonly head: readonly number[];
  /** Each choice's tokens behind the prompt. */
  readonly paths: readonly (readonly number[])[];
  /** What an item adds: itself, the end of its turn, and the cue. */
  after(item: string): readonly number[];
}

export function tokensOf(prompter: Prompter, prefix: Prefix): Tokens {
  const { head, tail, open } = prompter.layout(prefix);
  const whole = prefix.choices.map((choice) => prompter.plain(open + choice));
  const { stem, paths } = pathsBehind(prompter.plain(open), whole);
  return { head, paths, after: (item) => [...prompter.plain(item), ...tail, ...stem] };
}
