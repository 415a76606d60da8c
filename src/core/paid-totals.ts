/** Sums of paid calls, and how they add. */

export interface PaidTotals {
  /** Begun, whether or not they came to an end. What was served from an earlier reply is none of them. */
  readonly calls: number;
  /** Served from an earlier reply of the same content. */
  readonly served: number;
  /** Of the calls: their end is not known (yet), and so neither is their cost. */
  readonly open: number;
  /** Of the calls: made again although an earlier try may have been carried out. */
  readonly maybePaidTwice: number;
  /** Of the calls: ended at a cost that is not known: never counted as 0. */
  readonly unpriced: number;
  /** Of those with a price, in the config's currency. */
  readonly cost: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Sums that grow. */
export type PaidCounts = { -readonly [name in keyof PaidTotals]: PaidTotals[name] };

export function noPaid(): PaidCounts {
  return { calls: 0, served: 0, open: 0, maybePaidTwice: 0, unpriced: 0, cost: 0, inputTokens: 0, outputTokens: 0 };
}

/** Adds a part to a sum. */
export function addPaid(sum: PaidCounts, part: PaidTotals): void {
  for (const name of Object.keys(sum) as (keyof PaidCounts)[]) sum[name] += part[name];
}
