/** A question's prefix in tokens, how it is found again, and the prompt that an item makes with it. Pure. */

import { ModelError } from "../core/errors.ts";
import { shortHash } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import type { Prefix, PrefixId } from "./engine.ts";

/** A prefix in tokens. A prompt is `head`, the item, `tail`, `stem`; the choices' paths go on from there. */
export interface Prepared {
  readonly head: readonly number[];
  readonly tail: readonly number[];
  /** What all choices share of the answer's text, at the least the cue but for its last letters. */
  readonly stem: readonly number[];
  readonly paths: readonly (readonly number[])[];
  /** The answer's text as far as it is given: the cue, after what the template begins an answer with. */
  readonly open: string;
}

/** The same prefix has the same id everywhere. */
export function prefixIdOf({ instructions, cue, choices }: Prefix): PrefixId {
  return shortHash(canonicalJson([instructions, cue, choices]));
}

/** What was prepared under this id. Throws `E_PREFIX` where nothing was. */
export function findPrepared<T>(prepared: ReadonlyMap<PrefixId, T>, id: PrefixId): T {
  const found = prepared.get(id);
  if (found === undefined) throw new ModelError("E_PREFIX", `no prefix ${id} was prepared`);
  return found;
}

/** Most tokens of an item, where the context holds `room` tokens and `answer` of them are kept for the answer. */
export function itemLimit({ head, tail, stem }: Prepared, room: number, answer: number): number {
  return Math.max(0, room - head.length - tail.length - stem.length - answer);
}

/** The whole prompt with an item's tokens. Throws `E_TOO_LONG` where the item is over its limit. */
export function promptOf(prepared: Prepared, item: readonly number[], room: number, answer: number): number[] {
  const { length: tokens } = item;
  const limit = itemLimit(prepared, room, answer);
  if (tokens > limit) {
    const message = `the item has ${tokens} tokens and this question leaves room for ${limit} (context ${room})`;
    throw new ModelError("E_TOO_LONG", message, { value: { tokens, limit } });
  }
  return [...prepared.head, ...item, ...prepared.tail, ...prepared.stem];
}

/** Throws `E_TOO_LONG` where a prompt with its answer has more tokens than the context has room for. */
export function checkRoom(tokens: number, room: number): void {
  if (tokens <= room) return;
  const message = `the prompt and its answer need ${tokens} tokens, the context holds ${room}`;
  throw new ModelError("E_TOO_LONG", message, { value: { tokens, limit: room } });
}
