/** Writes an answer behind a prompt on a llama.cpp server, partly the host's text and partly the model's. */

import { pathsBehind } from "./choice-paths.ts";
import type { ServerPrompter } from "./llama-server-prompt.ts";
import type { ServerSlot } from "./llama-server-slot.ts";
import type { Form, Pen, Piece, Weighed } from "./pen.ts";
import { checkRoom } from "./prepared.ts";
import { type PathRead, type ScoreOptions, scorePaths } from "./trie.ts";

export interface ServerPenOptions {
  readonly prompter: ServerPrompter;
  readonly slot: ServerSlot;
  /** Most tokens of prompt and answer together. */
  readonly contextTokens: number;
  /** Whether what the server says of written tokens was read before the grammar. */
  readonly raw: boolean;
  readonly signal?: AbortSignal | undefined;
}

export class ServerPen implements Pen {
  readonly #with: ServerPenOptions;
  /** Settled; what follows them is still text, so that it is tokenised together with what comes next. */
  #tokens: readonly number[];
  #text: string;

  constructor(options: ServerPenOptions, tokens: readonly number[], text: string) {
    this.#with = options;
    this.#tokens = tokens;
    this.#text = text;
  }

  put(text: string): void {
    this.#text += text;
  }

  /** At the least: only the server knows how many tokens the text has, but they are not more than its bytes. */
  get room(): number {
    return this.#with.contextTokens - this.#tokens.length - Buffer.byteLength(this.#text);
  }

  async weigh(texts: readonly string[], lead = "", how: ScoreOptions = {}): Promise<Weighed> {
    const { prompter, slot, contextTokens, signal } = this.#with;
    const before = this.#text + lead;
    const tokens = ["", ...texts].map((text) => prompter.plain(before + text, signal));
    const [alone = [], ...each] = await Promise.all(tokens);
    const { stem, paths } = pathsBehind(alone, each);
    const base = [...this.#tokens, ...stem];
    const read = slot.reader(base, signal);
    // What must be there is put down whether or not there is room for it: no more than fits is sent.
    const within = async (asked: PathRead) => {
      checkRoom(base.length + asked.after.length, contextTokens);
      return await read(asked);
    };
    return await scorePaths(paths, within, how);
  }

  async write({ grammar, closes }: Form, limit: number): Promise<Piece> {
    const { prompter, slot, raw, signal } = this.#with;
    const base = [...this.#tokens, ...(await prompter.plain(this.#text, signal))];
    const { text, tokens, logp, last } = await slot.write(base, limit, { grammar }, signal);
    // What closes a value is the host's to write: it is neither part of the value nor of its confidence.
    const ends = closes(text);
    const inside = ends ? text.slice(0, -1) : text;
    // Unless it came in one token with the value's own last letters.
    const apart = ends && last === text.at(-1);
    const own = apart ? logp.slice(0, -1) : logp;
    const kept = apart === ends ? tokens?.slice(0, own.length) : undefined;
    this.#tokens = [...base, ...(kept ?? (await prompter.plain(inside, signal)))];
    this.#text = "";
    return {
      text: inside,
      logp: raw ? own.reduce((sum, value) => sum + value, 0) : Number.NaN,
      tokens: logp.length,
      whole: ends,
    };
  }
}
