/** The cache: the same question about the same text was answered before. */

import { cacheKeyOf } from "../core/cache-key.ts";
import { noUsage } from "../core/usage.ts";
import type { Recall, Rung } from "./rung.ts";

/** The rung that serves earlier answers out of the journal, with the rung that gave them first. */
export function cache(): Rung {
  let recall: Recall = () => undefined;
  return {
    name: "cache",
    local: true,
    mostCost: 0,
    acceptAt: null,
    caches: true,
    async open(needs) {
      recall = needs.recall;
    },
    decide(question) {
      const known = recall(cacheKeyOf(question));
      if (!known) return { kind: "escalated", reason: "not asked before", usage: noUsage };
      const { value, confidence, basis, rung, run, path, key } = known;
      const origin = { rung, run, path, ...(key !== null && { key }) };
      return { kind: "answered", value, confidence, basis, evidence: {}, usage: noUsage, origin };
    },
  };
}
