/**
 * One sequence of a context: tokens evaluated, kept and rewound. All reading and writing of a chat model goes
 * through here, so this is where context shift cannot happen and where probabilities become honest.
 */

import type {
  ControlledEvaluateInputItem,
  LlamaContextSequence,
  LlamaGrammarEvaluationState,
  Token,
} from "node-llama-cpp";
import { ModelError } from "../core/errors.ts";
import type { Pass } from "./pass.ts";
import type { PrefixStore } from "./prefix-store.ts";
import { checkRoom } from "./prepared.ts";

/** Tokens whose log-probability is wanted after position `at`. */
export interface Want {
  readonly at: number;
  readonly tokens: readonly number[];
}

/** Most tokens of one pass. More would only cost memory: the runtime keeps room for all their logits. */
export const PASS_TOKENS = 512;

export class Slot {
  readonly #sequence: LlamaContextSequence;
  readonly #store: PrefixStore | undefined;
  /** Where the prefix ends that this slot keeps evaluated. */
  #prefixEnd = 0;
  /** The kept prefix was evaluated here and is not on disk. */
  #unsaved = false;
  /** The prompt that was last read in one pass behind its prefix. */
  #prompt: readonly number[] = [];
  /** Of whichever request used it last; slots are given up in that order. */
  lastUsed = 0;
  /** Tokens evaluated since the slot was made. */
  evaluated = 0;

  /** `store`: where prefixes that are used again are kept on disk. */
  constructor(sequence: LlamaContextSequence, store?: PrefixStore) {
    this.#sequence = sequence;
    this.#store = store;
  }

  /** Most tokens that can be held: one less than the context, where the runtime would begin to shift. */
  get room(): number {
    return this.#sequence.contextSize - 1;
  }

  /** Whether the first `length` of these tokens are evaluated already, none after them considered. */
  holds(tokens: readonly number[], length: number): boolean {
    const held = this.#sequence.contextTokens;
    return held.length >= length && tokens.slice(0, length).every((token, at) => held[at] === token);
  }

