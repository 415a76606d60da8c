/** The words rung: a closed question by the words of the text alone, learned from labels. No model, microseconds. */

import type { Reply } from "../core/answer.ts";
import { noUsage } from "../core/usage.ts";
import { learnedReply, notClosed } from "./learned-reply.ts";
import type { Rung } from "./rung.ts";

/** The first rung of a ladder that learns. Until something was learned, every question goes up. */
export function words(): Rung {
  return {
    name: "words",
    local: true,
    mostCost: 0,
    // What it learned is let stand by a certificate; on its own it only ranks.
    acceptAt: 0.9,
    learns: "words",
    decide(question, context): Reply {
      const unable = notClosed(question);
      if (unable !== null) return { kind: "escalated", reason: `words: ${unable}`, usage: noUsage };
      const answers = context.learned?.("words");
      if (!answers) return { kind: "escalated", reason: "words: nothing learned yet", usage: noUsage };
      const begun = performance.now();
      const p = answers.decide(question.about, null);
      return learnedReply(question, p, {}, { ...noUsage, milliseconds: performance.now() - begun });
    },
  };
}
