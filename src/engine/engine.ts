/** The contract of the embedded engines: a chat model that scores and fills, and an encoder. */

import type { FieldEvidence } from "../core/answer.ts";
import type { JsonSchema } from "../core/schema.ts";

export interface ModelIdentity {
  /** Catalogue name, or the file's name. */
  readonly name: string;
  /** First 16 hexadecimal digits of the file's SHA-256. */
  readonly digest: string;
  /** The runtime that reads the file in this process's own children; another build may give other numbers. */
  readonly build?: string;
  readonly bytes: number;
  /** Most tokens that one question (prefix, item and answer) may have. */
  readonly contextTokens: number;
}

/** The part of a prompt that all items of a question share. */
export interface Prefix {
  /** What to do: the question and its options, already written out. The system's turn; the item is the user's. */
  readonly instructions: string;
  /** Ends the prompt, after the item: the first words of the answer, without a space at the end. */
  readonly cue: string;
  /**
   * Names to choose among, each the exact text that follows the cue, its leading space included. Empty where nothing
   * is chosen. Choices that cannot be told apart are refused with `E_CHOICES`.
   */
  readonly choices: readonly string[];
}

/** Identifies a prepared prefix: a hash of its content. Prepare is idempotent. */
export type PrefixId = string;

export interface ScoreRequest {
  readonly prefix: PrefixId;
  readonly item: string;
  /** Added to each choice's log-probability when choices are compared, such as minus its prior. Default 0 each. */
  readonly bias?: readonly number[] | undefined;
  /** Read every choice exactly, also those that cannot win. Default false. */
  readonly every?: boolean | undefined;
  /** Also read the sketch: `SKETCH_SIZE` log-probabilities spread over the vocabulary. Default false. */
  readonly sketch?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Numbers in a sketch. A fixed set of tokens for each model, evenly over its vocabulary. */
export const SKETCH_SIZE = 512;

/** The item read once, and how each choice begins behind the cue. Logarithms are natural. */
export interface Score {
  /**
   * Unconstrained log-probability of each choice, in order: of its tokens up to where no other choice begins the same.
   * Where a choice's path is the beginning of a longer one, it is that of ending there and not going on into the
   * longer one: the choices are disjoint events. An upper bound where it is not exact. The best, `bias` included, is.
   */
  readonly logp: readonly number[];
  /** False for choices on branches that were not read on, because they could not win. */
  readonly exact: readonly boolean[];
  /** The most that all choices which are not exact weigh together, as a sum of exp(logp + bias). */
  readonly unread: number;
  /** Sum of the unconstrained probabilities of the choices that are exact, 0 to 1. */
  readonly mass: number;
  /** Lowest and highest that the sum over all choices can be. */
  readonly massInterval: readonly [low: number, high: number];
  /** Whether `logp` is read from raw logits, before any constraint. */
  readonly basis: "raw" | "constrained";
  /** Natural log-probabilities of the sketch's tokens behind the cue, where they were asked for. */
  readonly sketch?: Float32Array;
  /** How the item went through the model. Numbers of another shape differ by some hundredths. */
  readonly shape: string;
  /** Tokens evaluated for this request. */
  readonly newTokens: number;
  readonly milliseconds: number;
}

export interface FillRequest {
  readonly prefix: PrefixId;
  readonly item: string;
  /** JSON Schema of an object; the host writes all punctuation, the model only values. */
  readonly fields: JsonSchema;
  /** Text after the cue that stands before the object, such as the chosen tool's name. */
  readonly lead: string;
  readonly maxTokens: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Filled {
  readonly value: { readonly [key: string]: unknown };
  /**
   * By dotted path, `list[0]` in lists. Confidence of a value that was `read`: its probability among those it was read
   * from; `copied`: the raw probability of its tokens; `generated`: the product of its tokens' raw probabilities,
   * re-read in one pass, or `null` where it was cut short. What the host writes alone (constants) is not in here.
   */
  readonly fields: { readonly [path: string]: FieldEvidence };
  /** Paths of values that `maxTokens` cut short; they have no confidence. */
  readonly truncated: readonly string[];
  readonly newTokens: number;
  readonly outputTokens: number;
  readonly milliseconds: number;
}

export interface WriteRequest {
  readonly prefix: PrefixId;
  readonly item: string;
  readonly maxTokens: number;
  /** The text ends before the first of these that appears in it, beside where the model ends it. */
  readonly stop?: readonly string[] | undefined;
  /** Is given the text piece by piece as it is written; the pieces together are the final text, but for outer space. */
  readonly onText?: ((piece: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Written {
  readonly text: string;
  /** The token limit was reached before the model ended. */
  readonly truncated: boolean;
  readonly confidence: number | null;
  readonly newTokens: number;
  readonly outputTokens: number;
  readonly milliseconds: number;
}

/**
 * A chat model in a process of its own. An item that does not fit rejects with a `ModelError` of code
 * `E_TOO_LONG`, whose message gives its length and the limit in tokens; a prefix is never shifted out.
 * A crashed process is restarted and the request tried once more; then it rejects with `E_ENGINE_CRASHED`.
 */
export interface ChatEngine {
  readonly model: ModelIdentity;
  prepare(prefix: Prefix): Promise<PrefixId>;
  score(request: ScoreRequest): Promise<Score>;
  fill(request: FillRequest): Promise<Filled>;
  write(request: WriteRequest): Promise<Written>;
  /** Length of a text in tokens, and how many an item may have behind this prefix. */
  measure(prefix: PrefixId, item: string): Promise<{ tokens: number; limit: number }>;
  close(): Promise<void>;
}

export interface Embedding {
  /** L2-normalised, `dimensions` numbers. */
  readonly vector: Float32Array;
  readonly tokens: number;
}

/** A sentence encoder in a process of its own. */
export interface EncoderEngine {
  readonly model: ModelIdentity;
  readonly dimensions: number;
  /** Rejects with `E_TOO_LONG` like the chat model, and with `E_EMPTY` for a text without a token. */
  embed(text: string, signal?: AbortSignal): Promise<Embedding>;
  close(): Promise<void>;
}