  /**
   * Evaluates a question's prefix in a pass of its own, or loads it from disk, unless it is there, and rewinds to its
   * end. So every item goes through passes of the same shape and the same item gives the same numbers.
   */
  async keep(prefix: readonly number[], pass: Pass): Promise<void> {
    if (this.holds(prefix, prefix.length) && this.#prefixEnd === prefix.length) {
      await this.#rewind(prefix, prefix.length);
      // Only at its second use: options that differ from item to item would fill the disk with prefixes of one use.
      if (this.#unsaved) await this.#store?.keep(prefix, (path) => this.#sequence.saveStateToFile(path));
      this.#unsaved = false;
      return;
    }
    checkRoom(prefix.length, this.room);
    this.#prompt = [];
    const loaded = await this.#load(prefix);
    if (!loaded) {
      await this.#rewind(prefix, 0);
      await this.#evaluate(prefix, pass);
    }
    this.#prefixEnd = prefix.length;
    // Models with a sliding window or a recurrent state cannot rewind without one, and their states are not all there.
    const needsCheckpoints = this.#sequence.needsCheckpoints;
    if (needsCheckpoints) await this.#sequence.takeCheckpoint();
    this.#unsaved = !loaded && !needsCheckpoints;
  }

  /**
   * Makes the slot hold a whole prompt, its item read in the one pass that `read` would take, and nothing behind it.
   * What a request for the same prompt read before is not read again: the tool was chosen, now its arguments follow.
   */
  async keepPrompt(prompt: readonly number[], prefix: readonly number[], pass: Pass): Promise<void> {
    const same = this.#prompt.length === prompt.length && this.#prompt.every((token, at) => token === prompt[at]);
    if (same && this.holds(prompt, prompt.length)) return await this.#rewind(prompt, prompt.length);
    await this.keep(prefix, pass);
    await this.read(prompt, prefix.length, [], pass);
  }

  /**
   * Makes the slot hold `tokens`, re-reading from position `from`, and gives the natural log-probabilities wanted,
   * one list a want. They are read from raw logits over the whole vocabulary, before any sampler or grammar.
   */
  async read(tokens: readonly number[], from: number, wants: readonly Want[], pass: Pass): Promise<number[][]> {
    checkRoom(tokens.length, this.room);
    await this.#rewind(tokens, from);
    const firstWant = wants.reduce((first, want) => Math.min(first, want.at), tokens.length);
    await this.#evaluate(tokens.slice(0, firstWant), pass, PASS_TOKENS);
    const start = this.#sequence.nextTokenIndex;
    if (start >= tokens.length) return [];
    const wanted = new Map(wants.map((want) => [want.at, want.tokens]));
    const input = tokens.slice(start).map((token, index): ControlledEvaluateInputItem => {
      const want = wanted.get(start + index);
      if (!want) return token as Token;
      const filter = { tokens: want as readonly Token[], includeSelected: true };
      // No temperature: the greedy chain does not truncate before the read, and its token has the largest logit.
      return [token as Token, { generateNext: { token: true, totalLogitWeight: true, logits: { filter } } }];
    });
    const outputs = await this.#sequence.controlledEvaluate(input, { contextShift: noShift });
    this.evaluated += input.length;
    pass.done();
    if (from === this.#prefixEnd) this.#prompt = tokens;
    return wants.map(({ at, tokens: asked }) => {
      const next = outputs[at - start]?.next;
      const best = next?.token === null || next?.token === undefined ? undefined : next.logits?.get(next.token);
      if (best === undefined || next?.totalLogitWeight === undefined) {
        throw new ModelError("E_ENGINE", "the runtime gave no logits where they were asked for");
      }
      const normaliser = best + Math.log(next.totalLogitWeight);
      return asked.map((token) => (next.logits?.get(token as Token) ?? Number.NEGATIVE_INFINITY) - normaliser);
    });
  }

  /**
   * Writes on behind `tokens`, greedily, until `stop` says so, the model ends or `limit` tokens are written. `logp` are
   * the tokens' raw log-probabilities. Held to a grammar they are not known (the runtime gives those of what the
   * grammar leaves): `null`, and who wants them reads again.
   */
  async write(
    tokens: readonly number[],
    limit: number,
    grammar: LlamaGrammarEvaluationState | undefined,
    stop: (written: readonly number[]) => boolean,
    pass: Pass,
  ): Promise<{ written: number[]; ended: boolean; logp: readonly number[] | null }> {
    checkRoom(tokens.length + limit, this.room);
    await this.#rewind(tokens, tokens.length - 1);
    await this.#evaluate(tokens, pass, PASS_TOKENS);
    const rest = tokens.slice(this.#sequence.nextTokenIndex) as Token[];
    this.evaluated += rest.length;
    const written: number[] = [];
    const logp: number[] = [];
    const steps = grammar ? this.#heldTo(grammar, rest) : this.#freely(rest, logp);
    for await (const token of steps) {
      written.push(token);
      pass.done();
      const ended = stop(written);
      if (ended || written.length >= limit) return { written, ended, logp: grammar ? null : logp };
    }
    return { written, ended: true, logp: grammar ? null : logp };
  }

  #heldTo(grammarEvaluationState: LlamaGrammarEvaluationState, tokens: Token[]): AsyncGenerator<Token> {
    return this.#sequence.evaluate(tokens, { temperature: 0, contextShift: noShift, grammarEvaluationState });
  }

  /** One pass a token, which says how likely it was: cheaper than to read all of them again. */
  async *#freely(tokens: Token[], logp: number[]): AsyncGenerator<Token> {
    for (let rest = tokens; ; ) {
      const filter = { tokens: [], includeSelected: true };
      const asked = { generateNext: { token: true, totalLogitWeight: true, logits: { filter } } } as const;
      const input = [...rest.slice(0, -1), [rest.at(-1)!, asked] as ControlledEvaluateInputItem];
      const next = (await this.#sequence.controlledEvaluate(input, { contextShift: noShift })).at(-1)?.next;
      if (next?.token === null || next?.token === undefined || next.totalLogitWeight === undefined)
        throw new ModelError("E_ENGINE", "the runtime gave no token where one was asked for");
      if (this.#sequence.model.isEogToken(next.token)) return;
      // The best token's weight is the unit of the total.
      logp.push(-Math.log(next.totalLogitWeight));
      yield next.token;
      rest = [next.token];
    }
  }

  async #load(prefix: readonly number[]): Promise<boolean> {
    const path = await this.#store?.find(prefix);
    if (path === undefined) return false;
    try {
      await this.#sequence.clearHistory();
      await this.#sequence.loadStateFromFile(path, { acceptRisk: true });
      return this.holds(prefix, prefix.length) && this.#sequence.nextTokenIndex === prefix.length;
    } catch {
      return false;
    }
  }

  /** Cuts the state back to at most `length` tokens that agree with `tokens`. */
  async #rewind(tokens: readonly number[], length: number): Promise<void> {
    if (length < this.#prompt.length) this.#prompt = [];
    await this.#sequence.adaptStateToTokens(tokens.slice(0, Math.max(0, length)) as Token[], false);
  }

  /**
   * Evaluates in passes of a fixed size, so that a long text shows signs of life and can be given up in between.
   * `leave` tokens at the end may be left to the caller's own pass.
   */
  async #evaluate(tokens: readonly number[], pass: Pass, leave = 0): Promise<void> {
    while (tokens.length - this.#sequence.nextTokenIndex > leave) {
      const start = this.#sequence.nextTokenIndex;
      const part = tokens.slice(start, start + PASS_TOKENS) as Token[];
      await this.#sequence.evaluateWithoutGeneratingNewTokens(part, { contextShift: noShift });
      this.evaluated += part.length;
      pass.done();
    }
  }
}

/** Lengths are checked before; should one slip through, it is an error and never a silently shortened prompt. */
const noShift = {
  strategy: (): never => {
    throw new ModelError("E_TOO_LONG", "the context is full; Pawl never lets the runtime shift a prompt out of it");
  },
};
