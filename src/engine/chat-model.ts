/** The chat model inside the engine's process: prepares prefixes, scores choices, fills fields, writes text. */

import type { LlamaContext } from "node-llama-cpp";
import { ModelError, UsageError } from "../core/errors.ts";
import { makeRoom } from "../core/make-room.ts";
import { longest, pathsBehind, refuseTwins } from "./choice-paths.ts";
import { Draft } from "./draft.ts";
import type { Filled, Prefix, PrefixId, Score, Written } from "./engine.ts";
import { fillFields, gapBehind } from "./fill.ts";
import { type Loaded, loadModel } from "./load.ts";
import type { Pass } from "./pass.ts";
import { ModelPen } from "./pen.ts";
import { PrefixStore } from "./prefix-store.ts";
import { findPrepared, itemLimit, type Prepared, promptOf } from "./prepared.ts";
import { probe } from "./probe.ts";
import { Prompter } from "./prompt.ts";
import {
  type Behind,
  type FillArguments,
  MOST_PREFIXES,
  type OpenChat,
  type Opened,
  type ScoreArguments,
  type WriteArguments,
} from "./protocol.ts";
import { reader } from "./reading.ts";
import { PASS_TOKENS, Slot } from "./slot.ts";
import { type ReadPath, scorePaths } from "./trie.ts";
import type { Tuning } from "./tuning.ts";
import { sketchTokens, vocabularySize } from "./vocabulary.ts";

export class ChatModel {
  readonly opened: Opened;
  readonly #loaded: Loaded;
  readonly #context: LlamaContext;
  readonly #prompter: Prompter;
  readonly #prepared = new Map<PrefixId, Prepared>();
  readonly #slots: Slot[] = [];
  readonly #slotOf = new Map<PrefixId, Slot>();
  readonly #most: number;
  readonly #tuning: Tuning;
  readonly #store: PrefixStore | undefined;
  readonly #sketch: readonly number[];
  #clock = 0;

  private constructor(loaded: Loaded, context: LlamaContext, sent: OpenChat, tuning: Tuning, bytes: number) {
    this.#loaded = loaded;
    this.#context = context;
    this.#most = sent.hotPrefixes;
    this.#tuning = tuning;
    // The kernel decides how keys and values lie in memory.
    const layout = [String(tuning.flashAttention), String(loaded.llama.gpu)];
    this.#store = sent.prefixes ? new PrefixStore(sent.prefixes.folder, [...sent.prefixes.key, ...layout]) : undefined;
    this.#sketch = sketchTokens(vocabularySize(loaded.model));
    this.#prompter = new Prompter(loaded.runtime, loaded.model);
    const { template } = this.#prompter;
    this.opened = {
      contextTokens: context.contextSize - 1,
      dimensions: 0,
      template,
      bytes,
      gpu: loaded.llama.gpu,
      tuning,
    };
  }

