/** What a wrong answer to a question costs, put against what asking further up does: the facts of one climb. */

import { type Attempt, usableConfidence } from "../core/answer.ts";
import type { Question } from "../core/question.ts";
import type { Weighing } from "../gate/gate.ts";
import type { Standing } from "../policy/policy.ts";
import type { Rung } from "../rung/rung.ts";
import type { FoundRight } from "./found-right.ts";
import type { Scarcity } from "./scarcity.ts";
import { type Weighed, weighPerson, weighRung } from "./worth.ts";

/** What a question's answers cost, from the config and the journal. */
export interface Costs {
  /** What a wrong answer costs, in the config's currency. */
  readonly error: number;
  /** What a person's answer costs, and the minutes that it takes. */
  readonly person: number;
  readonly minutes: number;
  /** `null` where there is no budget of that kind. */
  readonly money: Scarcity | null;
  readonly reviewers: Scarcity | null;
  readonly foundRight: FoundRight;
}

/** A person, or a rung that is paid or not local: what is free and here is asked without being weighed. */
export function isWeighed({ name, local, mostCost }: Rung): boolean {
  return name === "person" || !local || mostCost !== 0;
}

export class Weigh implements Weighing {
  readonly #costs: Costs;
  readonly #question: Question;
  readonly #ladder: readonly Rung[];
  readonly #standing: Standing | null;
  /** The author asked for a promise: nothing stands for being cheap. */
  readonly #isPromised: boolean;
  #p: number | null = null;

  constructor(
    costs: Costs,
    question: Question,
    ladder: readonly Rung[],
    standing: Standing | null,
    risk: number | null,
  ) {
    this.#costs = costs;
    this.#question = question;
    this.#ladder = ladder;
    this.#standing = standing;
    this.#isPromised = risk !== null;
  }

  get replacesThreshold(): boolean {
    return !this.#isPromised;
  }

  /** The best reason to go on from an answer of this rung that is right with probability `p`. */
  above(rung: Rung, p: number): Weighed | null {
    let best: Weighed | null = null;
    for (const other of this.#ladder.slice(this.#ladder.indexOf(rung) + 1)) {
      if (!isWeighed(other)) continue;
      const weighed = this.#weigh(other, p, true)!;
      if (!best || weighed.worth - weighed.price > best.worth - best.price) best = weighed;
    }
    return best;
  }

  /** Hears what a rung said, and what the gate had against it. */
  hear({ rung, value, verdict }: Attempt): void {
    if (value === undefined) return;
    // What anything but the figure itself speaks against is not nearly right, however sure it is.
    const others = verdict?.checks.filter(({ check }) => check !== "threshold" && check !== "worth");
    const figure = verdict?.checks.find(({ check }) => check === "threshold" || check === "worth");
    const isKnown = others?.every(({ passes }) => passes) && figure && this.#isCalibrated({ name: rung });
    this.#p = isKnown ? usableConfidence(figure.have) : null;
  }

  /** Under a promise, figures count where they were calibrated on labels; without one, a rung's own is all there is. */
  #isCalibrated(rung: Pick<Rung, "name">): boolean {
    return !this.#isPromised || (this.#standing?.certificate != null && this.#standing.governs(rung));
  }

  /** Whether a rung is worth asking now; `null` where it is asked in any case. */
  asks(rung: Rung): Weighed | null {
    if (!isWeighed(rung)) return null;
    // A drawn item is asked whatever it costs, or the labels would not be of the whole traffic.
    if (this.#standing?.certificate && this.#standing.toss(this.#question).drawn) return null;
    return this.#weigh(rung, this.#p, false);
  }

  /** `closes`: also by what the day has left; where a rung is about to be asked its reservation says that. */
  #weigh(rung: Rung, p: number | null, closes: boolean): Weighed | null {
    const { error, person, minutes, money, reviewers, foundRight } = this.#costs;
    const scarce = (of: Scarcity | null, amount: number): number | "closed" =>
      of === null ? 0 : closes ? of.of(amount) : of.price * amount;
    if (rung.name === "person") {
      return weighPerson({ rung: "person", error, p, price: person, scarcity: scarce(reviewers, minutes) });
    }
    if (p === null) return null;
    const price = rung.mostCost ?? 0;
    const rungP = foundRight.of(this.#question, rung.name);
    const mayStand = !this.#isPromised;
    return weighRung({ rung: rung.name, error, p, mayStand, rungP, price, scarcity: scarce(money, price) });
  }
}
