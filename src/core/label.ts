/** A label: what the answer to one question about one item ought to have been, and how we came to know. */

import type { Json } from "./json.ts";
import type { QuestionRecord } from "./question.ts";

/** Who said it: a person, a rung higher up (which may be wrong itself), or the user's own labelled past. */
export type LabelSource = "person" | "frontier" | "known";

/**
 * How the item came to be labelled, and so with which probability.
 *
 * `audit`: let through, and its coin was drawn: labelled with the coin's probability. `random` and `escalated`: went up
 * the ladder, with and without its coin drawn: labelled in any case. With audits beside them they are the whole traffic;
 * without, a biased sample. `chosen`: picked because it seemed useful; good for training alone. `history`: the user's
 * own past, for training.
 */
export type LabelSample = "random" | "audit" | "escalated" | "chosen" | "history";

/** What is known when an item is set aside to be labelled. */
export interface NewLabel {
  /** The step's name, and the version of its question. */
  readonly question: string;
  readonly version: string;
  /** Key of the item's text: the same for duplicates, which count once. */
  readonly cluster: string;
  readonly about: string;
  readonly sample: LabelSample;
  /** Probability with which the item's coin was to be drawn, fixed before it was; `null` where no coin decided. */
  readonly propensity: number | null;
  /** Version key of what decided when the item came by; `null` where nothing local could. */
  readonly key: string | null;
  /**
   * The answer that stood, for an audit; also the one that only a stricter threshold in a time of warning held back.
   * `null` for other items that went up.
   */
  readonly stood: Json | null;
  /** Where it comes from, such as `a1b2c3d4-17/team`; `null` for a row of a history. */
  readonly decision: string | null;
  /** The answer, where it is known at once. */
  readonly answer: LabelAnswer | null;
}

export interface LabelAnswer {
  readonly value: Json;
  readonly source: LabelSource;
  /** Name of the rung or the person, or of the file. */
  readonly by: string;
}

/** A label as it is kept. */
interface KeptLabel extends NewLabel {
  /** Order in which items were set aside, from 1, over all questions. */
  readonly number: number;
  /** When it was set aside, in milliseconds since the epoch. */
  readonly made: number;
}

/** A label with its answer. */
export interface Label extends KeptLabel {
  /** Order in which the answers came, from 1, over all questions. */
  readonly seq: number;
  /** When it was answered, in milliseconds since the epoch. */
  readonly at: number;
  readonly answer: LabelAnswer;
}

/** A label that nobody has answered yet: an audit, or an item that still waits. */
export interface OpenLabel extends KeptLabel {
  readonly answer: null;
}

/** Under which key a rule's audits are kept: they say nothing about what is learned. */
export function ruleKey(rule: string): string {
  return `${rulePrefix}${rule}`;
}

export function isRuleKey(key: string | null): boolean {
  return key?.startsWith(rulePrefix) ?? false;
}

const rulePrefix = "rule ";

/** What a waiting step must remember, so that a person's answer becomes a label. */
export type LabelNote = Pick<NewLabel, "sample" | "propensity" | "key" | "cluster" | "stood">;

/** A question as it was first met, without its item: enough to ask it again. */
export type MetQuestion = Omit<QuestionRecord, "about"> & { readonly cue: string };
