/** The chat model inside the engine's process: prepares prefixes, scores choices, fills fields, writes text. */

import type { LlamaContext } from "node-llama-cpp";
import { ModelError, UsageError } from "../core/errors.ts";
import type { Filled, Prefix, PrefixId, Score, Written } from "./engine.ts";
import { fillFields } from "./fill.ts";
import { type Loaded, loadModel } from "./load.ts";
import type { Pass } from "./pass.ts";
import { ModelPen } from "./pen.ts";
import { Prompter } from "./prompt.ts";
import { type Behind, type FillArguments, makeRoom, type OpenChat, type Opened } from "./protocol.ts";
import { commonLength, readBack, reader } from "./reading.ts";
import { PASS_TOKENS, Slot } from "./slot.ts";
import { massOf, scorePaths } from "./trie.ts";

/** A prefix in tokens. A prompt is `head`, the item, `tail`, `stem`; the choices' paths go on from there. */
interface Prepared {
  readonly head: readonly number[];
  readonly tail: readonly number[];
  /** What all choices share of the answer's text, at the least the cue but for its last letters. */
  readonly stem: readonly number[];
  readonly paths: readonly (readonly number[])[];
  /** The answer's text as far as it is given: the cue, after what the template begins an answer with. */
  readonly open: string;
}

export class ChatModel {
  readonly opened: Opened;
  readonly #loaded: Loaded;
  readonly #context: LlamaContext;
  readonly #prompter: Prompter;
  readonly #prepared = new Map<PrefixId, Prepared>();
  readonly #slots: Slot[] = [];
  readonly #slotOf = new Map<PrefixId, Slot>();
  readonly #most: number;
  #clock = 0;

