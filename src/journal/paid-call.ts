/** What every record of paid calls must agree on: which call is the same, and which replies are kept. */

import { textKey } from "../core/hash.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import type { NewPaidCall } from "../ledger/ledger.ts";

/** Replies that are kept for the same content, the newest of them. */
export const mostReplies = 10_000;
/** Longest reply that is kept, in characters of its JSON: with logprobs, a closed answer has some thousands. */
export const longestReply = 32_768;
/** What a hosted model says today it may not say in a season; in milliseconds, 30 days. */
export const oldestReply: number = 30 * 86_400_000;

/** Another content is another request: a provider that knows the key would refuse it, or answer the old one. */
export function idempotencyKeyOf({ run, path, rung, attempt, content }: NewPaidCall): string {
  return `pawl-${textKey("paid call", canonicalJson([run, path, rung, attempt, content]))}`;
}

/** The reply as it is kept, or `null` where it is too long to be. */
export function keptReply(reply: Json | null): string | null {
  const text = reply === null ? null : JSON.stringify(reply);
  return text !== null && text.length <= longestReply ? text : null;
}
