/** A limit that is misspelt, or that this version does not know, would be one that silently does not hold. */

import { UsageError } from "./errors.ts";

/** Throws a `UsageError` when `part` has a key that is not known. */
export function refuseUnknown(code: string, what: string, part: object, known: readonly string[]): void {
  const unknown = Object.keys(part).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new UsageError(code, `${what} has no "${unknown}"; it has ${known.join(", ")}`, { value: unknown });
}
