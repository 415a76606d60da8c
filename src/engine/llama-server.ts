/** A chat model on one or several running llama.cpp servers: a `ChatEngine` by HTTP. */

import { ModelError, UsageError } from "../core/errors.ts";
import { makeRoom } from "../core/make-room.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
import { longest, pathsBehind, refuseTwins } from "./choice-paths.ts";
import type {
  ChatEngine,
  Filled,
  FillRequest,
  ModelIdentity,
  Prefix,
  PrefixId,
  Score,
  ScoreRequest,
  WriteRequest,
  Written,
} from "./engine.ts";
import { fillFields, gapBehind } from "./fill.ts";
import { Host } from "./llama-server-http.ts";
import { identifyServer, type ServerModel } from "./llama-server-identity.ts";
import { ServerPen } from "./llama-server-pen.ts";
import { ServerPrompter } from "./llama-server-prompt.ts";
import { type Place, ServerSlot } from "./llama-server-slot.ts";
import { ServerSlots } from "./llama-server-slots.ts";
import { findPrepared, itemLimit, type Prepared, prefixIdOf, promptOf } from "./prepared.ts";
import { MOST_PREFIXES } from "./protocol.ts";
import { scorePaths } from "./trie.ts";
import { sketchTokens } from "./vocabulary.ts";

export interface LlamaServerOptions {
  /** What the server was started with as `--api-key`. */
  readonly apiKey?: string;
  /** Most tokens of one question: prefix, item and answer. The server's own limit lowers it. */
  readonly contextTokens?: number;
  /** Longest silence of a request, in seconds. Default 120; beyond 300 the platform gives up by itself. */
  readonly stuckSeconds?: number;
  /** Longest wait for a server that is still loading its model, in seconds. Default 60. */
  readonly loadSeconds?: number;
  /** Tokens whose log-probability comes with every reading; others take a second one, a little less exact. Default 500. */
  readonly topTokens?: number;
}

/**
 * Opens a running llama.cpp server, or several that have the same model: a request goes to the least busy. Rejects
 * with `E_UNREACHABLE`, `E_SERVER_LOADING`, `E_SERVER_STATUS` or `E_SERVER_REPLY` where one does not answer as it
 * should, and with `E_SERVER_MODEL` where they have different models.
 */
export async function openLlamaServer(
  urls: string | readonly string[],
  options: LlamaServerOptions = {},
): Promise<LlamaServer> {
  const known = ["apiKey", "contextTokens", "stuckSeconds", "loadSeconds", "topTokens"];
  refuseUnknown("E_CONFIG", "openLlamaServer()", options, known);
  const { apiKey, stuckSeconds = 120, loadSeconds = 60, topTokens = 500 } = options;
  // Checked here, because the platform would quote it in its own error.
  if (apiKey !== undefined && !/^[\x21-\x7e]+$/.test(apiKey))
    throw new UsageError("E_CONFIG", "the apiKey of a server holds a space, a line break or a letter beyond ASCII");
  const addresses = typeof urls === "string" ? [urls] : urls;
  if (addresses.length === 0) throw new UsageError("E_CONFIG", "openLlamaServer() was given no address");
  const hosts = addresses.map((url) => new Host(addressOf(url), { apiKey, stuckSeconds, loadSeconds }));
  try {
    const models = await Promise.all(hosts.map((host) => identifyServer(host)));
    const [model] = models as [ServerModel];
    for (const [index, other] of models.entries()) {
      if (other.identity.digest === model.identity.digest) continue;
      const message = `${hosts[index]!.name} has another model, template or build than ${hosts[0]!.name}`;
      throw new ModelError("E_SERVER_MODEL", message, { value: hosts[index]!.name });
    }
    const slots = models.flatMap(({ slots: count, alias, letter }, index) =>
      Array.from({ length: count }, (_, id) => new ServerSlot(hosts[index]!, id, { topTokens, model: alias, letter })),
    );
    const shared = new ServerSlots(slots);
    const prompter = await ServerPrompter.open(shared.post);
    const room = models.map(({ identity }) => identity.contextTokens);
    const contextTokens = Math.min(...room, options.contextTokens ?? Number.POSITIVE_INFINITY);
    const parts = { hosts, slots: shared, prompter, sketch: sketchTokens(model.vocabulary) };
    const raw = await readsRaw(slots[0]!, prompter, model.letter);
    return new LlamaServer({ ...model.identity, contextTokens }, raw, parts);
  } catch (thrown) {
    for (const host of hosts) host.close();
    throw thrown;
  }
}

function addressOf(url: string): URL {
  const address = URL.parse(url);
  if (address && /^https?:$/.test(address.protocol)) return address;
  throw new UsageError("E_CONFIG", `"${url}" is not the address of a server, such as http://127.0.0.1:8080`, {
    value: url,
  });
}

const CERTAIN = -0.01;

/**
 * Whether probabilities are read before a grammar: with one that allows a single word, a server that masks first says
 * that the word was certain. A server that does not keep to the grammar cannot fill fields, and is refused; so is one
 * whose numbers show the bias that a reading is made with.
 */
async function readsRaw(slot: ServerSlot, prompter: ServerPrompter, letter: number): Promise<boolean> {
  const word = "qzx";
  const prompt = await prompter.plain("The capital of France is");
  const { text, logp } = await slot.write(prompt, 1, { grammar: `root ::= "${word}"` });
  if (text === "" || !word.startsWith(text)) throw slot.host.wrong("/completion", `"${text}", against its grammar`);
  const [biased] = await slot.logp(prompt, [letter]);
  if (typeof biased === "number" && biased > CERTAIN) {
    throw slot.host.wrong("/completion", "log-probabilities that are not the model's own: they show a bias");
  }
  return logp.every((value) => value < CERTAIN);
}

