/** What a certificate holds for: all that the numbers of a question's local rungs depend on. */

import { shortHash } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import type { MemberRecord } from "../core/policy-event.ts";

export interface VersionParts {
  /** Version of the question: prompt, options and their order, schema, cue. */
  readonly question: string;
  /** Local rungs, lowest first: model file, quantisation, engine's build, prior, learned weights, calibrator. */
  readonly members: readonly MemberRecord[];
  /** The rung that gives the labels. */
  readonly upper: string;
  /** The last label that it was made of: the same rungs put together anew are another version, with another grid. */
  readonly upTo: number;
}

/** 16 hexadecimal digits: one byte changed anywhere gives another key (escalation.md c.7). */
export function versionKey(parts: VersionParts): string {
  return shortHash(canonicalJson(parts));
}
