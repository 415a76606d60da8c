/** Precision, recall and F1 of each class, with the counts that they come from. */

export interface Classified {
  readonly truth: string;
  /** `null`: no answer was given, which misses the truth and claims nothing. */
  readonly predicted: string | null;
}

export interface ClassFigures {
  readonly name: string;
  /** Items that are of this class, and items that were said to be. */
  readonly support: number;
  readonly claimed: number;
  readonly right: number;
  /** Of what was claimed, the share that is right; `null` where nothing was. */
  readonly precision: number | null;
  /** Of what there is, the share that was found; `null` where there is none. */
  readonly recall: number | null;
  /** Harmonic mean of the two, 2 · right / (support + claimed); `null` where the class appears nowhere. */
  readonly f1: number | null;
}

export interface ClassReport {
  readonly items: number;
  readonly answered: number;
  /** Share of all items that are right; no answer counts as wrong. `null` of nothing. */
  readonly accuracy: number | null;
  /** Mean F1 over the classes that appear, each counting alike, and each by its support. */
  readonly macroF1: number | null;
  readonly weightedF1: number | null;
  readonly classes: readonly ClassFigures[];
  /** What was taken for what, most frequent first. */
  readonly confusions: readonly { readonly truth: string; readonly predicted: string; readonly items: number }[];
}

/** The report of classes in the order of `names`, and behind them any other that appears. */
export function classReport(items: readonly Classified[], names: readonly string[] = []): ClassReport {
  const all = new Set([...names, ...items.flatMap(({ truth, predicted }) => [truth, predicted ?? truth])]);
  const classes = [...all].map((name) => figuresOf(name, items));
  const present = classes.filter((each) => each.f1 !== null);
  const supported = classes.reduce((sum, { support }) => sum + support, 0);
  const right = classes.reduce((sum, each) => sum + each.right, 0);
  return {
    items: items.length,
    answered: items.filter(({ predicted }) => predicted !== null).length,
    accuracy: ratio(right, items.length),
    macroF1: ratio(
      present.reduce((sum, { f1 }) => sum + f1!, 0),
      present.length,
    ),
    weightedF1: ratio(
      classes.reduce((sum, { f1, support }) => sum + (f1 ?? 0) * support, 0),
      supported,
    ),
    classes,
    confusions: confusionsOf(items),
  };
}

function figuresOf(name: string, items: readonly Classified[]): ClassFigures {
  const support = items.filter(({ truth }) => truth === name).length;
  const claimed = items.filter(({ predicted }) => predicted === name).length;
  const right = items.filter(({ truth, predicted }) => truth === name && predicted === name).length;
  return {
    name,
    support,
    claimed,
    right,
    precision: ratio(right, claimed),
    recall: ratio(right, support),
    f1: ratio(2 * right, support + claimed),
  };
}

function confusionsOf(items: readonly Classified[]): ClassReport["confusions"] {
  const found = new Map<string, { truth: string; predicted: string; items: number }>();
  for (const { truth, predicted } of items) {
    if (predicted === null || predicted === truth) continue;
    const key = JSON.stringify([truth, predicted]);
    const confusion = found.get(key) ?? { truth, predicted, items: 0 };
    confusion.items++;
    found.set(key, confusion);
  }
  return [...found.values()].sort((a, b) => b.items - a.items);
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
