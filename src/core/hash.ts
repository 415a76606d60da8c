/** Content hashes: identities of items, questions and loops. */

import { hash } from "node:crypto";

/** The first 16 hexadecimal digits (64 bits) of the SHA-256 of a text. */
export function shortHash(text: string): string {
  return hash("sha256", text, "hex").slice(0, 16);
}

/** A key of 132 bits for a text under something that reads it, as 22 letters: nobody finds two texts with one key. */
export function textKey(reader: string, text: string): string {
  return hash("sha256", `${reader}\0${text}`, "base64url").slice(0, 22);
}
