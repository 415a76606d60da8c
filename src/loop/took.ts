/** Milliseconds since `begun` (`performance.now()`), to a tenth. */
export function took(begun: number): number {
  return Math.round((performance.now() - begun) * 10) / 10;
}