interface Parts {
  readonly hosts: readonly Host[];
  readonly slots: ServerSlots;
  readonly prompter: ServerPrompter;
  readonly sketch: readonly number[];
}

export class LlamaServer implements ChatEngine {
  readonly model: ModelIdentity;
  readonly #basis: Score["basis"];
  readonly #with: Parts;
  readonly #prepared = new Map<PrefixId, Prepared>();

  constructor(model: ModelIdentity, raw: boolean, parts: Parts) {
    this.model = model;
    this.#basis = raw ? "raw" : "constrained";
    this.#with = parts;
  }

  async prepare(prefix: Prefix): Promise<PrefixId> {
    const { instructions, cue, choices } = prefix;
    const id = prefixIdOf(prefix);
    const known = this.#prepared.get(id);
    if (known) {
      // Those used last are kept.
      this.#prepared.delete(id);
      this.#prepared.set(id, known);
      return id;
    }
    const { prompter } = this.#with;
    const [{ head, tail }, alone = [], ...whole] = await Promise.all([
      prompter.layout(instructions),
      prompter.plain(cue),
      ...choices.map((choice) => prompter.plain(cue + choice)),
    ]);
    const { stem, paths } = pathsBehind(alone, whole);
    refuseTwins(paths, choices);
    makeRoom(this.#prepared, MOST_PREFIXES);
    this.#prepared.set(id, { head, tail, stem, paths, open: cue });
    return id;
  }

  async score({ prefix, item, bias, every, sketch, signal }: ScoreRequest): Promise<Score> {
    const prepared = findPrepared(this.#prepared, prefix);
    if (prepared.paths.length === 0) throw new UsageError("E_CHOICES", "this prefix was prepared without choices");
    const place = await this.#place(prepared, item, longest(prepared.paths), signal);
    return await this.#behind(place, signal, async (slot) => {
      await slot.keepHead(place, signal);
      const read = slot.reader(place.prompt, signal);
      const { logp, exact, unread, mass } = await scorePaths(prepared.paths, read, { bias, every });
      // The sketch's tokens are read where the choices' first tokens are.
      const seen = sketch ? await slot.logp(place.prompt, this.#with.sketch, signal) : undefined;
      return {
        logp,
        exact,
        unread,
        mass: mass[0],
        massInterval: mass,
        basis: this.#basis,
        ...(seen
          ? { sketch: Float32Array.from(seen, (value) => (typeof value === "number" ? value : value.atMost)) }
          : {}),
        shape: "server",
      };
    });
  }

  async fill({ prefix, item, fields, lead, maxTokens, signal }: FillRequest): Promise<Filled> {
    const { prompter } = this.#with;
    const prepared = findPrepared(this.#prepared, prefix);
    const { length: opening } = await prompter.plain(lead, signal);
    const place = await this.#place(prepared, item, opening + maxTokens, signal);
    return await this.#behind(place, signal, async (slot) => {
      await slot.keepPrompt(place, signal);
      const text = prepared.open + lead;
      const settled = place.prompt.slice(0, place.prompt.length - prepared.stem.length);
      const raw = this.#basis === "raw";
      const pen = new ServerPen(
        { prompter, slot, contextTokens: this.model.contextTokens, raw, signal },
        settled,
        text,
      );
      return await fillFields(fields, item, maxTokens, pen, gapBehind(text));
    });
  }

  async write({ prefix, item, maxTokens, stop, onText, signal }: WriteRequest): Promise<Written> {
    const prepared = findPrepared(this.#prepared, prefix);
    const place = await this.#place(prepared, item, maxTokens, signal);
    const work = async (slot: ServerSlot) => {
      await slot.keepPrompt(place, signal);
      const { text, logp, ended } = await slot.write(place.prompt, maxTokens, { stop, onText }, signal);
      const confidence = Math.exp(logp.reduce((sum, value) => sum + value, 0) / logp.length);
      return {
        text: text.trim(),
        truncated: !ended,
        // Nothing written, or a token that the server says nothing of: no figure.
        confidence: this.#basis === "raw" && confidence >= 0 ? Math.min(1, confidence) : null,
        outputTokens: logp.length,
      };
    };
    return await this.#behind(place, signal, work, onText ? false : undefined);
  }

  async measure(prefix: PrefixId, item: string): Promise<{ tokens: number; limit: number }> {
    const prepared = findPrepared(this.#prepared, prefix);
    const { length: tokens } = await this.#with.prompter.plain(item);
    return { tokens, limit: itemLimit(prepared, this.model.contextTokens, longest(prepared.paths)) };
  }

  async close(): Promise<void> {
    for (const host of this.#with.hosts) host.close();
  }

  /** Does `work` with a slot, and adds what that cost. */
  async #behind<T>(
    place: Place,
    signal: AbortSignal | undefined,
    work: (slot: ServerSlot) => Promise<T>,
    again?: boolean,
  ): Promise<T & { newTokens: number; milliseconds: number }> {
    return await this.#with.slots.use(
      place,
      async (slot) => {
        const started = performance.now();
        const before = slot.evaluated;
        const done = await work(slot);
        return { ...done, newTokens: slot.evaluated - before, milliseconds: performance.now() - started };
      },
      signal,
      again,
    );
  }

  /** The whole prompt. Rejects an item that does not fit, before anything is evaluated. */
  async #place(prepared: Prepared, item: string, answer: number, signal: AbortSignal | undefined): Promise<Place> {
    const tokens = await this.#with.prompter.plain(item, signal);
    return { head: prepared.head, prompt: promptOf(prepared, tokens, this.model.contextTokens, answer) };
  }
}
