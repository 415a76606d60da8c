/** Writes an answer behind a prompt, partly the host's text and partly the model's. */

import type { Loaded } from "./load.ts";
import type { Pass } from "./pass.ts";
import type { Prompter } from "./prompt.ts";
import { commonLength, readBack, reader } from "./reading.ts";
import type { Slot } from "./slot.ts";
import { scorePaths } from "./trie.ts";

/** What filling needs of a model; a script stands in for it in tests. */
export interface Pen {
  /** Text that the host writes. */
  put(text: string): void;
  /** Raw log-probability of each text as what comes next; nothing is written yet. */
  weigh(texts: readonly string[]): Promise<readonly number[]>;
  /**
   * The model writes within a GBNF grammar, until `closed` says that the text ends with the one letter that closes
   * it, or for `limit` tokens. That letter is left out of what comes back.
   */
  write(grammar: string, closed: (text: string) => boolean, limit: number): Promise<Piece>;
}

export interface Piece {
  readonly text: string;
  /** Sum of the raw log-probabilities of its tokens. */
  readonly logp: number;
  readonly tokens: number;
  /** False where the limit came first. */
  readonly whole: boolean;
}

export class ModelPen implements Pen {
  readonly #loaded: Loaded;
  readonly #prompter: Prompter;
  readonly #slot: Slot;
  readonly #pass: Pass;
  /** Settled; what follows them is still text, so that it is tokenised together with what comes next. */
  #tokens: readonly number[];
  #text: string;

  constructor(loaded: Loaded, prompter: Prompter, slot: Slot, tokens: readonly number[], text: string, pass: Pass) {
    this.#loaded = loaded;
    this.#prompter = prompter;
    this.#slot = slot;
    this.#tokens = tokens;
    this.#text = text;
    this.#pass = pass;
  }

  put(text: string): void {
    this.#text += text;
  }

  async weigh(texts: readonly string[]): Promise<readonly number[]> {
    const alone = this.#prompter.plain(this.#text);
    const whole = texts.map((text) => this.#prompter.plain(this.#text + text));
    const stem = alone.slice(0, Math.min(alone.length, ...whole.map((path) => commonLength(alone, path))));
    const base = [...this.#tokens, ...stem];
    const paths = whole.map((path) => path.slice(stem.length));
    return await scorePaths(paths, reader(this.#slot, base, base.length - 1, this.#pass));
  }

  async write(grammar: string, closed: (text: string) => boolean, limit: number): Promise<Piece> {
    const { llama, model, runtime } = this.#loaded;
    const base = [...this.#tokens, ...this.#prompter.plain(this.#text)];
    const state = new runtime.LlamaGrammarEvaluationState({ model, grammar: await llama.createGrammar({ grammar }) });
    const textOf = (written: readonly number[]) => model.detokenize(written as never, false, base.slice(-4) as never);
    const { written, ended } = await this.#slot.write(base, limit, state, (soFar) => closed(textOf(soFar)), this.#pass);
    const text = textOf(written);
    // What closes a value is the host's to write: it is neither part of the value nor of its confidence.
    const ends = closed(text);
    const inside = ends ? text.slice(0, -1) : text;
    const own = ends && textOf(written.slice(0, -1)) === inside ? written.slice(0, -1) : written;
    const found = await readBack(this.#slot, base, own, this.#pass);
    this.#tokens = own === written && ends ? [...base, ...this.#prompter.plain(inside)] : [...base, ...own];
    this.#text = "";
    return {
      text: inside,
      logp: found.reduce((sum, value) => sum + value, 0),
      tokens: written.length,
      whole: ended,
    };
  }
}