  private constructor(loaded: Loaded, context: LlamaContext, most: number) {
    this.#loaded = loaded;
    this.#context = context;
    this.#most = most;
    this.#prompter = new Prompter(loaded.runtime, loaded.model);
    this.opened = { contextTokens: context.contextSize - 1, dimensions: 0, template: this.#prompter.template };
  }

  static async open(sent: OpenChat): Promise<ChatModel> {
    const loaded = await loadModel(sent.path, sent.threads, sent.gpu);
    const { model } = loaded;
    const contextSize = Math.min(sent.contextTokens, model.trainContextSize);
    try {
      const context = await model.createContext({
        contextSize,
        batchSize: Math.min(contextSize, PASS_TOKENS),
        sequences: sent.hotPrefixes,
        threads: { ideal: sent.threads, min: sent.threads },
        // A window that slides would forget the prefix that all items share.
        swaFullCache: true,
      });
      return new ChatModel(loaded, context, sent.hotPrefixes);
    } catch (thrown) {
      throw new ModelError(
        "E_MODEL_FILE",
        `${sent.path}: no context of ${contextSize} tokens for ${sent.hotPrefixes} prefixes can be made: ${String(thrown)}`,
        { cause: thrown, value: sent.path },
      );
    }
  }

  prepare(id: PrefixId, prefix: Prefix): void {
    const { head, tail, open } = this.#prompter.layout(prefix);
    const alone = this.#prompter.plain(open);
    // Tokenised together with the cue: only so is the boundary the one that the model knows.
    const whole = prefix.choices.map((choice) => this.#prompter.plain(open + choice));
    const stem = alone.slice(0, Math.min(alone.length, ...whole.map((path) => commonLength(alone, path))));
    const paths = whole.map((path) => path.slice(stem.length));
    const seen = new Map<string, number>();
    for (const [index, path] of paths.entries()) {
      const twin = seen.get(path.join());
      if (path.length === 0 || twin !== undefined) {
        const why = twin === undefined ? "is empty" : `cannot be told from "${prefix.choices[twin]}"`;
        throw new UsageError("E_CHOICES", `the choice "${prefix.choices[index]}" ${why}`);
      }
      seen.set(path.join(), index);
    }
    makeRoom(this.#prepared);
    this.#prepared.set(id, { head, tail, stem, paths, open });
  }

  async score({ prefix: id, item }: Behind, pass: Pass): Promise<Score> {
    const started = performance.now();
    const prepared = this.#find(id);
    if (prepared.paths.length === 0) throw new UsageError("E_CHOICES", "this prefix was prepared without choices");
    const base = this.#base(prepared, item, longest(prepared.paths));
    const slot = this.#slot(id);
    const before = slot.evaluated;
    await slot.keep(prepared.head, pass);
    const logp = await scorePaths(prepared.paths, reader(slot, base, prepared.head.length, pass));
    return {
      logp,
      mass: massOf(logp),
      basis: "raw",
      newTokens: slot.evaluated - before,
      milliseconds: performance.now() - started,
    };
  }

  async fill({ prefix: id, item, fields, lead, maxTokens }: FillArguments, pass: Pass): Promise<Filled> {
    const started = performance.now();
    const prepared = this.#find(id);
    const opening = this.#prompter.plain(lead).length + JSON.stringify(fields).length / 4;
    const base = this.#base(prepared, item, Math.ceil(opening) + maxTokens);
    const slot = this.#slot(id);
    const before = slot.evaluated;
    await slot.keep(prepared.head, pass);
    const rest = [...prepared.head, ...this.#prompter.plain(item), ...prepared.tail];
    // The item goes through the same pass as in a score, so what follows is the same with or without one before.
    await slot.read(base, prepared.head.length, [], pass);
    const text = prepared.open + lead;
    const pen = new ModelPen(this.#loaded, this.#prompter, slot, rest, text, pass);
    const filled = await fillFields(fields, item, maxTokens, pen, /(^|\s)$/.test(text) ? "" : " ");
    return {
      ...filled,
      newTokens: slot.evaluated - before,
      milliseconds: performance.now() - started,
    };
  }

  async write({ prefix: id, item, maxTokens }: Behind & { readonly maxTokens: number }, pass: Pass): Promise<Written> {
    const started = performance.now();
    const prepared = this.#find(id);
    const base = this.#base(prepared, item, maxTokens);
    const slot = this.#slot(id);
    const before = slot.evaluated;
    await slot.keep(prepared.head, pass);
    const { model } = this.#loaded;
    const { written, ended } = await slot.write(base, maxTokens, undefined, () => false, pass);
    const found = await readBack(slot, base, written, pass);
    return {
      text: model.detokenize(written as never, false, base.slice(-8) as never).trim(),
      truncated: !ended,
      confidence: written.length === 0 ? null : Math.exp(found.reduce((sum, value) => sum + value, 0) / written.length),
      newTokens: slot.evaluated - before,
      outputTokens: written.length,
      milliseconds: performance.now() - started,
    };
  }

  measure({ prefix: id, item }: Behind): { tokens: number; limit: number } {
    const prepared = this.#find(id);
    return { tokens: this.#prompter.plain(item).length, limit: this.#limit(prepared, longest(prepared.paths)) };
  }

  /** The whole prompt in tokens. Rejects an item that does not fit, before anything is evaluated. */
  #base(prepared: Prepared, item: string, answer: number): number[] {
    const tokens = this.#prompter.plain(item);
    const limit = this.#limit(prepared, answer);
    if (tokens.length > limit) {
      throw new ModelError(
        "E_TOO_LONG",
        `the item has ${tokens.length} tokens and this question leaves room for ${limit} (context ${this.opened.contextTokens})`,
        { value: { tokens: tokens.length, limit } },
      );
    }
    return [...prepared.head, ...tokens, ...prepared.tail, ...prepared.stem];
  }

  #limit({ head, tail, stem }: Prepared, answer: number): number {
    return Math.max(0, this.#context.contextSize - 1 - head.length - tail.length - stem.length - answer);
  }

  #find(id: PrefixId): Prepared {
    const prepared = this.#prepared.get(id);
    if (!prepared) throw new ModelError("E_PREFIX", `no prefix ${id} was prepared`);
    return prepared;
  }

  /** The slot that keeps this prefix: its own, a new one, or the one that was not used for longest. */
  #slot(id: PrefixId): Slot {
    let slot = this.#slotOf.get(id);
    if (!slot && this.#slots.length < this.#most) {
      slot = new Slot(this.#context.getSequence());
      this.#slots.push(slot);
    }
    if (!slot) {
      slot = this.#slots.reduce((oldest, other) => (other.lastUsed < oldest.lastUsed ? other : oldest));
      for (const [other, kept] of this.#slotOf) if (kept === slot) this.#slotOf.delete(other);
    }
    this.#slotOf.set(id, slot);
    slot.lastUsed = ++this.#clock;
    return slot;
  }
}

function longest(paths: readonly (readonly number[])[]): number {
  return paths.reduce((most, path) => Math.max(most, path.length), 0);
}
