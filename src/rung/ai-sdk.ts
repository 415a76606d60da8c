/** Any language model of the AI SDK as a rung, for the vendors that Pawl speaks no wire of. */

import type { Reply } from "../core/answer.ts";
import { ModelError, UsageError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { Question } from "../core/question.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
import { plain } from "../wire/quirks.ts";
import { wires } from "../wire/wires.ts";
import { type AiSdkCall, type AiSdkModel, backendErrorOf, bodyOf, callOf, tooSlow } from "./ai-sdk-model.ts";
import { BrokenRung } from "./broken-rung.ts";
import { askUpward } from "./remote-asking.ts";
import type { Carrier, Send } from "./remote-call.ts";
import { Health } from "./remote-health.ts";
import { type UpwardOptions, type UpwardSettings, upwardFields, upwardSettings } from "./remote-options.ts";
import type { DecideContext, OpenNeeds, Rung } from "./rung.ts";
import { UpwardVersion } from "./upward-version.ts";

export type { AiSdkModel } from "./ai-sdk-model.ts";

export interface AiSdkOptions extends UpwardOptions {
  /** Room for a thought beside the answer, in tokens. Default 1,024. */
  readonly thinkingTokens?: number;
  /** Handed to the provider as they are, such as `{ openai: { reasoningEffort: "low" } }`. */
  readonly providerOptions?: { readonly [provider: string]: { readonly [option: string]: Json } };
}

/**
 * A rung over an AI SDK model. It is never local and, without a price, unpriced: where it sends a text, and what that
 * costs, only the model knows. It is asked once a question: retries are for the model's own middleware. Throws a
 * `UsageError` (`E_CONFIG`).
 */
export function aiSdk(model: AiSdkModel, options: AiSdkOptions = {}): Rung {
  const { provider, modelId } = checked(model);
  const name = `ai-sdk:${provider}/${modelId}`;
  const { thinkingTokens = 1024, providerOptions = {}, ...upward } = options;
  refuseUnknown("E_CONFIG", name, options, ["thinkingTokens", "providerOptions", ...upwardFields]);
  // Azure's deployments, for one, have names of their own: another name is no other model.
  const quirks = { ...plain, logprobs: "none", strictSchema: true, freeNames: true, thinkingTokens } as const;
  const settings = upwardSettings(name, upward, {
    name,
    host: provider,
    model: modelId,
    quirks,
    isLocal: false,
    hasProbabilities: false,
    refusesTemperature: false,
  });
  return new AiSdkRung(model, settings, providerOptions);
}

class AiSdkRung implements Rung {
  readonly name: string;
  readonly local = false;
  readonly mostCost: number | null;
  readonly acceptAt: number | null;
  readonly #model: AiSdkModel;
  readonly #settings: UpwardSettings;
  readonly #providerOptions: NonNullable<AiSdkOptions["providerOptions"]>;
  readonly #version: UpwardVersion;
  readonly #health = new Health();
  #needs: OpenNeeds | null = null;

  constructor(
    model: AiSdkModel,
    settings: UpwardSettings,
    providerOptions: NonNullable<AiSdkOptions["providerOptions"]>,
  ) {
    this.#model = model;
    this.#settings = settings;
    this.#providerOptions = providerOptions;
    this.#version = new UpwardVersion(settings, { providerOptions });
    this.name = settings.name;
    this.mostCost = settings.mostCost;
    this.acceptAt = settings.acceptAt;
  }

  async open(needs: OpenNeeds): Promise<void> {
    this.#needs = needs;
  }

  version(): string {
    return this.#version.key(this.#needs?.notes);
  }

  async decide(question: Question, context: DecideContext): Promise<Reply> {
    if (!this.#needs) throw new ModelError("E_NOT_OPEN", `${this.name} was asked before it was opened`);
    const { calls, currency = "USD", notes } = this.#needs;
    const { price } = this.#settings;
    const { salt } = this.#version;
    const carrier: Carrier = { send: this.#send, calls, price, currency, isPaid: true, hasIdempotency: false, salt };
    const { reply, failure, model } = await askUpward(question, context, wires.chat, this.#settings, carrier);
    this.#version.remember(notes, model);
    if (this.#health.isBroken(failure)) throw BrokenRung.by(failure, this.name, reply);
    return reply;
  }

  readonly #send: Send = async (request, { signal }) => {
    const { timeoutSeconds } = this.#settings;
    const begun = performance.now();
    const limit = AbortSignal.timeout(timeoutSeconds * 1000);
    const either = AbortSignal.any([signal, limit]);
    const providerOptions = this.#providerOptions as AiSdkCall["providerOptions"];
    const call = { ...callOf(request), ...(providerOptions && { providerOptions }), abortSignal: either };
    try {
      // A model that does not listen to its signal is not waited for either.
      const result = await Promise.race([this.#model.doGenerate(call), aborted(either)]);
      return { body: bodyOf(result), milliseconds: performance.now() - begun, faults: [] };
    } catch (thrown) {
      signal.throwIfAborted();
      if (limit.aborted) throw tooSlow(this.name, timeoutSeconds);
      throw backendErrorOf(thrown, this.name);
    }
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

function checked(model: AiSdkModel): AiSdkModel {
  const isModel = typeof model === "object" && model !== null && typeof model.doGenerate === "function";
  if (isModel && model.specificationVersion === "v4") return model;
  const what = isModel ? `one of specification ${model.specificationVersion}` : typeof model;
  throw new UsageError("E_CONFIG", `aiSdk takes a language model of AI SDK 7 (specification v4), not ${what}`);
}
