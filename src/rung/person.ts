/** A person: the run waits, `pawl review` asks. */

import type { Rung } from "./rung.ts";

/** The last rung by default. What a person says stands. */
export function person(): Rung {
  return {
    name: "person",
    local: false,
    mostCost: 0,
    acceptAt: null,
    decide: () => ({ kind: "waiting", reason: "a person is asked" }),
  };
}
