/** Turns texts into tokens as a llama.cpp server does, and a question's prefix into a prompt by the server's template. */

import { ModelError, UsageError } from "../core/errors.ts";
import { makeRoom } from "../core/make-room.ts";
import { commonLength } from "./choice-paths.ts";
import type { Reply } from "./llama-server-http.ts";

/** Posts to any of the servers, as `Host.post`: they all have the same model. */
export type Post = <T>(
  path: string,
  body: object,
  take: (reply: Reply) => T | undefined,
  signal?: AbortSignal,
) => Promise<T>;

/** The template with nothing filled in: only its own text, which may hold control tokens. */
export interface Frame {
  readonly before: string;
  /** From the instructions to the item. */
  readonly between: string;
  /** From the item to where the answer begins. */
  readonly after: string;
}

const INSTRUCTIONS = "PAWL-INSTRUCTIONS-4f1c9a";
const ITEM = "PAWL-ITEM-4f1c9a";

/** Longer texts are items: each comes once, so remembering its tokens would only fill the memory. */
const LONGEST_KEPT = 500;
/** Texts whose tokens are remembered. */
const MOST_KEPT = 500;

/** An answer is read at the cue, so a model that would think aloud first is told not to. */
const NO_THINKING = { enable_thinking: false, reasoning_effort: "low" };

export class ServerPrompter {
  readonly #post: Post;
  readonly #frame: Frame;
  /** What a tokenizer puts before any text, and so has to be put there and taken off again; empty where there is none. */
  readonly #guard: readonly number[];
  readonly #start: readonly number[];
  readonly #kept = new Map<string, readonly number[]>();

  private constructor(post: Post, frame: Frame, guard: readonly number[], start: readonly number[]) {
    this.#post = post;
    this.#frame = frame;
    this.#guard = guard;
    this.#start = start;
  }

  /** Renders the template once, and finds out how the tokenizer treats a text's beginning. */
  static async open(post: Post, signal?: AbortSignal): Promise<ServerPrompter> {
    const tokens = (text: string, special: boolean) => tokenise(post, text, special, special, signal);
    const [frame, start, newline, letter, both] = await Promise.all([
      render(post, signal),
      tokens("", true),
      tokens("\n", false),
      tokens("a", false),
      tokens("\na", false),
    ]);
    const addsSpace = [...newline, ...letter].join() !== both.join();
    return new ServerPrompter(post, frame, addsSpace ? newline : [], start);
  }

  /** Tokens before and after the item. */
  async layout(instructions: string): Promise<{ head: readonly number[]; tail: readonly number[] }> {
    const { before, between, after } = this.#frame;
    const [opening, text, middle, tail] = await Promise.all([
      tokenise(this.#post, before, true, true),
      this.plain(instructions),
      this.#behind(between, true),
      this.#behind(after, true),
    ]);
    // Some templates write the start token that the tokenizer puts there anyway.
    const [start] = this.#start;
    const double = start !== undefined && opening[0] === start && opening[1] === start;
    return { head: [...(double ? opening.slice(1) : opening), ...text, ...middle], tail };
  }

  /** Tokens of a text that is data: `<|im_end|>` in it is ten letters. Data is never instruction. */
  async plain(text: string, signal?: AbortSignal): Promise<readonly number[]> {
    const kept = this.#kept.get(text);
    if (kept) return kept;
    const tokens = await this.#behind(text, false, signal);
    if (text.length <= LONGEST_KEPT) {
      makeRoom(this.#kept, MOST_KEPT);
      this.#kept.set(text, tokens);
    }
    return tokens;
  }

  /** A text that stands behind another: without the space that some tokenizers put before every text. */
  async #behind(text: string, special: boolean, signal?: AbortSignal): Promise<readonly number[]> {
    if (text === "") return [];
    const guard = this.#guard;
    if (guard.length > 0) {
      const guarded = await tokenise(this.#post, `\n${text}`, false, special, signal);
      // A text that melts into the guard is taken as it is.
      if (commonLength(guarded, guard) === guard.length) return guarded.slice(guard.length);
    }
    return await tokenise(this.#post, text, false, special, signal);
  }
}

/** Cuts a rendered template at its two marks. Throws `E_PREFIX` where it does not hold each of them once, in order. */
export function frameOf(rendered: string): Frame {
  const [before, rest, ...more] = rendered.split(INSTRUCTIONS);
  const [between, after, ...most] = (rest ?? "").split(ITEM);
  if (before === undefined || between === undefined || after === undefined || more.length + most.length > 0) {
    throw new UsageError("E_PREFIX", "the server's chat template does not render the instructions and then the item");
  }
  // A prompt with today's date in it would be another prompt tomorrow, with other numbers.
  return { before: before.replace(/^(?:today(?:'s)?|current) date: .*\n/gim, ""), between, after: answering(after) };
}

/** Ends the thinking that a template has begun or that would come first: the answer itself comes next. */
function answering(after: string): string {
  if (after.endsWith("<|start|>assistant")) return `${after}<|channel|>final<|message|>`;
  return after.lastIndexOf("<think>") > after.lastIndexOf("</think>") ? `${after.trimEnd()}\n\n</think>\n\n` : after;
}

/** The question is the system's turn and the item the user's; both the user's where the template has no system. */
async function render(post: Post, signal: AbortSignal | undefined): Promise<Frame> {
  const system = { role: "system", content: INSTRUCTIONS };
  const user = (content: string) => ({ role: "user", content });
  try {
    return frameOf(await apply(post, [system, user(ITEM)], signal));
  } catch (thrown) {
    const noSystem =
      thrown instanceof UsageError || (thrown instanceof ModelError && thrown.code === "E_SERVER_STATUS");
    if (!noSystem) throw thrown;
    return frameOf(await apply(post, [user(`${INSTRUCTIONS}\n\n${ITEM}`)], signal));
  }
}

async function apply(post: Post, messages: readonly object[], signal: AbortSignal | undefined): Promise<string> {
  const promptOf = ({ prompt }: Reply) => (typeof prompt === "string" ? prompt : undefined);
  return await post("/apply-template", { messages, chat_template_kwargs: NO_THINKING }, promptOf, signal);
}

async function tokenise(
  post: Post,
  content: string,
  addSpecial: boolean,
  parseSpecial: boolean,
  signal?: AbortSignal,
): Promise<readonly number[]> {
  const body = { content, add_special: addSpecial, parse_special: parseSpecial };
  return await post("/tokenize", body, tokensOf, signal);
}

/** The token ids of an answer, where it has any. */
export function tokensOf({ tokens }: Reply): readonly number[] | undefined {
  return Array.isArray(tokens) && tokens.every(Number.isSafeInteger) ? (tokens as number[]) : undefined;
}
