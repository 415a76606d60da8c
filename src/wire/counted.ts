/** Tokens as a reply counts them, and whether they can be of this exchange. */

import type { ReplyFault } from "../core/server-fault.ts";
import { countOf, fieldsOf, isFields } from "./fields.ts";
import type { Tokens } from "./wire.ts";

/** As it stands in the reply; `null` where it is missing or is no count. */
export interface Usage {
  readonly input: number | null;
  readonly output: number | null;
  readonly total: number | null;
  /** Of `output`, and by some servers beside it. */
  readonly reasoning: number;
  readonly cachedInput: number;
  readonly cost: number | null;
  /** More than one block of counts. */
  readonly isDouble: boolean;
}

/**
 * The counts of a format that names them `PREFIX_tokens`, with details beside. `blocks`: every place of the reply that
 * may hold some; more than one that does is a fault of its own.
 */
export function usageIn(blocks: readonly unknown[], input: string, output: string): Usage | null {
  const [usage, ...more] = blocks.flat().filter(isFields);
  if (!usage) return null;
  const { cost } = usage;
  return {
    input: countOf(usage[`${input}_tokens`]),
    output: countOf(usage[`${output}_tokens`]),
    total: countOf(usage.total_tokens),
    reasoning: countOf(fieldsOf(usage[`${output}_tokens_details`]).reasoning_tokens) ?? 0,
    cachedInput: countOf(fieldsOf(usage[`${input}_tokens_details`]).cached_tokens) ?? 0,
    cost: typeof cost === "number" && Number.isFinite(cost) && cost >= 0 ? cost : null,
    isDouble: more.length > 0,
  };
}

/** The counts of a reply whose request is not at hand; `null` where there are none, or none that can be true. */
export function plausibleTokens(usage: Usage | null): Tokens | null {
  return counted(usage, { text: "", moreBytes: Number.POSITIVE_INFINITY, mostOutput: null }).tokens;
}

/** The counts as they stand, whether or not they can be true; `null` where one is missing. */
function tokensIn(usage: Usage | null): Tokens | null {
  if (!usage || usage.input === null || usage.output === null) return null;
  const { input, output, cachedInput, cost } = usage;
  return { input, output, cachedInput, cost };
}

export interface Sent {
  /** All texts of the prompt, without what a template puts around them. */
  readonly text: string;
  /** Bytes of what else was sent, such as a schema, which may or may not become part of the prompt. */
  readonly moreBytes: number;
  /** The most tokens that the answer could have; `null` where nothing bounds it. */
  readonly mostOutput: number | null;
}

/** No template, with tools and all, is as long as this. */
const TEMPLATE_TOKENS = 4000;
/** No vocabulary has words so long that a text has fewer tokens than this share of its letters. */
const LONGEST_WORD = 12;
/** Servers differ in whether they count the token that ends an answer. */
const END_TOKENS = 2;

export interface Counted {
  readonly tokens: Tokens | null;
  readonly faults: readonly ReplyFault[];
}

/** Counts that cannot be true are worth no more than none: the call is then unpriced. */
export function counted(usage: Usage | null, sent: Sent): Counted {
  const tokens = tokensIn(usage);
  if (!usage || !tokens) return { tokens: null, faults: ["usage missing"] };
  if (!isPlausible(usage, tokens, sent)) return { tokens: null, faults: ["usage implausible"] };
  const isShort = tokens.input < runsShortened(sent.text).length / LONGEST_WORD;
  return { tokens, faults: isShort ? ["prompt truncated"] : [] };
}

function isPlausible(
  { total, reasoning, isDouble }: Usage,
  { input, output, cachedInput }: Tokens,
  { text, moreBytes, mostOutput }: Sent,
): boolean {
  // Some count thoughts beside the answer's tokens.
  if (total !== null && total !== input + output && total !== input + output + reasoning) return false;
  if (mostOutput !== null && output > mostOutput + END_TOKENS) return false;
  // A token is a byte at least.
  return !isDouble && cachedInput <= input && input <= Buffer.byteLength(text) + moreBytes + TEMPLATE_TOKENS;
}

/** A line of dashes or a run of spaces can be a single token however long it is. */
function runsShortened(text: string): string {
  return text.replaceAll(/(.)\1{3,}|\s+/gs, (run) => run.slice(0, 1));
}
