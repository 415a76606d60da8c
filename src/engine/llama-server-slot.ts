/** One slot of a llama.cpp server: what it keeps evaluated, and how log-probabilities are read from it honestly. */

import { isUtf8 } from "node:buffer";
import { ModelError } from "../core/errors.ts";
import { commonLength } from "./choice-paths.ts";
import type { Host, Reply } from "./llama-server-http.ts";
import { tokensOf } from "./llama-server-prompt.ts";
import type { Read, ReadPath } from "./trie.ts";

export interface SlotOptions {
  /** Tokens whose log-probability comes with every reading: the most probable ones. */
  readonly topTokens: number;
  /** What the server calls its model: another name in an answer is another model. */
  readonly model: string;
  /** The token of a plain letter. The server says nothing of a position whose token ends within a letter. */
  readonly letter: number;
}

/** A prompt, and how much of it all items of its question share. */
export interface Place {
  readonly head: readonly number[];
  readonly prompt: readonly number[];
}

export interface Wish {
  readonly grammar?: string;
  readonly stop?: readonly string[] | undefined;
  readonly onText?: ((piece: string) => void) | undefined;
}

export interface Generated {
  readonly text: string;
  /** `null` where the server hid some. */
  readonly tokens: readonly number[] | null;
  /** Raw log-probability of each token; not a number where it is hidden. */
  readonly logp: readonly number[];
  /** The last token's own text. */
  readonly last: string;
  /** False where the limit came first. */
  readonly ended: boolean;
}

const PATH = "/completion";
/** The best token of what is left after any other setting of the server, such as a penalty, is switched off. */
const GREEDY = { temperature: 0, samplers: ["top_k"], top_k: 1 };
const AS_THEY_ARE = { temperature: 1, samplers: ["temperature"], post_sampling_probs: true };
/** Lifts tokens above all others, whatever their logits are. */
const LIFT = 100;
/** Lifts one token so far above other lifted ones that it is drawn, and no further than their weights can be told. */
const DRAWN = 25;
/** More than this above what it can be, a lifted token's value is none: the server did something else. */
const SHAPE_NOISE = 1;
/** All that is read of an answer: the rest of it is long. */
const FIELDS = [
  "content",
  "tokens",
  "stop_type",
  "truncated",
  "model",
  "completion_probabilities",
  "timings",
  "tokens_predicted",
];

export class ServerSlot {
  readonly host: Host;
  readonly #id: number;
  readonly #options: SlotOptions;
  /** What the slot holds as far as we know: others may use the server too. */
  #held: readonly number[] = [];
  lastUsed = 0;
  /** Tokens evaluated since the slot was made. */
  evaluated = 0;

  constructor(host: Host, id: number, options: SlotOptions) {
    this.host = host;
    this.#id = id;
    this.#options = options;
  }

