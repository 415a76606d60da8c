// A sequence that keeps a question's prefix evaluated and goes back to it before every item, as the engine's does.
import type { LlamaContext, LlamaContextSequence, Token } from "node-llama-cpp";
import type { Question } from "../questions.ts";
import { type Tokens, tokensOf } from "../tokens.ts";
import type { Library } from "./mode.ts";

/** Passes of the same size as the engine's. */
const PASS_TOKENS = 512;

export class PromptSequence {
  readonly sequence: LlamaContextSequence;
  readonly tokens: Tokens;
  #evaluated = false;

  constructor(library: Library, context: LlamaContext, { prefix }: Question) {
    this.sequence = context.getSequence();
    this.tokens = tokensOf(library.prompter, prefix);
  }

  /** The tokens that the engine's pass for this item would evaluate, with the state cut back to where they begin. */
  async before(item: string): Promise<Token[]> {
    const { head } = this.tokens;
    if (!this.#evaluated) {
      for (let at = 0; at < head.length; at += PASS_TOKENS) {
        await this.sequence.evaluateWithoutGeneratingNewTokens(head.slice(at, at + PASS_TOKENS) as Token[]);
      }
      this.#evaluated = true;
    }
    const prompt = this.prompt(item);
    await this.sequence.adaptStateToTokens([...head] as Token[], false);
    return prompt.slice(head.length) as Token[];
  }

  /** The whole prompt. */
  prompt(item: string): readonly number[] {
    return [...this.tokens.head, ...this.tokens.after(item)];
  }
}
