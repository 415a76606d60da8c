/** A model on a server that is asked by the provider's batches: its answers come within a day, at a lower price. */

import type { Reply } from "../core/answer.ts";
import { ModelError, UsageError } from "../core/errors.ts";
import { textKey } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import type { Question } from "../core/question.ts";
import { noUsage } from "../core/usage.ts";
import type { PaidCalls } from "../ledger/ledger.ts";
import { openBackend } from "../net/http-backend.ts";
import { costOf, type Price } from "../wire/price.ts";
import type { WireRequest } from "../wire/wire.ts";
import { wires } from "../wire/wires.ts";
import { anthropicBatches } from "./batch-anthropic.ts";
import type { BatchApi, Batches } from "./batch-api.ts";
import { openaiBatches } from "./batch-openai.ts";
import { askUpward } from "./remote-asking.ts";
import type { Carrier, Sent } from "./remote-call.ts";
import { type RemoteOptions, type RemoteSettings, remoteSettings } from "./remote-options.ts";
import type { DecideContext, OpenNeeds, Rung } from "./rung.ts";
import { type UpwardVersion, versionAt } from "./upward-version.ts";

export interface BatchedOptions extends Omit<RemoteOptions, "votes" | "requestsPerMinute" | "tokensPerMinute"> {
  /** What a call costs by batch, as a share of `price`. Default 0.5. */
  readonly batchShare?: number;
}

/**
 * A rung for what can wait: the question is queued, the run waits, and `pawl batch` sends and fetches. The answer is
 * parsed and judged like any other, and what fails or does not fit goes up the ladder. Takes what `remote` takes, for
 * OpenAI's chat format and Anthropic's messages. Throws a `UsageError` (`E_CONFIG`).
 */
export function batched(vendorOrUrl: string, model: string, options: BatchedOptions = {}): Rung {
  const { batchShare = 0.5, ...rest } = options;
  const what = `batched("${vendorOrUrl}", "${model}")`;
  if (!(batchShare > 0 && batchShare <= 1)) {
    throw new UsageError("E_CONFIG", `${what}: batchShare is above 0 and at most 1`, { value: batchShare });
  }
  const settings = remoteSettings(vendorOrUrl, model, rest);
  if (settings.wire !== "chat" && settings.wire !== "messages") {
    const message = `${what}: there are batches for the wires chat and messages, not for ${settings.wire}`;
    throw new UsageError("E_CONFIG", message, { value: settings.wire });
  }
  if (settings.votes !== 1) throw new UsageError("E_CONFIG", `${what}: a batch takes no votes`);
  return new BatchedRung(atShare(settings, batchShare));
}

function atShare(settings: RemoteSettings, share: number): RemoteSettings {
  const { price, mostCost, name } = settings;
  const less: Price | null = price && {
    input: price.input * share,
    output: price.output * share,
    ...(price.cachedInput !== undefined && { cachedInput: price.cachedInput * share }),
    updated: price.updated,
  };
  return { ...settings, name: `batch:${name}`, price: less, mostCost: mostCost && mostCost * share };
}

/** Ends an exchange that sends nothing. */
class NothingSent extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super("nothing was sent");
    this.reply = reply;
  }
}

class BatchedRung implements Rung {
  readonly name: string;
  readonly local = false;
  readonly mostCost: number | null;
  readonly acceptAt: number | null;
  readonly batches: Batches;
  readonly #settings: RemoteSettings;
  readonly #version: UpwardVersion;
  #needs: OpenNeeds | null = null;

  constructor(settings: RemoteSettings) {
    const { name, mostCost, acceptAt } = settings;
    this.#settings = settings;
    this.name = name;
    this.mostCost = mostCost;
    this.acceptAt = acceptAt;
    this.#version = versionAt(settings);
    this.batches = {
      mostCost,
      costOf: (tokens, currency) => (settings.isPaid ? costOf(tokens, settings.price, currency) : 0),
      open: () => openApi(settings),
    };
  }

