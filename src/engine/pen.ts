/** Writes an answer behind a prompt, partly the host's text and partly the model's. */

import { ModelError } from "../core/errors.ts";
import { pathsBehind } from "./choice-paths.ts";
import type { Loaded } from "./load.ts";
import type { Pass } from "./pass.ts";
import type { Prompter } from "./prompt.ts";
import { readBack, reader } from "./reading.ts";
import type { Slot } from "./slot.ts";
import { type Scored, type ScoreOptions, scorePaths } from "./trie.ts";

/** What filling needs of a model; a script stands in for it in tests. */
export interface Pen {
  /** Tokens that the context still has room for. */
  readonly room: number;
  /** Text that the host writes. */
  put(text: string): void;
  /**
   * Raw log-probability of each text as what comes next behind `lead`; nothing is written, the lead neither. Of each
   * text only as much is read as tells it from the others, and of those that cannot win nothing, unless `how` says so.
   */
  weigh(texts: readonly string[], lead?: string, how?: Pick<ScoreOptions, "every" | "whole">): Promise<Weighed>;
  /** The model writes in this form, until it is closed or for `limit` tokens. What closes it is left out. */
  write(form: Form, limit: number): Promise<Piece>;
}

export type Weighed = Pick<Scored, "logp" | "exact" | "unread">;

export interface Form {
  /** GBNF. */
  readonly grammar: string;
  /** Whether a text ends with the one letter that closes it. */
  closes(text: string): boolean;
  /**
   * Where in a text what closes it begins, `open` as long as it may go on, `broken` where it is not in this form. Given
   * where that can be said without a grammar: the model is then let write freely and held only if it leaves the form.
   */
  readonly ends?: ((text: string) => number | "open" | "broken") | undefined;
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

  get room(): number {
    return this.#slot.room - this.#tokens.length - this.#prompter.plain(this.#text).length;
  }

  async weigh(texts: readonly string[], lead = "", how: ScoreOptions = {}): Promise<Weighed> {
    const before = this.#text + lead;
    const alone = this.#prompter.plain(before);
    const each = texts.map((text) => this.#prompter.plain(before + text));
    const { stem, paths } = pathsBehind(alone, each);
    const base = [...this.#tokens, ...stem];
    return await scorePaths(paths, reader(this.#slot, base, base.length - 1, this.#pass), how);
  }

  async write(form: Form, limit: number): Promise<Piece> {
    const base = [...this.#tokens, ...this.#prompter.plain(this.#text)];
    const { ends } = form;
    const free = ends ? await this.#freely(ends, base, limit) : { inVain: 0 };
    if (!("inVain" in free)) return free;
    const piece = await this.#heldTo(form, base, Math.max(1, limit - free.inVain));
    return { ...piece, tokens: piece.tokens + free.inVain };
  }

  /** Lets the model write as it would: one pass a token, each in vain if it leaves the form. */
  async #freely(
    ends: NonNullable<Form["ends"]>,
    base: readonly number[],
    limit: number,
  ): Promise<Piece | { readonly inVain: number }> {
    const textOf = this.#textBehind(base);
    const stop = (sofar: readonly number[]) => ends(textOf(sofar)) !== "open";
    const { written, ended, logp } = await this.#slot.write(base, limit, undefined, stop, this.#pass);
    const text = textOf(written);
    const end = ends(text);
    if (end === "broken" || (end === "open" && ended) || logp === null) return { inVain: written.length };
    const inside = end === "open" ? text : text.slice(0, end);
    const clean = written.findLastIndex((_, at) => textOf(written.slice(0, at + 1)).length <= inside.length) + 1;
    const isClean = textOf(written.slice(0, clean)) === inside;
    // A token that holds both the value's end and what closes it counts: without it the value would be another.
    const own = logp.slice(0, isClean ? clean : clean + 1);
    this.#settle([...base, ...(isClean ? written.slice(0, clean) : this.#prompter.plain(inside))]);
    return { text: inside, logp: sumOf(own), tokens: written.length, whole: end !== "open" };
  }

  /** Lets the model write what the grammar allows, and reads its tokens again for what they really are worth. */
  async #heldTo({ grammar, closes }: Form, base: readonly number[], limit: number): Promise<Piece> {
    const { llama, model, runtime } = this.#loaded;
    const state = await llama.createGrammar({ grammar }).then(
      (parsed) => new runtime.LlamaGrammarEvaluationState({ model, grammar: parsed }),
      (thrown) => {
        throw new ModelError("E_NO_VALUE", "the pattern is too large for a grammar", { cause: thrown, value: grammar });
      },
    );
    const textOf = this.#textBehind(base);
    const stop = (sofar: readonly number[]) => closes(textOf(sofar));
    const { written, ended } = await this.#slot.write(base, limit, state, stop, this.#pass);
    const text = textOf(written);
    // What closes a value is the host's to write: it is neither part of the value nor of its confidence.
    const isClosed = closes(text);
    const inside = isClosed ? text.slice(0, -1) : text;
    const isClean = !isClosed || textOf(written.slice(0, -1)) === inside;
    const own = isClosed && isClean ? written.slice(0, -1) : written;
    const logp = sumOf(await readBack(this.#slot, base, own, this.#pass));
    this.#settle([...base, ...(isClean ? own : this.#prompter.plain(inside))]);
    return { text: inside, logp, tokens: written.length, whole: ended };
  }

  #settle(tokens: readonly number[]): void {
    this.#tokens = tokens;
    this.#text = "";
  }

  #textBehind(base: readonly number[]): (written: readonly number[]) => string {
    return (written) => this.#loaded.model.detokenize(written as never, false, base.slice(-4) as never);
  }
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
