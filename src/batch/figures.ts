/** Figures as people read them. */

import type { PaidTotals } from "../ledger/ledger.ts";

export function count(value: number): string {
  return value.toLocaleString("en");
}

/** `1 run`, `2 runs`. */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** 0 to 1 as `93.1 %`; nothing is rounded up to 100 or down to 0. */
export function percent(share: number): string {
  const exact = share * 100;
  if (share > 0 && exact < 0.1) return "< 0.1 %";
  if (share < 1 && exact > 99.9) return "> 99.9 %";
  return `${exact.toFixed(exact === 0 || exact === 100 ? 0 : 1)} %`;
}

/** Seconds as `12 ms`, `4.0 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const units = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ] as const;
  const first = units.findIndex(([size]) => whole >= size);
  const [size, name] = units[first]!;
  const second = units[first + 1];
  const rest = second ? Math.floor((whole % size) / second[0]) : 0;
  return `${Math.floor(whole / size)} ${name}${second && rest > 0 ? ` ${rest} ${second[1]}` : ""}`;
}

/** Events a second as `38/s`, slow ones as `12/min`. */
export function rate(perSecond: number): string {
  if (perSecond >= 10) return `${count(Math.round(perSecond))}/s`;
  if (perSecond >= 1) return `${perSecond.toFixed(1)}/s`;
  return `${count(Math.round(perSecond * 60))}/min`;
}

/** Money, with the digits that small prices need. */
export function money(cost: number, currency: string): string {
  return `${cost === 0 ? "0" : cost.toFixed(cost < 0.1 ? 5 : 2)} ${currency}`;
}

/** Sum of what is priced, and what is not: unknown is never 0. */
export function spend(usage: { readonly cost: number; readonly unpriced: number }, currency: string): string {
  const unpriced = usage.unpriced === 0 ? "" : `${counted(usage.unpriced, "reply", "replies")} unpriced`;
  if (usage.cost === 0 && unpriced !== "") return unpriced;
  return unpriced === "" ? money(usage.cost, currency) : `${money(usage.cost, currency)} and ${unpriced}`;
}

/** What paid calls came to: what is not known is named, and never counted as 0. */
export function paid(totals: PaidTotals, currency: string): string {
  const { cost, unpriced, served, maybePaidTwice, open } = totals;
  return [
    (cost > 0 || unpriced + open === 0) && money(cost, currency),
    unpriced > 0 && `${count(unpriced)} unpriced`,
    served > 0 && `${count(served)} more served from earlier replies`,
    maybePaidTwice > 0 && `${count(maybePaidTwice)} maybe paid twice`,
    open > 0 && `${count(open)} never heard of again`,
  ]
    .filter(Boolean)
    .join(", ");
}

/** Bytes as `25 MB`. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  const power = Math.min(Math.floor(Math.log10(value) / 3), 4);
  const scaled = value / 1000 ** power;
  return `${scaled < 10 ? scaled.toFixed(1) : scaled.toFixed(0)} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}