  static async open(sent: OpenChat): Promise<ChatModel> {
    const loaded = await loadModel(sent.path, sent.threads, sent.gpu);
    const { model } = loaded;
    const contextSize = Math.min(sent.contextTokens, model.trainContextSize);
    const tuning = sent.tuning ?? (await probe(loaded, sent.threads));
    try {
      const context = await model.createContext({
        contextSize,
        batchSize: Math.min(contextSize, PASS_TOKENS),
        sequences: sent.hotPrefixes,
        threads: { ideal: tuning.threads, min: tuning.threads },
        flashAttention: tuning.flashAttention,
        // A window that slides would forget the prefix that all items share.
        swaFullCache: true,
      });
      // The room for prompts is taken as it is filled, so it cannot be measured yet.
      const room = await model.fileInsights.estimateContextResourceRequirementsV2({
        contextSize: context.contextSize,
        sequences: sent.hotPrefixes,
        modelGpuLayers: model.gpuLayers,
        flashAttention: tuning.flashAttention,
        swaFullCache: true,
      });
      return new ChatModel(loaded, context, sent, tuning, model.size + room.cpuRam);
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
    const whole = prefix.choices.map((choice) => this.#prompter.plain(open + choice));
    const { stem, paths } = pathsBehind(alone, whole);
    refuseTwins(paths, prefix.choices);
    makeRoom(this.#prepared, MOST_PREFIXES);
    this.#prepared.set(id, { head, tail, stem, paths, open });
  }

  async score({ prefix: id, item, bias, every, sketch }: ScoreArguments, pass: Pass): Promise<Score> {
    const started = performance.now();
    const prepared = findPrepared(this.#prepared, id);
    if (prepared.paths.length === 0) throw new UsageError("E_CHOICES", "this prefix was prepared without choices");
    const base = this.#base(prepared, item, longest(prepared.paths));
    const slot = this.#slot(id);
    const before = slot.evaluated;
    await slot.keep(prepared.head, pass);
    const read = reader(slot, base, prepared.head.length, pass);
    let seen: readonly number[] | undefined;
    // The sketch is read where the choices' first tokens are: behind the cue, in the same pass.
    const reading: ReadPath = async ({ path, after }) => {
      if (!sketch || seen) return await read({ path, after });
      const [first = [], ...rest] = after;
      const [values = [], ...more] = await read({ path, after: [[...first, ...this.#sketch], ...rest] });
      seen = values.slice(first.length);
      return [values.slice(0, first.length), ...more];
    };
    const { logp, exact, unread, mass } = await scorePaths(prepared.paths, reading, { bias: bias ?? undefined, every });
    return {
      logp,
      exact,
      unread,
      mass: mass[0],
      massInterval: mass,
      basis: this.#tuning.raw ? "raw" : "constrained",
      ...(seen ? { sketch: Float32Array.from(seen) } : {}),
      shape: this.#shape(base.length - prepared.head.length),
      newTokens: slot.evaluated - before,
      milliseconds: performance.now() - started,
    };
  }

  async fill({ prefix: id, item, fields, lead, maxTokens }: FillArguments, pass: Pass): Promise<Filled> {
    const started = performance.now();
    const prepared = findPrepared(this.#prepared, id);
    const base = this.#base(prepared, item, this.#prompter.plain(lead).length + maxTokens);
    const slot = this.#slot(id);
    const before = slot.evaluated;
    const rest = [...prepared.head, ...this.#prompter.plain(item), ...prepared.tail];
    // The item goes through the same pass as in a score, so what follows is the same with or without one before.
    await slot.keepPrompt(base, prepared.head, pass);
    const text = prepared.open + lead;
    const pen = new ModelPen(this.#loaded, this.#prompter, slot, rest, text, pass);
    const filled = await fillFields(fields, item, maxTokens, pen, gapBehind(text));
    return {
      ...filled,
      newTokens: slot.evaluated - before,
      milliseconds: performance.now() - started,
    };
  }

  async write({ prefix: id, item, maxTokens, stop, streamed }: WriteArguments, pass: Pass): Promise<Written> {
    const started = performance.now();
    const prepared = findPrepared(this.#prepared, id);
    const base = this.#base(prepared, item, maxTokens);
    const slot = this.#slot(id);
    const before = slot.evaluated;
    await slot.keepPrompt(base, prepared.head, pass);
    const { model } = this.#loaded;
    const draft = new Draft(stop, streamed ? (text) => pass.wrote(text) : undefined);
    const textOf = (written: readonly number[]) => model.detokenize(written as never, false, base.slice(-8) as never);
    const stopped = (written: readonly number[]) => draft.grow(textOf(written));
    const { written, ended, logp } = await slot.write(base, maxTokens, undefined, stopped, pass);
    const text = draft.end(textOf(written));
    return {
      text: text.trim(),
      truncated: !ended,
      // The geometric mean: a long text is not less sure for being long.
      confidence: logp?.length ? Math.exp(logp.reduce((sum, value) => sum + value, 0) / logp.length) : null,
      newTokens: slot.evaluated - before,
      outputTokens: written.length,
      milliseconds: performance.now() - started,
    };
  }

  measure({ prefix: id, item }: Behind): { tokens: number; limit: number } {
    const prepared = findPrepared(this.#prepared, id);
    const limit = itemLimit(prepared, this.opened.contextTokens, longest(prepared.paths));
    return { tokens: this.#prompter.plain(item).length, limit };
  }

  /** The whole prompt in tokens. Rejects an item that does not fit, before anything is evaluated. */
  #base(prepared: Prepared, item: string, answer: number): number[] {
    return promptOf(prepared, this.#prompter.plain(item), this.opened.contextTokens, answer);
  }

  #shape(rows: number): string {
    const { threads, flashAttention } = this.#tuning;
    return `${rows} rows, ${threads} ${threads === 1 ? "thread" : "threads"}${flashAttention ? ", flash attention" : ""}`;
  }

  /** The slot that keeps this prefix: its own, a new one, or the one that was not used for longest. */
  #slot(id: PrefixId): Slot {
    let slot = this.#slotOf.get(id);
    if (!slot && this.#slots.length < this.#most) {
      slot = new Slot(this.#context.getSequence(), this.#store);
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
