/** How sure a filled answer is: as sure as its least sure part that bears a decision. */

import type { FieldEvidence } from "../core/answer.ts";

/** A text that the model wrote freely bears no decision when it is longer than this many letters (escalation.md c.1.3). */
const LONGEST_DECISION = 40;

/**
 * The confidence of the least sure field that bears a decision; `undefined` where none does, `null` where one has no
 * confidence at all. Free text bears none once it is long: no product of forty probabilities says anything of it.
 */
export function leastSure(
  value: unknown,
  fields: { readonly [path: string]: FieldEvidence },
): number | null | undefined {
  let least: number | undefined;
  for (const [path, { confidence, how }] of Object.entries(fields)) {
    if (confidence === null) return null;
    const found = valueAt(value, path);
    if (how === "generated" && typeof found === "string" && found.length > LONGEST_DECISION) continue;
    least = Math.min(least ?? 1, confidence);
  }
  return least;
}

/** The value at a path such as `lines[2].name`. */
function valueAt(value: unknown, path: string): unknown {
  return path
    .split(/\.|\[|\]/)
    .filter((part) => part !== "")
    .reduce<unknown>(
      (at, part) => (at !== null && typeof at === "object" ? (at as { [key: string]: unknown })[part] : undefined),
      value,
    );
}
