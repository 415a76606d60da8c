/** A check's result as a clause that a person can read. */

import type { CheckResult, Verdict } from "../core/answer.ts";
import type { Json } from "../core/json.ts";

function figure(value: Json): string {
  return typeof value === "number" ? String(Math.round(value * 1000) / 1000) : String(value);
}

/** Such as `confidence 0.41 is below the threshold 0.9`. */
export function reasonOf(result: CheckResult): string {
  const { check, passes, need, have } = result;
  switch (check) {
    case "threshold":
      if (have === null) return `no usable confidence, where ${figure(need)} is needed`;
      return `confidence ${figure(have)} is ${passes ? "at least" : "below"} the threshold ${figure(need)}`;
    case "promise":
      return need === "a certificate"
        ? `nothing local may stand yet: ${figure(have)}`
        : passes
          ? "this answer was kept under the same certificate"
          : "this answer was kept under another certificate, or none";
    case "class":
      return need === null
        ? "this answer has no certificate of its own, and may not stand here"
        : `confidence ${figure(have)} is below the threshold ${figure(need)} of this answer's own`;
    case "worth":
      if (have === null) return "no usable confidence, so it cannot be told what asking further up would save";
      return need === null ? `right in ${figure(have)}, and nobody above costs anything` : figure(need);
    case "origin":
      return `${figure(have)} gave this answer, and is not on this ladder any more`;
    case "validators":
      return passes ? "the author's check passes" : `the author's check says: ${figure(have)}`;
    case "effect floor":
      return passes
        ? `${figure(have)} may let this effect stand`
        : `this effect needs ${figure(need)}, not ${figure(have)}`;
    case "way out":
      return passes ? `"${figure(have)}" may stand here` : `chose the way out, "${figure(have)}"`;
    case "limits":
      return passes
        ? `spend ${figure(have)} is within ${figure(need)}`
        : `spend ${figure(have)} is not within the limit ${figure(need)}`;
    default:
      return `${check}: needs ${figure(need)}, has ${figure(have)}`;
  }
}

/** The reasons why a verdict does not stand, or why it does. */
export function reasonsOf(verdict: Verdict): string {
  const telling = verdict.stands ? verdict.checks : verdict.checks.filter((result) => !result.passes);
  return telling.length === 0 ? "nothing to check" : telling.map(reasonOf).join("; ");
}
