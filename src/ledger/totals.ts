/** How sums of paid calls add. */

import type { PaidTotals } from "./ledger.ts";

/** Sums that grow. */
export type PaidCounts = { -readonly [name in keyof PaidTotals]: PaidTotals[name] };

export function noPaid(): PaidCounts {
  return { calls: 0, served: 0, open: 0, maybePaidTwice: 0, unpriced: 0, cost: 0, inputTokens: 0, outputTokens: 0 };
}

/** Adds a part to a sum. */
export function addPaid(sum: PaidCounts, part: PaidTotals): void {
  for (const name of Object.keys(sum) as (keyof PaidCounts)[]) sum[name] += part[name];
}
