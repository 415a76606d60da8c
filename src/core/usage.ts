/** What an answer cost, and how costs add. */

export interface Usage {
  /** Tokens read by a model, those already in its cache not counted. */
  readonly inputTokens: number;
  /** Tokens that a model wrote. */
  readonly outputTokens: number;
  /** Wall time at the rung, in milliseconds. */
  readonly milliseconds: number;
  /** Money in the config's currency; `null` is unpriced, which is never 0. */
  readonly cost: number | null;
}

export const noUsage: Usage = { inputTokens: 0, outputTokens: 0, milliseconds: 0, cost: 0 };

/** What a try counts as against limits on spend: its cost, or the most that this can have been. */
export function chargeOf({ usage, atMost = 0 }: { readonly usage?: Usage; readonly atMost?: number }): number {
  return usage?.cost ?? atMost;
}

/** The sum of two usages; an unpriced part makes the sum unpriced. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    milliseconds: a.milliseconds + b.milliseconds,
    cost: a.cost === null || b.cost === null ? null : a.cost + b.cost,
  };
}
