/** Figures as a report shows them. */

import type { Share } from "../core/wilson.ts";

/** 0 to 1 as `93.1 %`; nothing is rounded up to 100 or down to 0. */
export function percent(share: number): string {
  const exact = share * 100;
  if (share > 0 && exact < 0.05) return "< 0.1 %";
  if (share < 1 && exact > 99.95) return "> 99.9 %";
  return `${exact.toFixed(1)} %`;
}

/** The same with no more digits than it needs: for what is asked for, and for axes. */
export function compact(share: number): string {
  return `${Number((share * 100).toPrecision(6))} %`;
}

export function range({ low, high }: Pick<Share, "low" | "high">): string {
  return `${percent(low)} to ${percent(high)}`;
}

export function whole(count: number): string {
  return count.toLocaleString("en-US");
}

/** Such as `1 label`, `2 labels`. */
export function counted(count: number, noun: string): string {
  return `${whole(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** UTC, to the minute. */
export function moment(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ");
}

/** A p-value, never as 0. */
export function pValue(p: number): string {
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}
