/**
 * Whether asking a rung further up is worth its price, from the facts alone (escalation.md c.8). It decides where a
 * question goes; that something below a promised threshold stands is never one of its answers.
 */

import { type Comparison, deferAfterLarge, deferBeforeLarge } from "../guarantee/deferral.ts";

/** What is known before a rung is asked. All amounts in the config's currency. */
export interface Facts {
  /** Name of the rung that may be asked. */
  readonly rung: string;
  /** What a wrong answer costs. */
  readonly error: number;
  /** Probability that the last answer from below is right; `null` where nobody knows. */
  readonly p: number | null;
  /** Whether that answer could stand if nobody else were asked: never below a promised threshold. */
  readonly mayStand: boolean;
  /** Probability that the rung would be right, or the most that it can be. */
  readonly rungP: number;
  /** What one reply costs. */
  readonly price: number;
  /** What else that money or time could buy today; `closed`: the day has not that much left. */
  readonly scarcity: number | "closed";
}

export interface Weighed extends Comparison {
  readonly rung: string;
  readonly isWorth: boolean;
  /** The numbers, in words. */
  readonly why: string;
}

/** A rung that is paid or not local. `null`: too little is known to weigh, and it is asked. */
export function weighRung(facts: Facts): Weighed | null {
  const { error, p, mayStand, rungP, price, scarcity } = facts;
  if (p === null) return null;
  // Whether a person is asked after it is weighed when it comes to that.
  const decided = deferBeforeLarge(
    { small: p, large: rungP, acceptable: mayStand },
    { error, large: price, human: 0, abstain: Number.POSITIVE_INFINITY },
    { money: scarcity, reviewer: "closed" },
  );
  const from = mayStand ? ` instead of ${figure(p)}` : "";
  const saves = `right in ${figure(rungP)}${from}, where a wrong answer costs ${figure(error)}`;
  return weighed(facts, decided.kind === "escalate", decided.because.large!, saves);
}

/** A person, who is taken to be right. `null`: too little is known to weigh, and they are asked. */
export function weighPerson(facts: Omit<Facts, "rungP" | "mayStand">): Weighed | null {
  const { error, p, price, scarcity } = facts;
  if (p === null) return null;
  const costs = { error, large: 0, human: price, abstain: Number.POSITIVE_INFINITY };
  const decided = deferAfterLarge({ large: p }, costs, { money: 0, reviewer: scarcity });
  const saves = `the answer from below is right in ${figure(p)}, and a wrong one costs ${figure(error)}`;
  return weighed(facts, decided.kind === "human", decided.because.human!, saves);
}

function weighed(
  { rung, price, scarcity }: Pick<Facts, "rung" | "price" | "scarcity">,
  isWorth: boolean,
  comparison: Comparison,
  saves: string,
): Weighed {
  const scarce = scarcity !== "closed" && scarcity > 0 ? ` and ${figure(scarcity)} for what is scarce today` : "";
  const costs = scarcity === "closed" ? "the day has nothing left for it" : `it costs ${figure(price)}${scarce}`;
  const why = `asking ${rung} is expected to save ${figure(comparison.worth)} (${saves}), and ${costs}`;
  return { rung, isWorth, why, ...comparison };
}

/** Three digits that count: money may come in thousandths of a cent. */
function figure(amount: number): string {
  return String(Number(amount.toPrecision(3)));
}
