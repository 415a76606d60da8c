/** Two versions on the same labels, which neither was trained on: who is right more often, and what flipped. */

import type { Json } from "../core/json.ts";
import type { Label, MetQuestion } from "../core/label.ts";
import { type Comparison, compareVersions } from "../guarantee/bootstrap.ts";
import type { Reading } from "../policy/local-version.ts";
import { sameAnswer } from "../policy/met-question.ts";
import { nameOf, surest } from "./evaluation.ts";

export interface ReadTwice {
  readonly label: Label;
  readonly before: Reading;
  readonly after: Reading;
}

/** An item that one of the two had right and the other wrong. */
export interface Flip {
  /** Number of the label, and the decision that it is about, such as `a1b2c3d4-17/team`. */
  readonly label: number;
  readonly decision: string | null;
  readonly about: string;
  readonly truth: string;
  /** `null` where no rung said anything. */
  readonly before: string | null;
  readonly after: string | null;
  readonly isFixed: boolean;
}

export interface VersionComparison {
  /** Version keys. */
  readonly before: string;
  readonly after: string;
  readonly figures: Comparison;
  /** Broken ones first. */
  readonly flips: readonly Flip[];
}

/** Needs a label at least. */
export function compare(
  met: MetQuestion,
  keys: { readonly before: string; readonly after: string },
  read: readonly ReadTwice[],
): VersionComparison {
  const isRight = (said: Json | null, label: Label): boolean =>
    said !== null && sameAnswer(met, said, label.answer.value);
  const outcomes = read.map(({ label, before, after }) => {
    const said = { before: surest(before)?.value ?? null, after: surest(after)?.value ?? null };
    return { label, said, before: isRight(said.before, label), after: isRight(said.after, label) };
  });
  const figures = compareVersions(
    outcomes.map(({ label, before, after }) => ({ id: String(label.number), cluster: label.cluster, before, after })),
  );
  const flips = outcomes
    .filter(({ before, after }) => before !== after)
    .map(({ label, said, after }): Flip => {
      const { number, decision, about, answer } = label;
      const name = (value: Json | null): string | null => (value === null ? null : nameOf(value));
      return {
        label: number,
        decision,
        about,
        truth: nameOf(answer.value),
        before: name(said.before),
        after: name(said.after),
        isFixed: after,
      };
    })
    .sort((a, b) => Number(a.isFixed) - Number(b.isFixed) || a.label - b.label);
  return { ...keys, figures, flips };
}
