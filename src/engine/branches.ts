/** How the values of a plan begin: what branches of a union are told apart by. */

import type { ObjectPlan, Plan } from "./plan.ts";

/** Every way in which a value of the plan may begin; never empty for a plan that has values. */
export function openingsOf(plan: Plan): readonly string[] {
  switch (plan.kind) {
    case "string":
      return ['"'];
    case "array":
      return ["["];
    case "object":
      return ["{"];
    case "number":
      return [...(plan.max >= 0 ? "0123456789" : ""), ...(plan.min < 0 ? "-" : "")];
    case "among":
      return [...new Set(plan.values.map(openingOfValue))];
    case "union":
      return [...new Set(plan.plans.flatMap(openingsOf))];
    case "never":
      return [];
  }
}

function openingOfValue(value: unknown): string {
  const text = JSON.stringify(value);
  return '"[{'.includes(text[0]!) ? text[0]! : text;
}

/**
 * Branches by what they begin with, in the order of the schema. Each opening belongs to the first branch that has it:
 * what begins alike cannot be told apart by reading, and the first branch is as good as any.
 */
export function byOpening<P>(plans: readonly P[], openings: (plan: P) => readonly string[]): Branch<P>[] {
  const taken = new Set<string>();
  const branches = plans.map((plan) => {
    const own = openings(plan).filter((opening) => !taken.has(opening));
    for (const opening of own) taken.add(opening);
    return { plan, openings: own };
  });
  return branches.filter((branch) => branch.openings.length > 0);
}

export interface Branch<P> {
  readonly plan: P;
  readonly openings: readonly string[];
}

/** Puts the property first that differs from branch to branch: a fixed value, or one that only this branch requires. */
export function toldApart(objects: readonly ObjectPlan[]): ObjectPlan[] {
  const requires = (object: ObjectPlan, name: string) =>
    object.members.some((member) => member.name === name && member.required);
  return objects.map((object) => {
    const others = objects.filter((other) => other !== object);
    const required = object.members.filter((member) => member.required);
    const shared = required.find(
      (member) => member.plan.kind === "among" && others.every((other) => requires(other, member.name)),
    );
    const own = required.find(({ name }) => others.every((other) => !requires(other, name)));
    const first = shared ?? own;
    if (!first) return object;
    return { ...object, members: [first, ...object.members.filter((member) => member !== first)] };
  });
}

/** How an object goes on behind its bracket: its first key, with the value where that is fixed. */
export function insideOf(object: ObjectPlan): readonly string[] {
  const first = object.members[0];
  if (first === undefined) return ["}"];
  const key = `${JSON.stringify(first.name)}:`;
  if (!first.required || first.plan.kind !== "among") return [key];
  return first.plan.values.map((value) => `${key} ${JSON.stringify(value)}`);
}
