/**
 * What happens to a decision that must go up when nobody above has budget left. Never that it stands: an empty purse
 * is no evidence that an answer is right, so whether it is accepted is settled before the purse is opened.
 */

/** Wait for budget, take the answer that is safe when wrong, or stop the run. */
export type OverflowPolicy = "queue" | "default" | "block";

export type Placement = "accepted" | "escalated" | "queued" | "defaulted" | "blocked";

export interface Overflow {
  /** Confidence of the local answer; higher is safer. `null` when there is none. */
  readonly confidence: number | null;
  /** The threshold in force; `null` when nothing may stand. */
  readonly threshold: number | null;
  /** Whether any rung above can take the decision now. */
  readonly canEscalate: boolean;
  readonly policy: OverflowPolicy;
}

/** Where a decision goes. No number counts as below the threshold. */
export function place({ confidence, threshold, canEscalate, policy }: Overflow): Placement {
  if (confidence !== null && threshold !== null && confidence >= threshold) return "accepted";
  if (canEscalate) return "escalated";
  switch (policy) {
    case "queue":
      return "queued";
    case "default":
      return "defaulted";
    case "block":
      return "blocked";
  }
}

/** The share of placements that missing budget decided; 0 of none. */
export function overflowShare(placements: readonly Placement[]): number {
  if (placements.length === 0) return 0;
  const served = placements.filter((placement) => placement !== "accepted" && placement !== "escalated");
  return served.length / placements.length;
}
