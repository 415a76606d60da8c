/** The embedded chat model as a rung: closed questions by reading, arguments and fields by filling, text by writing. */

import { basename } from "node:path";
import type { Reply } from "../core/answer.ts";
import { ModelError, PawlError } from "../core/errors.ts";
import type { Question } from "../core/question.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
import type { ChatEngine } from "../engine/engine.ts";
import { Asking } from "./model-asking.ts";
import { Priors } from "./model-prior.ts";
import { prefixOf } from "./model-prompt.ts";
import type { DecideContext, OpenNeeds, Rung } from "./rung.ts";

export interface ModelRungOptions {
  /**
   * Least confidence that stands. The default, 0.9, is only careful: it was not chosen on your data, and a small
   * model's probability is not a calibrated one. Choose it on labelled items.
   */
  readonly acceptAt?: number;
  /** Context in tokens for one question: instructions, item and answer. Default 2,048. */
  readonly contextTokens?: number;
  /** Whether each option's mean log-probability is taken off (from 30 items on). Default true. */
  readonly prior?: boolean;
  /** Most tokens that the values of one extraction or tool call may have together. Default 256. */
  readonly maxTokens?: number;
  /** An engine that is open already. It is not closed with the rung. */
  readonly engine?: ChatEngine;
}

/** A rung over a chat model by catalogue name or by the path of a GGUF. */
export function model(nameOrPath: string, options: ModelRungOptions = {}): Rung {
  const known = ["acceptAt", "contextTokens", "prior", "maxTokens", "engine"];
  refuseUnknown("E_CONFIG", `model("${nameOrPath}")`, options, known);
  return new ModelRung(nameOrPath, options);
}

class ModelRung implements Rung {
  readonly name: string;
  readonly local = true;
  readonly mostCost = 0;
  readonly acceptAt: number;
  readonly #nameOrPath: string;
  readonly #options: ModelRungOptions;
  #engine: ChatEngine | undefined;
  #release: () => Promise<void> = async () => {};
  #priors: Priors | null = null;

  constructor(nameOrPath: string, options: ModelRungOptions) {
    this.#nameOrPath = nameOrPath;
    this.#options = options;
    this.name = `model:${shortName(nameOrPath)}`;
    this.acceptAt = options.acceptAt ?? 0.9;
  }

  async open(needs: OpenNeeds): Promise<void> {
    this.#priors = this.#options.prior === false ? null : new Priors(needs.notes);
    if (this.#options.engine) {
      this.#engine = this.#options.engine;
      return;
    }
    // Loaded here and not with the module: a config that names a model must stay quick to import.
    const [{ openModelFile }, { openChat }, { holdEngine }] = await Promise.all([
      import("./model-file.ts"),
      import("../engine/chat.ts"),
      import("../engine/shared.ts"),
    ]);
    const { path, name, digest } = await openModelFile(this.#nameOrPath, needs.say);
    const { contextTokens } = this.#options;
    const context = contextTokens === undefined ? {} : { contextTokens };
    const held = await holdEngine(`chat ${path} ${contextTokens}`, () => openChat(path, { name, digest, ...context }));
    this.#engine = held.engine;
    this.#release = held.release;
  }

  async close(): Promise<void> {
    this.#engine = undefined;
    await this.#release();
  }

  async decide(question: Question, context: DecideContext): Promise<Reply> {
    const engine = this.#engine;
    if (!engine) throw new ModelError("E_NOT_OPEN", `${this.name} was asked before it was opened`);
    const asking = new Asking(question, context, {
      rung: this.name,
      engine,
      priors: this.#priors,
      maxTokens: this.#options.maxTokens ?? 256,
    });
    try {
      return await asking.answer(await engine.prepare(prefixOf(question)));
    } catch (thrown) {
      const reason = expected(thrown);
      if (reason === null) throw thrown;
      return { kind: "escalated", reason, usage: asking.usage };
    }
  }
}

/** Trouble that a single question can have. Anything else means that the rung as a whole is broken. */
function expected(thrown: unknown): string | null {
  const codes = ["E_TOO_LONG", "E_SCHEMA_UNSUPPORTED", "E_NO_VALUE", "E_CHOICES", "E_PREFIX", "E_ENGINE_STUCK"];
  return thrown instanceof PawlError && codes.includes(thrown.code) ? `${thrown.message} (${thrown.code})` : null;
}

/** A path is named by its file, so that a rung is called the same on every machine. */
function shortName(nameOrPath: string): string {
  return basename(nameOrPath).replace(/\.gguf$/i, "");
}
