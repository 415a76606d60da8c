/** A chat model as a rung, embedded or on a server: closed questions by reading, arguments and fields by filling, text by writing. */

import { basename } from "node:path";
import type { Evidence, Reply } from "../core/answer.ts";
import { ModelError, PawlError, UsageError } from "../core/errors.ts";
import type { Question } from "../core/question.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
import type { ChatEngine } from "../engine/engine.ts";
import type { LlamaServerOptions } from "../engine/llama-server.ts";
import { textToVector } from "../vectors/packed.ts";
import { type ExamplesOptions, StepExamples } from "./examples.ts";
import { learnedReply, notClosed } from "./learned-reply.ts";
import { addressesOf, isLoopback } from "./model-address.ts";
import { Asking } from "./model-asking.ts";
import { Codes } from "./model-codes.ts";
import { PRIOR_UNTIL, Priors } from "./model-prior.ts";
import type { DecideContext, Features, Notes, OpenNeeds, Rung } from "./rung.ts";

export interface ModelRungOptions {
  /**
   * Least confidence that stands. The default, 0.9, is only careful: it was not chosen on your data, and a small
   * model's probability is not a calibrated one. Choose it on labelled items.
   */
  readonly acceptAt?: number;
  /** Context in tokens for one question: instructions, item and answer. Default 2,048; a server's own. */
  readonly contextTokens?: number;
  /** Whether each option's mean log-probability is taken off (from 30 items on). Default true. */
  readonly prior?: boolean;
  /** Most tokens that the values of one extraction or tool call may have together. Default 256. */
  readonly maxTokens?: number;
  /**
   * Where the best option leads by less than this many nats, the options are read in the opposite order too and the
   * two are averaged: a small model likes what stands first. Such items cost twice. Default 0, never.
   */
  readonly orderMargin?: number;
  /**
   * Whether options that begin alike, or have no short name, may be offered by letters, if the model is found to follow
   * letters. A model is asked that once, with questions whose answers are known. Default true.
   */
  readonly letters?: boolean;
  /**
   * Labelled texts by the name of their step, such as `{ of: { team: [{ text, answer }] } }`: the `count` nearest to an
   * item (by the `encoder`) are shown before it. Each makes an item longer by its own tokens. Only for closed questions.
   */
  readonly examples?: ExamplesOptions;
  /** Also reads 512 numbers of the same pass that a learned head can learn from (1,024 bytes a step). Default false. */
  readonly sketch?: boolean;
  /** For a model on a server: its key, how long to wait for it, how much of each reading it sends. */
  readonly server?: Omit<LlamaServerOptions, "contextTokens">;
  /** An engine that is open already. It is not closed with the rung. */
  readonly engine?: ChatEngine;
}

/**
 * A rung over a chat model: by catalogue name, by the path of a GGUF, or by the address of a running llama.cpp server
 * such as `http://gpu-box:8080`; several addresses of one model share the work.
 */
export function model(nameOrPath: string | readonly string[], options: ModelRungOptions = {}): Rung {
  const known = [
    "acceptAt",
    "contextTokens",
    "prior",
    "maxTokens",
    "orderMargin",
    "letters",
    "examples",
    "sketch",
    "server",
    "engine",
  ];
  refuseUnknown("E_CONFIG", `model("${nameOrPath}")`, options, known);
  if (options.server && !addressesOf(nameOrPath))
    throw new UsageError("E_CONFIG", `model("${nameOrPath}"): the option "server" is for a model with an address`);
  return new ModelRung(nameOrPath, options);
}

class ModelRung implements Rung {
  readonly name: string;
  readonly local: boolean;
  /** A llama.cpp server asks for no money: what its machine costs does not depend on the reply. */
  readonly mostCost = 0;
  readonly acceptAt: number;
  /** A head learns from the sketch, where one is read. */
  readonly learns?: "features";
  readonly #nameOrPath: string | readonly string[];
  readonly #options: ModelRungOptions;
  #engine: ChatEngine | undefined;
  #release: () => Promise<void> = async () => {};
  #priors: Priors | null = null;
  #codes: Codes | null = null;
  #shown: StepExamples | null = null;
  #notes: Notes | null = null;

  constructor(nameOrPath: string | readonly string[], options: ModelRungOptions) {
    this.#nameOrPath = nameOrPath;
    this.#options = options;
    const addresses = addressesOf(nameOrPath);
    this.local = addresses?.every(isLoopback) ?? true;
    this.name = `model:${addresses?.map(({ host }) => host) ?? shortName(String(nameOrPath))}`;
    this.acceptAt = options.acceptAt ?? 0.9;
    if (options.sketch) this.learns = "features";
  }

  async open(needs: OpenNeeds): Promise<void> {
    this.#notes = needs.notes;
    this.#priors = this.#options.prior === false ? null : new Priors(needs.notes);
    this.#engine = this.#options.engine ?? (await this.#load(needs));
    const { examples } = this.#options;
    this.#shown = examples ? await StepExamples.open(examples, needs) : null;
    this.#codes = this.#options.letters === false ? null : new Codes(this.#engine, needs.notes);
  }