  async open(needs: OpenNeeds): Promise<void> {
    this.#needs = needs;
  }

  version(): string {
    return this.#version.key(this.#needs?.notes);
  }

  holds(question: Question, run: string): boolean {
    return this.#needs?.calls.deferred.find(run, question.path, this.name)?.state === "answered";
  }

  async decide(question: Question, context: DecideContext): Promise<Reply> {
    if (!this.#needs) throw new ModelError("E_NOT_OPEN", `${this.name} was asked before it was opened`);
    const { calls, currency = "USD", notes } = this.#needs;
    if (context.repair) return this.#up("a batch is not asked to mend its answer");
    let isServed = false;
    const carrier: Carrier = {
      calls: null,
      price: this.#settings.price,
      currency,
      isPaid: this.#settings.isPaid,
      hasIdempotency: true,
      salt: this.#version.salt,
      send: async (request) => {
        const { sent, served } = await this.#exchange(calls, request, question.path, context.run);
        isServed = served;
        return sent;
      },
    };
    try {
      const { reply, model } = await askUpward(question, context, wires[this.#settings.wire], this.#settings, carrier);
      this.#version.remember(notes, model);
      return isServed && reply.kind !== "waiting" ? { ...reply, usage: noUsage } : reply;
    } catch (thrown) {
      if (thrown instanceof NothingSent) return thrown.reply;
      throw thrown;
    }
  }

  /** The reply that is here already. Throws `NothingSent` where there is none, once it is queued. */
  async #exchange(
    calls: PaidCalls,
    request: WireRequest,
    path: string,
    run: string,
  ): Promise<{ readonly sent: Sent; readonly served: boolean }> {
    const { host, model, name, mostCost } = this.#settings;
    const { salt } = this.#version;
    const content = textKey(`batched ${host} ${model}`, canonicalJson([request.path, request.body, salt]));
    const known = calls.deferred.find(run, path, name);
    const came = { milliseconds: 0, faults: [] };
    if (known?.content === content && known.state !== "done") {
      if (known.reply !== null) return { sent: { ...came, body: known.reply }, served: false };
      throw new NothingSent(known.state === "failed" ? this.#up(known.reason ?? "no answer came") : waiting);
    }
    const call = { run, path, rung: name, attempt: 0, host, model, content, most: mostCost };
    const earlier = calls.recall(content);
    if (earlier) {
      await calls.served(call, earlier.number);
      return { sent: { ...came, body: earlier.reply }, served: true };
    }
    if (known?.content === content) throw new NothingSent(this.#up("its answer by batch was used before, and let go"));
    await calls.deferred.put({ ...call, target: request.path, body: request.body });
    throw new NothingSent(waiting);
  }

  #up(reason: string): Reply {
    const { host, model } = this.#settings;
    return { kind: "escalated", reason: `${this.name}: ${reason}`, evidence: { host, model }, usage: noUsage };
  }
}

const waiting: Reply = { kind: "waiting", reason: "it is asked by batch: pawl batch sends and fetches", later: true };

/** Most bytes of a file of results. */
const mostBytes = 2 ** 30;

function openApi(settings: RemoteSettings): BatchApi {
  const { url, auth, headers, isPaid, wire } = settings;
  const apiKey = keyOf(settings);
  const backend = openBackend({
    url,
    headers,
    ...(apiKey !== undefined && { apiKey }),
    keyHeader: auth === "x-api-key" ? "x-api-key" : "authorization",
    paid: isPaid,
    mostBytes,
    timeouts: { whole: 3600 },
  });
  return wire === "messages" ? anthropicBatches(backend) : openaiBatches(backend);
}

function keyOf({ name, key, keyVariable, isLocal }: RemoteSettings): string | undefined {
  const found = key ?? (keyVariable === null ? undefined : process.env[keyVariable]);
  if (!found && keyVariable !== null && !isLocal) {
    throw new UsageError("E_KEY", `${name} needs a key: set ${keyVariable}, or give the option key`);
  }
  return found;
}
