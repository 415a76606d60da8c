/** Under which key an answer is kept for a cache. */

import { createHash } from "node:crypto";
import type { Question } from "./question.ts";

/** 32 hexadecimal digits of the question's version and the item's text. */
export function cacheKeyOf(question: Question): string {
  return createHash("sha256").update(`${question.version}\n${question.about}`).digest("hex").slice(0, 32);
}
