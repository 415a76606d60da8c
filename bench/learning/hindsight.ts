// The threshold that would have kept most, had all labels been known before.

/** What one member says to an item: how sure it is, and whether it is right. */
export interface Judged {
  readonly p: number;
  readonly right: boolean;
}

/** What all members say, lowest first; `null` where one has nothing to say. */
export type JudgedItem = readonly (Judged | null)[];

export interface Kept {
  readonly threshold: number;
  /** Of all items; and wrong among the kept, 0 of nothing. */
  readonly kept: number;
  readonly wrong: number;
}

/** Of all thresholds the one that keeps most with at most that share of wrong answers among the kept. */
export function bestThreshold(items: readonly JudgedItem[], risk: number): Kept {
  const steps = items.flatMap(stepsOf).sort((a, b) => b.p - a.p);
  let best: Kept = { threshold: 1, kept: 0, wrong: 0 };
  let [kept, wrong] = [0, 0];
  for (const [index, step] of steps.entries()) {
    kept += step.kept;
    wrong += step.wrong;
    if (steps[index + 1]?.p === step.p || kept === 0 || wrong > risk * kept) continue;
    if (kept / items.length > best.kept) best = { threshold: step.p, kept: kept / items.length, wrong: wrong / kept };
  }
  return best;
}

/** What is kept at a threshold: the lowest member that reaches it answers. */
export function keptAt(items: readonly JudgedItem[], threshold: number): Kept {
  const stood = items.flatMap((item) => standing(item, threshold) ?? []);
  const wrong = stood.filter(({ right }) => !right).length;
  return { threshold, kept: stood.length / items.length, wrong: stood.length === 0 ? 0 : wrong / stood.length };
}

/** The lowest member's answer that reaches the threshold; `null` where none does. */
export function standing(item: JudgedItem, threshold: number): Judged | null {
  return item.find((said) => said !== null && said.p >= threshold) ?? null;
}

/** Where, as the threshold falls, the item comes to stand, and where a lower member takes it over. */
function stepsOf(item: JudgedItem): { readonly p: number; readonly kept: number; readonly wrong: number }[] {
  const answering: Judged[] = [];
  for (const said of item) if (said && said.p > (answering.at(-1)?.p ?? -1)) answering.push(said);
  // The surest comes first, and each that follows stands below it.
  return answering.reverse().map(({ p, right }, index) => ({
    p,
    kept: index === 0 ? 1 : 0,
    wrong: Number(!right) - (index === 0 ? 0 : Number(!answering[index - 1]!.right)),
  }));
}
