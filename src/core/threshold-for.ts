/** Picks a plain threshold on labelled items. Hindsight on those items, not a promise about others. */

export interface Labelled {
  readonly confidence: number;
  readonly right: boolean;
}

export interface ChosenThreshold {
  /** Least confidence that stands; above 1 when nothing may. */
  readonly acceptAt: number;
  /** Of the labelled items, how many are kept at it, and how many of those are wrong. */
  readonly kept: number;
  readonly wrong: number;
}

/** The threshold that keeps most items with at most a share of `risk` wrong among them. */
export function thresholdFor(items: readonly Labelled[], risk: number): ChosenThreshold {
  const sorted = items.toSorted((a, b) => b.confidence - a.confidence);
  let best: ChosenThreshold = { acceptAt: 1.01, kept: 0, wrong: 0 };
  let wrong = 0;
  for (let kept = 1; kept <= sorted.length; kept++) {
    const { confidence, right } = sorted[kept - 1]!;
    if (!right) wrong++;
    // Equal confidences stand or fall together.
    if (sorted[kept]?.confidence === confidence) continue;
    if (wrong / kept <= risk) best = { acceptAt: confidence, kept, wrong };
  }
  return best;
}
