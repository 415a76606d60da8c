/** Content hashes: identities of items, questions and loops. */

import { createHash } from "node:crypto";

/** The first 16 hexadecimal digits (64 bits) of the SHA-256 of a text. */
export function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