  async #load(needs: OpenNeeds): Promise<ChatEngine> {
    const { contextTokens } = this.#options;
    const context = contextTokens === undefined ? {} : { contextTokens };
    const addresses = addressesOf(this.#nameOrPath)?.map(({ href }) => href);
    // Loaded here and not with the module: a config that names a model must stay quick to import.
    const { holdEngine } = await import("../engine/shared.ts");
    const hold = async (key: string, open: () => Promise<ChatEngine>): Promise<ChatEngine> => {
      const held = await holdEngine(`${key} ${contextTokens}`, open);
      this.#release = held.release;
      return held.engine;
    };
    if (addresses) {
      const { openLlamaServer } = await import("../engine/llama-server.ts");
      const { server } = this.#options;
      const key = `server ${addresses} ${JSON.stringify(server)}`;
      return await hold(key, () => openLlamaServer(addresses, { ...server, ...context }));
    }
    const [{ openModelFile }, { openChat }] = await Promise.all([
      import("./model-file.ts"),
      import("../engine/chat.ts"),
    ]);
    const { path, name, digest } = await openModelFile(String(this.#nameOrPath), needs.say);
    return await hold(`chat ${path}`, () => openChat(path, { name, digest, ...context, say: needs.say }));
  }

  async close(): Promise<void> {
    this.#engine = undefined;
    await this.#shown?.close();
    await this.#release();
  }

  version(question: Question): string {
    const { engine, acceptAt, sketch, server, examples, ...prompt } = this.#options;
    const shown = examples ? `examples ${JSON.stringify(examples.of[question.name] ?? [])}` : "";
    const prior = this.#priors ? (this.#notes?.get(this.#priorNote(question)) ?? "learning") : "off";
    const { digest, build = "" } = this.#opened().model;
    return `${digest} ${build} ${JSON.stringify(prompt)} ${shown} prior ${prior}`;
  }

  /** Under which it is noted that a question's prior is frozen: until then each item moves the numbers a little. */
  #priorNote(question: Question): string {
    return `prior-state/${this.name}/${question.version}`;
  }

  /** The sketch of the item and what each option's name had as read; `null` where the question has no closed answer. */
  async features(question: Question, signal: AbortSignal): Promise<Features | null> {
    if (notClosed(question) !== null) return null;
    const reply = await this.#ask(question, { signal, run: "", item: null, suggestion: null, repair: null });
    return reply.kind === "waiting" ? null : featuresIn(reply.evidence);
  }

  async decide(question: Question, context: DecideContext): Promise<Reply> {
    const reply = await this.#ask(question, context);
    const head = context.learned?.(this.name);
    if (!head || reply.kind === "waiting" || notClosed(question) !== null) return reply;
    const features = featuresIn(reply.evidence);
    if (!features) return reply;
    return learnedReply(question, head.decide(question.about, features), reply.evidence ?? {}, reply.usage);
  }

  #opened(): ChatEngine {
    if (!this.#engine) throw new ModelError("E_NOT_OPEN", `${this.name} was asked before it was opened`);
    return this.#engine;
  }

  async #ask(question: Question, context: DecideContext): Promise<Reply> {
    const asking = new Asking(question, context, {
      rung: this.name,
      engine: this.#opened(),
      priors: this.#priors,
      maxTokens: this.#options.maxTokens ?? 256,
      codes: this.#codes,
      examples: this.#shown,
      orderMargin: this.#options.orderMargin ?? 0,
      sketch: this.#options.sketch ?? false,
    });
    try {
      const reply = await asking.answer();
      const seen = reply.kind === "waiting" ? 0 : (reply.evidence?.prior?.items ?? 0);
      if (seen >= PRIOR_UNTIL) this.#freeze(question);
      return reply;
    } catch (thrown) {
      const reason = expected(thrown);
      if (reason === null) throw thrown;
      return { kind: "escalated", reason, usage: asking.usage };
    }
  }

  #freeze(question: Question): void {
    const note = this.#priorNote(question);
    if (this.#notes?.get(note) !== "frozen") this.#notes?.set(note, "frozen");
  }
}

/** What a head learns from: the sketch, then the options' log-probabilities as read. */
function featuresIn(evidence: Evidence | undefined): Features | null {
  const { sketch, logp, options } = evidence ?? {};
  if (sketch === undefined || !logp || !options) return null;
  const values = Float32Array.from([...textToVector(sketch), ...logp]);
  if (!values.every(Number.isFinite)) return null;
  return { values, scaling: "standard", scores: options.map(({ p }) => Math.log(Math.max(p, 1e-9))) };
}

/** Trouble that a single question can have. Anything else means that the rung as a whole is broken. */
function expected(thrown: unknown): string | null {
  const codes = [
    "E_TOO_LONG",
    "E_EMPTY",
    "E_SCHEMA_UNSUPPORTED",
    "E_NO_VALUE",
    "E_FILL_INVALID",
    "E_FILL_TRUNCATED",
    "E_CHOICES",
    "E_PREFIX",
    "E_ENGINE_STUCK",
  ];
  return thrown instanceof PawlError && codes.includes(thrown.code) ? `${thrown.message} (${thrown.code})` : null;
}

/** A path is named by its file, so that a rung is called the same on every machine. */
function shortName(nameOrPath: string): string {
  return basename(nameOrPath).replace(/\.gguf$/i, "");
}
