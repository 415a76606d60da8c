/** What a client asks of the gateway, whatever format it spoke: a model's name, a text, and closed questions about it. */

import { rendered } from "../core/rendered.ts";
import type { Parsed } from "../core/schema.ts";
import { type Fields, isFields } from "./fields.ts";

export interface IncomingOption {
  /** Unique within its question. Of a judgement `yes` and `no`; of a score the level's place, from `0`. */
  readonly name: string;
  /** Empty where the client gave none. */
  readonly description: string;
  /** As the client's format calls it in the answer. */
  readonly value: string | boolean | number;
}

export interface IncomingQuestion {
  /** Unique within its request: the client's own id, or the question's place where the format has a list. */
  readonly id: string;
  /** As the client named it; `null` where it did not. */
  readonly name: string | null;
  readonly kind: "choice" | "judge" | "score";
  readonly ask: string;
  /** In the client's order; yes before no. */
  readonly options: readonly IncomingOption[];
}

export interface Incoming {
  readonly model: string;
  /** What the questions are about, as one text. */
  readonly about: string;
  readonly questions: readonly IncomingQuestion[];
}

/** What the gateway says to one question. */
export type Outgoing =
  /** Probabilities of the options in the question's order: each from 0 to 1, together 1. */
  | { readonly kind: "answered"; readonly probabilities: readonly number[] }
  /** The ladder gave no answer that may stand. */
  | { readonly kind: "refused" };

export interface OutgoingReply {
  /** The model as the reply names it. */
  readonly model: string;
  /** In the order of the questions. */
  readonly answers: readonly Outgoing[];
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export const MOST_OPTIONS = 255;
export const MOST_LEVELS = 10;

/** Thrown by the readers below, and by nothing else; `parsing` makes a value of it. */
class Unfit extends Error {
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

export function refuse(path: string, message: string): never {
  throw new Unfit(path, message);
}

/** What the reader gives, or where it refused and why. */
export function parsing<T>(read: () => T): Parsed<T> {
  try {
    return { ok: true, value: read() };
  } catch (thrown) {
    // What is nested without end ends the stack.
    if (thrown instanceof RangeError) return { ok: false, issue: { path: "", message: "this is nested too deeply" } };
    if (!(thrown instanceof Unfit)) throw thrown;
    return { ok: false, issue: { path: thrown.path, message: thrown.message } };
  }
}

export function fieldsAt(value: unknown, path: string): Fields {
  return isFields(value) ? value : refuse(path, "this must be an object");
}

export function textAt(value: unknown, path: string): string {
  return typeof value === "string" && value.trim() !== ""
    ? value
    : refuse(path, "this must be a text that is not empty");
}

export function listAt(value: unknown, path: string, least: number, most: number): readonly unknown[] {
  if (!Array.isArray(value)) return refuse(path, "this must be a list");
  const list: readonly unknown[] = value;
  return lengthAt(list, path, least, most);
}

export function lengthAt<T>(list: readonly T[], path: string, least: number, most: number): readonly T[] {
  if (list.length >= least && list.length <= most) return list;
  return refuse(path, `from ${least} to ${most} can be given here, not ${list.length}`);
}

/** Content that a model without eyes can read: a text as it is, an object as `key: value` lines, the rest as JSON. */
export function contentAt(value: unknown, path: string): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map((part: unknown, index) => partAt(part, `${path}[${index}]`)).join("\n");
  if (isFields(value)) return rendered(value);
  return refuse(path, "this must be a text, an object or a list");
}

/** Parts of the formats that hold text, and those that hold what no rung can see. Any other type is the client's own. */
const textTypes: ReadonlySet<unknown> = new Set(["text", "input_text", "output_text"]);
const unseenTypes: ReadonlySet<unknown> = new Set([
  ...["image", "image_url", "image_file", "input_image", "computer_screenshot"],
  ...["audio", "audio_url", "input_audio", "output_audio"],
  ...["video", "video_url", "input_video"],
  ...["file", "file_url", "input_file"],
]);

/** One part of a list: a piece of text, a message, JSON. A picture is refused: nobody on a ladder would see it. */
function partAt(part: unknown, path: string): string {
  if (!isFields(part)) return typeof part === "string" ? part : JSON.stringify(part);
  const { type, text, role, content } = part;
  if (unseenTypes.has(type)) {
    return refuse(path, `${String(type)} cannot be read here: only text and JSON can`);
  }
  if (typeof text === "string" && textTypes.has(type)) return text;
  if (type === "refusal" && typeof part.refusal === "string") return part.refusal;
  if (type === "input_json") return JSON.stringify(part.data) ?? "";
  if (typeof role === "string" && content !== undefined) return `${role}: ${contentAt(content, `${path}.content`)}`;
  return JSON.stringify(part);
}

/**
 * A distribution that says what the ladder said: the answer has its confidence, and the others share the rest in
 * proportion to what was read of them (evenly where nothing was), none of them with more than the answer. `null` where
 * the answer is none of the options or has no confidence: the formats cannot say "I do not know how sure".
 */
export function distributionOf(
  options: readonly IncomingOption[],
  answer: {
    readonly name: string;
    readonly confidence: number | null;
    readonly read?: readonly { readonly name: string; readonly p: number }[];
  },
): readonly number[] | null {
  const best = options.findIndex(({ name }) => name === answer.name);
  const { confidence } = answer;
  if (best === -1 || confidence === null || !(confidence >= 0 && confidence <= 1)) return null;
  // Below an even share of all it could not be the best of them.
  const top = Math.max(confidence, 1 / options.length);
  const read = new Map(answer.read?.map(({ name, p }) => [name, p]));
  const others = options.filter((_, index) => index !== best);
  const shares = shareOut(
    others.map(({ name }) => usableWeight(read.get(name))),
    1 - top,
    top,
  );
  return [...shares.slice(0, best), top, ...shares.slice(best)];
}

function usableWeight(p: number | undefined): number {
  return p !== undefined && Number.isFinite(p) && p > 0 ? p : 0;
}

/** Divides a whole by weights, so that nobody gets more than `most`; what is too much goes where there is room. */
function shareOut(weights: readonly number[], whole: number, most: number): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const even = 1 / weights.length;
  const shares = weights.map((weight) => Math.min(most, whole * (total > 0 ? weight / total : even)));
  const left = whole - shares.reduce((sum, share) => sum + share, 0);
  const room = shares.reduce((sum, share) => sum + most - share, 0);
  return left <= 0 || room <= 0 ? shares : shares.map((share) => share + (left * (most - share)) / room);
}

/**
 * The statistic that the formats call `confidence`: how far the top option stands above an even share, 0 where all are
 * alike and 1 where one has all. It is no probability of being right, and not comparable between numbers of options.
 */
export function peakedness(probabilities: readonly number[]): number {
  const even = 1 / probabilities.length;
  const top = Math.max(...probabilities);
  return even < 1 ? Math.min(1, Math.max(0, (top - even) / (1 - even))) : 1;
}

/** Place of the highest, the first of them where several are. */
export function placeOfBest(values: readonly number[]): number {
  return values.reduce((top, value, index) => (value > values[top]! ? index : top), 0);
}

/** Mean place, from 0: what the formats call a score. */
export function meanPlace(probabilities: readonly number[]): number {
  return probabilities.reduce((sum, p, index) => sum + p * index, 0);
}