  /** How many of a prompt's tokens need not be evaluated here: none where it would not even save the question's part. */
  warmth({ head, prompt }: Place): number {
    const common = commonLength(this.#held, prompt);
    return common < head.length ? 0 : common;
  }

  /**
   * Makes the slot hold exactly `head` of what it shares with `prompt`. So every item is evaluated from the end of the
   * question's part, in a pass of the same shape, and the same item gives the same numbers: left alone, the server
   * would go on from wherever the last item began to differ.
   */
  async keepHead({ head, prompt }: Place, signal?: AbortSignal): Promise<void> {
    const common = commonLength(this.#held, prompt);
    if (common === head.length) return;
    if (common < head.length && head.length > 1) {
      await this.#evaluate(head.slice(0, -1), { cache_prompt: false }, signal);
    }
    // The last token of a prompt is always evaluated again, so it is evaluated alone the first time, too.
    await this.#evaluate(head, {}, signal);
  }

  /** Makes the slot hold a whole prompt and no more, its item evaluated as `keepHead` says; here or by an earlier request. */
  async keepPrompt({ head, prompt }: Place, signal?: AbortSignal): Promise<void> {
    if (commonLength(this.#held, prompt) < prompt.length) {
      await this.keepHead({ head, prompt }, signal);
      await this.#evaluate(prompt, {}, signal);
    }
    await this.#evaluate(prompt, {}, signal);
  }

  /** Reads paths behind a prompt, one request a position; a second one where tokens are not among the most probable. */
  reader(prompt: readonly number[], signal?: AbortSignal): ReadPath {
    return async ({ path, after }) => {
      const found: (readonly Read[])[] = [];
      for (const [depth, asked] of after.entries()) {
        found.push(asked.length === 0 ? [] : await this.logp([...prompt, ...path.slice(0, depth)], asked, signal));
      }
      return found;
    };
  }

  /** Raw log-probability of each token behind a prompt, or a bound where the server does not say it. */
  async logp(prompt: readonly number[], asked: readonly number[], signal?: AbortSignal): Promise<Read[]> {
    const { topTokens: n_probs, letter } = this.#options;
    // What is written does not matter here, and the bias does not touch what is read.
    const body = { ...GREEDY, n_predict: 1, n_probs, logit_bias: [[letter, LIFT]] };
    const top = rankedOf(await this.#ask(prompt, body, signal), "top_logprobs", "logprob");
    const last = top.at(-1);
    if (!last) throw this.host.wrong(PATH, "no log-probabilities");
    const found = new Map(top.map(({ token, value }) => [token, value]));
    const missing = asked.filter((token) => !found.has(token));
    const lifted = missing.length === 0 ? [] : await this.#lift(prompt, top, missing, signal);
    for (const { token, value } of lifted) found.set(token, value);
    return asked.map((token) => found.get(token) ?? { atMost: last.value });
  }

  /** Writes on behind a prompt, greedily, until the model ends, a stop text appears or `limit` tokens are written. */
  async write(
    prompt: readonly number[],
    limit: number,
    { grammar, stop, onText }: Wish,
    signal?: AbortSignal,
  ): Promise<Generated> {
    const written: Written[] = [];
    const gaps: Gap[] = [];
    let text = "";
    let last = "";
    let end: Reply | undefined;
    const wish = { ...(grammar === undefined ? {} : { grammar }), ...(stop && stop.length > 0 ? { stop } : {}) };
    const body = { ...this.#body(prompt), ...GREEDY, ...wish, n_predict: limit, n_probs: 1, stream: true };
    await this.host.stream(
      PATH,
      body,
      (event) => {
        if (typeof event.content !== "string") throw this.host.wrong(PATH, "no text");
        text += event.content;
        if (event.content !== "") onText?.(event.content);
        if (event.stop_type !== undefined) {
          end = event;
          return;
        }
        const token = this.#writtenIn(event);
        const hidden = hiddenIn(event, written.length + 1);
        if (hidden.length > 0) gaps.push({ at: written.length, length: hidden.length, text: event.content });
        written.push(...hidden, token);
        if (event.content !== "") last = event.content;
      },
      signal,
    );
    if (!end) throw this.host.wrong(PATH, "half a text");
    this.#took(prompt, end);
    written.push(...hiddenIn(end, written.length));
    // The token that ends the answer is not part of it.
    if (end.stop_type === "eos") written.pop();
    for (const gap of gaps) await this.#close(gap, prompt, written, signal);
    const tokens = written.map(({ id }) => id);
    const known = tokens.every((token) => token !== undefined);
    this.#held = known ? [...prompt, ...tokens] : prompt;
    const ended = end.stop_type !== "limit";
    return { text, tokens: known ? tokens : null, logp: written.map(({ logp }) => logp), last, ended };
  }

  /** After a failure nobody knows what the slot holds. */
  forget(): void {
    this.#held = [];
  }

  /**
   * Exact values for tokens below the most probable ones. Lifted above all others together with one whose value is
   * known, they are weighed against it after sampling: the differences of lifted tokens are the raw ones. A server
   * that does not do that leaves them out, and they stay bounds.
   */
  async #lift(
    prompt: readonly number[],
    top: readonly Ranked[],
    missing: readonly number[],
    signal?: AbortSignal,
  ): Promise<Ranked[]> {
    const anchor = top.find(({ whole }) => whole);
    if (!anchor) return [];
    const logit_bias = [[anchor.token, LIFT + DRAWN], ...missing.map((token) => [token, LIFT])];
    const body = { ...AS_THEY_ARE, n_predict: 1, n_probs: logit_bias.length, logit_bias };
    const weights = rankedOf(await this.#ask(prompt, body, signal), "top_probs", "prob");
    const own = weights.find(({ token }) => token === anchor.token);
    if (!own || own.value <= 0) return [];
    const base = anchor.value + DRAWN - Math.log(own.value);
    const most = top.at(-1)!.value + SHAPE_NOISE;
    return weights
      .map((weight) => ({ ...weight, value: base + Math.log(weight.value) }))
      .filter(({ token, value }) => missing.includes(token) && value <= most);
  }

  /**
   * The server says nothing of tokens that end within a letter, such as all but the last of an emoji. They are found
   * by tokenising the letter, and read.
   */
  async #close(gap: Gap, prompt: readonly number[], written: Written[], signal?: AbortSignal): Promise<void> {
    const body = { content: gap.text, add_special: false, parse_special: false };
    const tokens = await this.host.post("/tokenize", body, tokensOf, signal);
    if (tokens.length !== gap.length + 1 || tokens.at(-1) !== written[gap.at + gap.length]?.id) return;
    for (const [offset, id] of tokens.slice(0, -1).entries()) {
      const before = written.slice(0, gap.at + offset).map((token) => token.id);
      if (!before.every((token) => token !== undefined)) return;
      const [logp] = await this.logp([...prompt, ...before], [id], signal);
      written[gap.at + offset] = { id, logp: typeof logp === "number" ? logp : Number.NaN };
    }
  }

  async #evaluate(prompt: readonly number[], more: object, signal?: AbortSignal): Promise<void> {
    await this.#ask(prompt, { ...GREEDY, n_predict: 0, ...more }, signal);
  }

  async #ask(prompt: readonly number[], more: object, signal?: AbortSignal): Promise<Reply> {
    const reply = await this.host.post(PATH, { ...this.#body(prompt), ...more }, (found) => found, signal);
    this.#took(prompt, reply);
    return reply;
  }

  #body(prompt: readonly number[]): object {
    return { prompt, id_slot: this.#id, cache_prompt: true, return_tokens: true, response_fields: FIELDS };
  }

  /** Checks what every finished answer must say, and counts what it cost. */
  #took(prompt: readonly number[], { timings, truncated, model }: Reply): void {
    const evaluated = (timings as Reply | undefined)?.prompt_n;
    if (typeof evaluated !== "number") throw this.host.wrong(PATH, "no timings");
    if (truncated !== false) throw this.host.wrong(PATH, "a prompt that was cut");
    if (model !== this.#options.model) {
      const message = `${this.host.name} now has the model ${String(model)}; it had ${this.#options.model} when it was opened`;
      throw new ModelError("E_SERVER_MODEL", message, { value: this.host.name });
    }
    this.evaluated += evaluated;
    this.#held = prompt;
  }

  #writtenIn(event: Reply): Written {
    const [id] = tokensOf(event) ?? [];
    const [found] = (Array.isArray(event.completion_probabilities) ? event.completion_probabilities : []) as Reply[];
    if (id === undefined || !isNumber(found?.logprob)) throw this.host.wrong(PATH, "no log-probabilities");
    return { id, logp: found.logprob };
  }
}

interface Written {
  /** Nothing where the server did not say it. */
  readonly id: number | undefined;
  readonly logp: number;
}

/** Tokens that were written and not said, where so many were said. */
function hiddenIn({ tokens_predicted: predicted }: Reply, said: number): Written[] {
  const length = Math.max(0, Number(predicted) - said) || 0;
  return new Array<Written>(length).fill({ id: undefined, logp: Number.NaN });
}

/** Tokens that the server said nothing of, and the text that they and the next token make. */
interface Gap {
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

interface Ranked {
  readonly token: number;
  /** A log-probability, or a probability. */
  readonly value: number;
  /** It ends with a letter. */
  readonly whole: boolean;
}

/** The most probable tokens of an answer's first position, best first; none where the answer does not have them. */
function rankedOf(reply: Reply, list: "top_logprobs" | "top_probs", value: "logprob" | "prob"): Ranked[] {
  const [first] = (Array.isArray(reply.completion_probabilities) ? reply.completion_probabilities : []) as Reply[];
  const found = (Array.isArray(first?.[list]) ? first[list] : []) as Reply[];
  const ranked = found.map((entry) => ({
    token: entry.id,
    value: entry[value],
    whole: Array.isArray(entry.bytes) && isUtf8(Uint8Array.from(entry.bytes)),
  }));
  return ranked.every((entry): entry is Ranked => isNumber(entry.token) && isNumber(entry.value)) ? ranked : [];
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
