/** What is risked when only the surest answers are kept (Geifman and El-Yaniv 2017). Hindsight on known items. */

export interface Kept {
  /** Higher is safer. */
  readonly score: number;
  readonly correct: boolean;
}

/** One place on the curve: everything with at least this score is kept. */
export interface CoveragePoint {
  readonly score: number;
  /** Share of all items that is kept, and share of those that is wrong. */
  readonly coverage: number;
  readonly risk: number;
}

/** A point for each different score, surest first. Equal scores are kept or dropped together. */
export function riskCoverage(items: readonly Kept[]): readonly CoveragePoint[] {
  let [kept, wrong] = [0, 0];
  return tiesOf(items).map((tie) => {
    kept += tie.items;
    wrong += tie.wrong;
    return { score: tie.score, coverage: kept / items.length, risk: wrong / kept };
  });
}

/**
 * Area under the curve: the mean over k = 1 to n of the risk of the k surest. Among equal scores it is the mean over
 * all their orders. 0 to 1, lower is better; NaN of nothing.
 */
export function aurc(items: readonly Kept[]): number {
  let [kept, wrong, sum] = [0, 0, 0];
  for (const tie of tiesOf(items)) {
    for (let at = 1; at <= tie.items; at++) sum += (wrong + (tie.wrong * at) / tie.items) / (kept + at);
    kept += tie.items;
    wrong += tie.wrong;
  }
  return sum / items.length;
}

/** How much of that a perfect order would save: the area minus that of the same answers with the wrong ones last. */
export function excessAurc(items: readonly Kept[]): number {
  return aurc(items) - aurc(items.map(({ correct }) => ({ score: correct ? 1 : 0, correct })));
}

/** The largest coverage whose risk is at most `risk`, 0 where none is. In hindsight: no promise about other items. */
export function coverageAt(items: readonly Kept[], risk: number): number {
  return riskCoverage(items).reduce((most, point) => (point.risk <= risk ? point.coverage : most), 0);
}

function tiesOf(items: readonly Kept[]): readonly { score: number; items: number; wrong: number }[] {
  const ties: { score: number; items: number; wrong: number }[] = [];
  for (const { score, correct } of items.toSorted((a, b) => b.score - a.score)) {
    if (ties.at(-1)?.score !== score) ties.push({ score, items: 0, wrong: 0 });
    const tie = ties.at(-1)!;
    tie.items++;
    if (!correct) tie.wrong++;
  }
  return ties;
}
