/** A rung with a price from the config, where its own replies name none. */

import type { Reply } from "../core/answer.ts";
import type { Rung } from "./rung.ts";

/** The same rung at a fixed price a reply, in the config's currency. Replies that name their own cost keep it. */
export function priced(rung: Rung, price: number): Rung {
  const withCost = (reply: Reply): Reply =>
    reply.kind === "waiting" || reply.usage.cost !== null
      ? reply
      : { ...reply, usage: { ...reply.usage, cost: price } };
  return {
    name: rung.name,
    local: rung.local,
    mostCost: rung.mostCost ?? price,
    acceptAt: rung.acceptAt,
    ...(rung.caches && { caches: rung.caches }),
    ...(rung.source && { source: rung.source }),
    ...(rung.learns && { learns: rung.learns }),
    ...(rung.version && { version: (question) => rung.version!(question) }),
    ...(rung.features && { features: (question, signal) => rung.features!(question, signal) }),
    ...(rung.batches && { batches: rung.batches }),
    ...(rung.server && { server: rung.server }),
    ...(rung.holds && { holds: (question, run) => rung.holds!(question, run) }),
    decide(question, context) {
      const reply = rung.decide(question, context);
      return reply instanceof Promise ? reply.then(withCost) : withCost(reply);
    },
    open: async (needs) => rung.open?.(needs),
    close: async () => rung.close?.(),
  };
}
