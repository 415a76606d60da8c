/**
 * From "agrees with the upper model" to "is right". Labels that a model gave bound the disagreement with that model;
 * where both are wrong together they show nothing. A person who checks some of the accepted answers closes the gap.
 */

import { UsageError } from "../core/errors.ts";
import { upperBound } from "./binomial.ts";

/** Accepted decisions, drawn with one probability, that a person has looked at without seeing the other answers. */
export interface HumanChecks {
  readonly checked: number;
  /** Of those, how many had both models say the same wrong thing. */
  readonly wrongTogether: number;
  /** Of those, how many the upper model had wrong, with or without the local one. */
  readonly upperWrong: number;
}

export interface TruthBound {
  /** P(local differs from upper | accepted), at most. */
  readonly disagreement: number;
  /** Kappa: P(both say the same and it is wrong | accepted), at most. */
  readonly wrongTogether: number;
  /** P(wrong | accepted), at most: the two added up, at most 1. */
  readonly wrong: number;
  /** The upper model's own error on accepted decisions, at most. A statement by itself, at the level of the checks. */
  readonly upperWrong: number;
  /** Chance that `wrong` does not hold: the two levels added up. */
  readonly delta: number;
}

export interface TruthQuestion {
  /** Bound on the disagreement and the level at which it was certified. */
  readonly disagreement: { readonly bound: number; readonly delta: number };
  readonly checks: HumanChecks;
  /** Level of the bound from the human checks. */
  readonly delta: number;
}

/**
 * A wrong accepted answer either differs from the upper model's or equals it: P(wrong) <= disagreement + kappa. Kappa is
 * bounded by Clopper and Pearson; without a single check it is 1, and nothing is said about truth.
 */
export function truthBound({ disagreement, checks, delta }: TruthQuestion): TruthBound {
  const { checked, wrongTogether, upperWrong } = checks;
  if (!(wrongTogether <= upperWrong && upperWrong <= checked)) {
    throw new UsageError("E_COUNT", "wrong together is part of upper wrong, and that of checked", { value: checks });
  }
  const kappa = atMost(wrongTogether, checked, delta);
  return {
    disagreement: disagreement.bound,
    wrongTogether: kappa,
    wrong: Math.min(1, disagreement.bound + kappa),
    upperWrong: atMost(upperWrong, checked, delta),
    delta: disagreement.delta + delta,
  };
}

function atMost(count: number, of: number, delta: number): number {
  return of === 0 ? 1 : upperBound(count, of, delta);
}
