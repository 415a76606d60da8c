/** The least that a value of a plan costs: what must be kept back while there is a choice. */

import type { Member, ObjectPlan, Plan } from "./plan.ts";

export interface Cost {
  /** Tokens that the model writes or reads. */
  readonly tokens: number;
  /** Letters of text, the host's included: never fewer than tokens. */
  readonly letters: number;
}

export const NOTHING: Cost = { tokens: 0, letters: 0 };
/** Kept back for a value that the model writes. */
const WRITTEN: Cost = { tokens: 8, letters: 34 };

const known = new WeakMap<Plan, Cost | null>();

/** `null` where no value can be finished: nothing fits, or the plan asks for itself without an end. */
export function leastOf(plan: Plan): Cost | null {
  if (!known.has(plan)) settle(plan);
  return known.get(plan) ?? null;
}

/** The properties that an object cannot do without, made up to their least number by those that cost least. */
export function leastMembers(plan: ObjectPlan, inside: (plan: Plan) => Cost | null = leastOf): readonly Member[] {
  const [required, optional] = [true, false].map((is) => plan.members.filter((member) => member.required === is));
  const missing = plan.min - required!.length;
  if (missing <= 0) return required!;
  const letters = (member: Member) => costOfMember(member.name, inside(member.plan))?.letters ?? Number.MAX_VALUE;
  return [...required!, ...optional!.sort((one, other) => letters(one) - letters(other)).slice(0, missing)];
}

/** Where a plan that cannot be finished is stuck; `null` where it can be. */
export function blocked(plan: Plan): { path: string; keyword: string } | null {
  if (leastOf(plan) !== null) return null;
  const seen = new Set<Plan>();
  const find = (at: Plan): { path: string; keyword: string } | undefined => {
    if (at.kind === "never") return at;
    if (seen.has(at)) return undefined;
    seen.add(at);
    return asked(at)
      .filter((inner) => leastOf(inner) === null)
      .map(find)
      .find(Boolean);
  };
  return find(plan) ?? { path: "", keyword: "$ref" };
}

/** A plan may contain itself, so costs are lowered from "never" until nothing changes any more. */
function settle(plan: Plan): void {
  const plans = new Set<Plan>([plan]);
  for (const each of plans) for (const inner of asked(each)) plans.add(inner);
  const costs = new Map<Plan, Cost | null>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const each of plans) {
      const cost = costOf(each, (inner) => known.get(inner) ?? costs.get(inner) ?? null);
      if (cost === null || (costs.get(each)?.letters ?? Infinity) <= cost.letters) continue;
      costs.set(each, cost);
      changed = true;
    }
  }
  for (const each of plans) known.set(each, costs.get(each) ?? null);
}

/** The plans inside this one that a value cannot do without, or some of which it cannot. */
function asked(plan: Plan): readonly Plan[] {
  if (plan.kind === "union") return plan.plans;
  if (plan.kind === "array") return Array.from({ length: plan.min }, (_, index) => plan.item(index));
  if (plan.kind !== "object") return [];
  const required = plan.members.filter((member) => member.required);
  return (plan.min > required.length ? plan.members : required).map((member) => member.plan);
}

function costOf(plan: Plan, inside: (plan: Plan) => Cost | null): Cost | null {
  switch (plan.kind) {
    case "never":
      return null;
    case "among": {
      const letters = Math.max(...plan.values.map((value) => JSON.stringify(value).length));
      return { tokens: plan.values.length > 1 ? 1 : 0, letters };
    }
    case "string":
      return { tokens: WRITTEN.tokens + plan.min / 3, letters: WRITTEN.letters + plan.min };
    case "number":
      return WRITTEN;
    case "union": {
      const costs = plan.plans.map(inside).filter((cost) => cost !== null);
      return costs.length === 0 ? null : costs.reduce((least, cost) => (cost.letters < least.letters ? cost : least));
    }
    case "array":
      return sum(asked(plan).map(inside), 2);
    case "object":
      return sum(
        leastMembers(plan, inside).map((member) => costOfMember(member.name, inside(member.plan))),
        2,
      );
  }
}

/** The cost of a property with its key. */
export function costOfMember(name: string, cost: Cost | null): Cost | null {
  return cost && { tokens: cost.tokens, letters: cost.letters + JSON.stringify(name).length + 4 };
}

function sum(costs: readonly (Cost | null)[], letters: number): Cost | null {
  return costs.reduce((total, cost) => total && cost && plus(total, cost), { tokens: 0, letters });
}

/** Both costs together, or with `sign` -1 the one without the other. */
export function plus(one: Cost, other: Cost, sign = 1): Cost {
  return { tokens: one.tokens + sign * other.tokens, letters: one.letters + sign * other.letters };
}
