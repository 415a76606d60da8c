/** An interval for a share: how far the true one may lie from what was counted. */

export interface Share {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Wilson's score interval for `count` of `of` at 95 % (z = 1.96; Wilson 1927). `null` without a single case:
 * a share of nothing is unknown.
 */
export function wilson(count: number, of: number): Share | null {
  if (of === 0) return null;
  const z = 1.959964;
  const share = count / of;
  const centre = share + (z * z) / (2 * of);
  const spread = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  const whole = 1 + (z * z) / of;
  return { share, low: Math.max(0, (centre - spread) / whole), high: Math.min(1, (centre + spread) / whole) };
}

/** Such as `76.1 % (73.4 to 78.6)`; `unknown` without cases. */
export function formatShare(share: Share | null): string {
  if (share === null) return "unknown";
  const percent = (value: number): string => (value * 100).toFixed(1);
  return `${percent(share.share)} % (${percent(share.low)} to ${percent(share.high)})`;
}
